"""Toy datasets made once for the tests of datasets."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidcap_core.datasets.toy import make_toy


@pytest.fixture(scope="session")
def clips_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small toy dataset of clips."""
    return make_toy(tmp_path_factory.mktemp("toy") / "clips", "clips", "small")


@pytest.fixture(scope="session")
def long_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small toy dataset of long videos."""
    return make_toy(tmp_path_factory.mktemp("toy") / "long", "long", "small")
