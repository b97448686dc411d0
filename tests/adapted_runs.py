"""Runs of adapters on the language model of a folder, which their files leave out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import saved_parts

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import Config
from vidcap_core.engine import runs
from vidcap_core.engine.data import Collate
from vidcap_core.saved import checkpoint
from vidcap_core.testing import tiny

ADAPTERS = ["*.down.weight", "*.up.weight", "head.enter"]
RUNTIME = {"batch": 4, "log_every": 1, "save_every": 1, "keep": 2, "ema": 0.9, "save": "trained"}


def adapted(model: Path, runtime: dict[str, Any] | None = None, **changes: Any) -> Config:
    """Adapters in the language model of a folder, in two phases."""
    phases = {
        "one": {"epochs": 1, "losses": ["tokens"], "train": ADAPTERS, "keep": "first"},
        "two": {"epochs": 1, "losses": ["tokens"], "train": ["head.enter"], "optimizer": "keep"},
    }
    return Config(
        "test",
        tiny.config(
            **{
                "head": {"type": "Adapted", "streams": {"image": 16}, "lm": str(model)},
                "tokenizer": {"type": "HFTokenizer", "name": str(model)},
                "phases": phases,
                "runtime": {**RUNTIME, **(runtime or {})},
                **changes,
            }
        ),
    )


def train(config: Config, folder: Path, **options: Any) -> Path:
    runs.train(config, work_dir=folder, device="cpu", quiet=True, **options)
    return folder


def last(run: Path) -> dict[str, Any]:
    content, notes = checkpoint.latest(run / "checkpoints")
    assert content is not None
    assert notes == []
    return content


def texts(captioner: Captioner) -> list[tuple[str, float | None]]:
    clips = tiny.TinyClips(unit="clip")
    batch = Collate(captioner.tokenizer)([clips.get(i, np.random.default_rng(0)) for i in range(8)])
    return [(p.text, p.events[0].score) for p in captioner.predict(batch)]


def other_weights(model: Path) -> None:
    """Other weights of the same shapes in a model folder."""
    saved_parts.model_folder(model, seed=1, width=128)
