"""What tests of safety share: a small model, and a component that looks others up by a plain string."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from films import make, slope

from vidcap_core.captioner.build import build_captioner
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import captioner_recipe
from vidcap_core.datasets.toy.grid_encoder import ToyGrid
from vidcap_core.saved import checkpoint
from vidcap_core.saved.export import export
from vidcap_core.zoo import registry
from vidcap_core.zoo.registry import ENCODERS

WORDS = "a small dog runs over the green grass"
CHANGES = ["generate={'mode': 'greedy', 'min_length': 3, 'max_length': 4}", "head.width=16"]
"""What makes the small model of these tests out of `core/toy`."""


class Wrapping(ToyGrid):
    """The toy's encoder, with another one beside it."""

    def __init__(self, inner: str, **keys: Any) -> None:
        super().__init__(**keys)
        self.inner = ENCODERS.load(inner)


def good_models(folder: Path) -> None:
    """A folder with a `run`, its `bundle` and a `film.mp4`; all of them are as they should be."""
    make(folder / "film.mp4", 12, slope)
    made = load_config("core/toy", CHANGES)
    tokenizer = registry.TOKENIZERS.load("Vocabulary")()
    tokenizer.fit([WORDS])
    torch.manual_seed(0)
    captioner = build_captioner(captioner_recipe(made), tokenizer)
    run = folder / "run"
    (run / "checkpoints").mkdir(parents=True)
    for name, data in {"config": made.data, "tokenizer": tokenizer.state(), "meta": {"data": "none"}}.items():
        (run / f"{name}.json").write_text(json.dumps(data))
    checkpoint.save(run / "checkpoints" / "best.pt", {"weights": dict(captioner.state_dict()), "step": 1})
    export(run, folder / "bundle")
