"""Captions of raw files: through Python and through the command, with bad files among good ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vidcap_core
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.engine import runs
from vidcap_core.errors import UserError, VideoError
from vidcap_core.saved.export import export
from vidcap_core.video import read_frames

CHANGES = [
    *(f"data.{split}.size='small'" for split in ("train", "val", "test")),
    "phases.caption.epochs=3",
    "evaluate.metrics=['cider-d']",
    "evaluate.every=3",
    "generate.mode='greedy'",
]


@pytest.fixture(scope="module")
def toy() -> Any:
    return load_config("core/toy", CHANGES)


@pytest.fixture(scope="module")
def run(toy: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    runs.train(toy, work_dir=folder, device="cpu", quiet=True)
    return folder


@pytest.fixture(scope="module")
def videos(toy: Any) -> list[str]:
    return [clip.path for clip in validate(toy).data["val"].build().clips][:3]


def test_a_file_gets_the_caption_that_its_cached_streams_get(run: Path, videos: list[str]) -> None:
    captioner = vidcap_core.load(run, device="cpu")
    written = {p["id"]: p["text"] for p in json.loads((run / "predictions-val.json").read_text())}
    for path, prediction in zip(videos, captioner(videos), strict=True):
        assert prediction.text == written[Path(path).stem]
        assert prediction.extras["streams"] == ["image", "motion"]
        assert prediction.events[0].end == pytest.approx(prediction.clip.duration)


def test_frames_as_an_array(run: Path, videos: list[str]) -> None:
    captioner = vidcap_core.load(run, device="cpu")
    frames = read_frames(videos[0], {"kind": "fps", "rate": 8}).values
    assert captioner(frames).text == captioner(videos[0]).text
    with pytest.raises(UserError, match=r"frames must be uint8 \[T, H, W, 3\], not float64"):
        captioner(np.zeros((3, 8, 8, 3)))


def test_a_bundle_captions_as_its_run(run: Path, videos: list[str], tmp_path: Path) -> None:
    folder = export(run, tmp_path / "bundle")
    assert (
        vidcap_core.load(folder, device="cpu")(videos[0]).text
        == vidcap_core.load(run, device="cpu")(videos[0]).text
    )


def test_captions_of_a_run_need_no_engine(run: Path, videos: list[str]) -> None:
    code = (
        "import sys; from vidcap_core.cli.main import main; "
        f"code = main(['caption', {videos[0]!r}, '--model', {str(run)!r}, '--device', 'cpu']); "
        "print(code, [m for m in sys.modules if m.startswith(('mmengine', 'vidcap_core.engine'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_a_bad_file_stops_nobody(run: Path, videos: list[str], tmp_path: Path) -> None:
    bad = tmp_path / "no video.mp4"
    bad.write_text("text")
    results = dict(vidcap_core.load(run, device="cpu").each([bad, *videos]))
    assert isinstance(results[bad], VideoError)
    assert all(results[Path(path)].text for path in videos)

    command = [
        sys.executable,
        "-m",
        "vidcap_core.cli.main",
        "caption",
        str(bad),
        *videos,
        "--model",
        str(run),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert [json.loads(line)["path"] for line in done.stdout.splitlines()] == videos
    assert "1 file could not be captioned" in done.stderr
    assert "no video.mp4" in done.stderr


def test_a_model_that_is_not_there(videos: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vidcap_core.cli.main", "caption", videos[0], "--model", "core/toy"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 2
    assert "still has to be trained" in done.stderr
    assert "Traceback" not in done.stderr
