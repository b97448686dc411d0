"""Each damaged bundle ends in a line: no internal error, no traceback, and not the memory of the machine."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
import torch
from damaged_bundles import BUNDLES, CAPTIONS
from security_parts import good_models

from vidcap_core.cli.main import main
from vidcap_core.errors import CheckpointError
from vidcap_core.files.json_text import read_object
from vidcap_core.saved import limits


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle of random weights and a film."""
    folder = tmp_path_factory.mktemp("good")
    good_models(folder)
    return folder


def caption(good: Path, bundle: Path) -> int:
    before = signal.getsignal(signal.SIGTERM)
    try:
        return main(["caption", str(good / "film.mp4"), "--model", str(bundle), "--device", "cpu"])
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_is_not_damaged_captions(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert caption(good, good / "bundle") == 0
    assert capsys.readouterr().out.strip()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("damage", BUNDLES)
def test_a_damaged_bundle_is_refused_in_a_line(
    good: Path, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(shutil.copytree(good / "bundle", tmp_path / "bundle"))
    BUNDLES[damage](bundle)
    code = caption(good, bundle)
    said = capsys.readouterr().err
    assert code in ((0, 1, 2) if damage in CAPTIONS else (2,)), said
    assert "internal error" not in said
    assert "Traceback" not in said
    assert said.startswith("error: ") or damage in CAPTIONS


def test_a_model_larger_than_the_machine_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "machine_memory", lambda: 1 << 20)
    with (
        pytest.raises(CheckpointError, match=r"X asks for a model of more than 0\.0 GiB"),
        limits.bounded("X"),
    ):
        torch.nn.Linear(1000, 1000)
    assert torch.nn.Linear(1000, 1000).weight.shape == (1000, 1000), "afterwards nothing is counted"


def test_a_model_of_endless_parts_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TENSORS", 100)
    with pytest.raises(CheckpointError, match="more than 100 tensors"), limits.bounded("X"):
        torch.nn.Sequential(*(torch.nn.Linear(1, 1) for _ in iter(int, 1)))


def test_files_larger_than_the_machine_are_not_read(tmp_path: Path) -> None:
    """Files may have holes: a few bytes on a disk are terabytes to who reads them."""
    file = tmp_path / "file"
    with file.open("wb") as opened:
        opened.truncate(1 << 42)
    with pytest.raises(CheckpointError, match="of this machine's memory"):
        limits.check_size(file)
    with pytest.raises(ValueError, match="larger than 1024 MiB"):
        read_object(file)
