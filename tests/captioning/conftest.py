"""A small captioner with random weights, as a bundle, and small films."""

from __future__ import annotations

from pathlib import Path

import pytest
from caption_parts import WORDS, make_films, save_model

from vidcap_core.captioning.file_captioner import FileCaptioner, load

__all__ = ["WORDS"]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that says nonsense about any file, quickly; `<SEP>` is one of its special tokens."""
    return save_model(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture(scope="session")
def captioner(model: Path) -> FileCaptioner:
    return load(model, "cpu")


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Films of different lengths and sizes."""
    return make_films(tmp_path_factory.mktemp("films"))
