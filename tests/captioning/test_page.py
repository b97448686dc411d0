"""docs/caption.md: its Python runs, from the first line to the last."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from vidcap_core.video import read_frames

PAGE = Path(__file__).resolve().parents[2] / "docs" / "caption.md"


def test_the_examples_run(
    model: Path,
    films: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(model, "my-captioner")
    shutil.copyfile(films[5], "clip.mp4")
    shutil.copyfile(films[1], "other.mp4")
    Path("no video.txt").write_text("text")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {"frames": read_frames(films[0], {"kind": "fps", "rate": 8}).values}
    exec("".join(blocks), names)
    out = capsys.readouterr().out
    assert out.startswith("clip.mp4 ")
    assert "no video.txt failed: no video.txt: cannot be read as a video" in out
    assert "00:00:00,000 -->" in out
