"""A small captioner with random weights, as a bundle, and small films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from films import make, slope

from vidcap_core.captioner.build import build_captioner
from vidcap_core.captioning.file_captioner import FileCaptioner, load
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import captioner_recipe
from vidcap_core.saved import bundle
from vidcap_core.zoo import plugins, registry

WORDS = "a small dog runs over the green grass and then it sleeps near one red house <SEP>"


def save_model(folder: Path) -> Path:
    """A bundle that says nonsense about any file, quickly; `<SEP>` is one of its special tokens."""
    plugins.discover()
    changes = ["generate.max_length=9", "generate.min_length=5", "tokenizer.specials=['<SEP>']"]
    made = load_config("core/toy", changes)
    tokenizer = registry.TOKENIZERS.load("Vocabulary")(specials=["<SEP>"])
    tokenizer.fit([WORDS])
    torch.manual_seed(3)
    captioner = build_captioner(captioner_recipe(made), tokenizer)
    with torch.no_grad():
        for layer in captioner.head.layers:
            layer.video.query.weight.mul_(40.0)  # what it says depends on what it sees
            layer.video.out.weight.mul_(40.0)
    return bundle.save(folder, captioner, made, {})


def make_films(folder: Path, count: int = 6) -> list[Path]:
    """Films of different lengths and sizes."""
    sizes = [(64, 48), (48, 64), (96, 32)]
    made = []
    for number in range(count):
        wide, high = sizes[number % 3]

        def picture(index: int, wide: int = wide, high: int = high, number: int = number) -> np.ndarray:
            colours = np.roll(slope(3 * index), number, axis=-1)[:, :: 1 if number % 2 else -1]
            return np.resize(colours // (1 + number // 3), (high, wide, 3))

        made.append(make(folder / f"{number}.mp4", 12 + 7 * number, picture, size=(wide, high)))
    return made


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle."""
    return save_model(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture(scope="session")
def captioner(model: Path) -> FileCaptioner:
    """The same, loaded."""
    return load(model, "cpu")


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six films."""
    return make_films(tmp_path_factory.mktemp("films"))
