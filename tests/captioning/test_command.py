"""`vidcap caption` as it is typed: real processes, real files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.captioning.file_captioner import FileCaptioner

VIDCAP = [sys.executable, "-m", "vidcap_core.cli.main", "caption"]


def run(*words: str | Path, stdin: bytes = b"", **options: Any) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*VIDCAP, *map(str, words)], input=stdin, capture_output=True, timeout=300, check=False, **options
    )
    out, said = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    assert "Traceback" not in said, said
    return subprocess.CompletedProcess(done.args, done.returncode, out, said)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory, films: list[Path]) -> Path:
    """Good films, broken ones, and files that are none."""
    import av
    import numpy as np

    root = tmp_path_factory.mktemp("zoo")
    for name, film in (("a.mp4", 0), ("sub/a.mp4", 5), ('it\'s "new"\nline 🎬.mp4', 2)):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(films[film].read_bytes())
    (root / "half.mp4").write_bytes(films[3].read_bytes()[:900])
    (root / "text.avi").write_text("hello")
    (root / "empty.mkv").touch()
    (root / "notes.txt").write_text("not a video")
    with av.open(str(root / "sound only.mp4"), "w") as out:
        stream = out.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return root


GOOD = ["a.mp4", 'it\'s "new"\\nline 🎬.mp4', "sub/a.mp4"]
BAD = ["empty.mkv", "half.mp4", "sound only.mp4", "text.avi"]


def test_a_folder_with_everything_in_it(model: Path, zoo: Path, captioner: FileCaptioner) -> None:
    done = run(".", "gone.mp4", "--model", model, cwd=zoo)
    assert done.returncode == 1
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert sorted(lines) == GOOD
    assert lines["sub/a.mp4"] == captioner(zoo / "sub" / "a.mp4").text
    told = done.stderr.splitlines()
    assert f"{len(BAD) + 1} files could not be captioned:" in told
    assert all(any(line.startswith(f"  {name}: ") for line in told) for name in [*BAD, "gone.mp4"])
    assert "  empty.mkv: the file is empty" in told
    assert "  sound only.mp4: has no pictures, only sound" in told


def test_json_and_a_name_with_a_line_break(model: Path, zoo: Path) -> None:
    done = run(
        "a.mp4", "sub", *zoo.glob("it*"), "--model", model, "--format", "json", "--n-best", "2", cwd=zoo
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [len(one["n_best"][0]) for one in found] == [1, 1, 1]
    assert 'new"\nline 🎬' in found[2]["id"]
    assert "<" not in "".join(one["text"] for one in found)


def test_pages_and_second_runs(model: Path, zoo: Path, tmp_path: Path) -> None:
    out = tmp_path / "page"
    words = (zoo, "--model", model, "--format", "html", "--out", out, "--every", "2")
    first = run(*words)
    assert first.returncode == 1
    assert "3 captioned, 0 were finished before" in first.stderr
    page = (out / "captions.html").read_text()
    assert "http-equiv" in page
    assert "data:image/jpeg" in page
    assert "Skipped files" in page
    before = (out / "captions.jsonl").read_bytes()
    second = run(*words)
    assert "0 captioned, 3 were finished before" in second.stderr
    assert (out / "captions.jsonl").read_bytes() == before
    other = run(zoo, "--model", model, "--format", "srt", "--out", out)
    assert other.returncode == 2
    assert "holds the captions of another job" in other.stderr


@pytest.mark.parametrize("form", ["srt", "vtt", "text", "json"])
def test_two_files_of_one_name_keep_their_outputs(model: Path, zoo: Path, tmp_path: Path, form: str) -> None:
    done = run("a.mp4", "sub/a.mp4", "--model", model, "--format", form, "--out", tmp_path / "out", cwd=zoo)
    assert done.returncode == 0, done.stderr
    suffix = {"text": "txt"}.get(form, form)
    written = list((tmp_path / "out").glob(f"a*.{suffix}"))
    assert len(written) == 2
    assert written[0].read_text() != written[1].read_text()


def test_a_list_and_two_kinds_of_pipe(model: Path, zoo: Path) -> None:
    listed = run("-", "--model", model, "--json", stdin=b"a.mp4\nsub/a.mp4\n", cwd=zoo)
    paths = [json.loads(line)["path"] for line in listed.stdout.splitlines()]
    assert paths == ["a.mp4", "sub/a.mp4"]
    piped = run("-", "--model", model, "--json", stdin=(zoo / "a.mp4").read_bytes(), cwd=zoo)
    assert json.loads(piped.stdout)["text"] == json.loads(listed.stdout.splitlines()[0])["text"]
    assert json.loads(piped.stdout)["id"] == "stdin"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no file was named"),
        (["gone.mp4"], "nothing to caption: gone.mp4: there is no such file"),
        (["a.mp4", "--every", "x"], "--every 'x': not a number of seconds above 0"),
        (["a.mp4", "sub", "--format", "vtt"], "--format vtt --out DIR"),
        (["a.mp4", "--format", "html"], "--format html --out DIR"),
        (["a.mp4", "--model", "nowhere"], "there is no bundle, run or model 'nowhere'"),
        (["a.mp4", "--beam", "0"], "generate.beam"),
        (["@gone.txt"], "the list gone.txt cannot be read"),
    ],
)
def test_mistakes(model: Path, zoo: Path, words: list[str], said: str) -> None:
    done = run(*words, *([] if "--model" in words else ["--model", model]), cwd=zoo)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert done.stdout == ""


def test_no_model_and_no_default_one(zoo: Path) -> None:
    environment = {**os.environ, "VIDCAP_DISABLE_PLUGINS": "default_model"}
    done = run("a.mp4", cwd=zoo, env=environment)
    assert done.returncode == 2
    assert "pip install vidcap-plugin-default-model" in done.stderr


def test_interrupted_and_gone_on_with(model: Path, films: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number:03}.mp4").hardlink_to(films[number % len(films)])
    out = tmp_path / "out"
    words = [folder, "--model", model, "--format", "srt", "--out", out, "--batch", "4"]
    child = subprocess.Popen(
        [*VIDCAP, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 120
    while time.monotonic() < end and len(list(out.glob("*.srt"))) < 12:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert f"files are finished and kept in {out}; the same command goes on" in said
    assert "Traceback" not in said
    kept = {path.name: path.stat().st_mtime_ns for path in out.glob("*.srt")}
    assert 12 <= len(kept) < 200
    assert len((out / "captions.jsonl").read_text().splitlines()) >= len(kept)
    again = run(*words)
    assert again.returncode == 0, again.stderr
    assert len(list(out.glob("*.srt"))) == 200
    assert all((out / name).stat().st_mtime_ns == when for name, when in kept.items()), "none was made twice"
