"""Rows in shards: complete, resumable, shared out, and never done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from job_parts import alike

from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.errors import DataError, UserError
from vidcap_core.files.remote import Source
from vidcap_core.jobs.local_engine import LocalEngine
from vidcap_core.jobs.output import Output
from vidcap_core.jobs.rows import Row
from vidcap_core.jobs.share import Share, parse
from vidcap_core.jobs.status import status
from vidcap_core.jobs.turn import Turn

Rows = Callable[[str | Path], list[dict[str, Any]]]
Run = Callable[..., Any]


class Halting:
    """The local engine, which dies after so many files."""

    def __init__(self, captioner: FileCaptioner, files: int) -> None:
        self._engine, self._files = LocalEngine(captioner, workers=1), files

    def run(self, sources: Sequence[Source]) -> Iterator[tuple[Source, list[Row]]]:
        for number, made in enumerate(self._engine.run(sources)):
            if number == self._files:
                raise RuntimeError("the power went")
            yield made


@pytest.fixture(scope="module")
def inputs(films: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Films and a file that is none; two of one name."""
    folder = tmp_path_factory.mktemp("more")
    (folder / "text.mp4").write_text("no film")
    (folder / "0.mp4").write_bytes(films[1].read_bytes())
    return [*films[:4], folder / "text.mp4", folder / "0.mp4"]


@pytest.mark.parametrize("form", ["jsonl", "parquet", "webdataset"])
def test_rows_say_what_the_captioner_says(
    form: str, run: Run, merged: Rows, inputs: list[Path], captioner: FileCaptioner, tmp_path: Path
) -> None:
    done = run(inputs, tmp_path / "out", form, files=4)
    assert (done.made, done.kept, [name for name, _ in done.failed]) == (5, 0, [str(inputs[4])])
    rows = merged(tmp_path / "out")
    assert len({row["id"] for row in rows}) == len(rows) == 6
    by_source = {row["source"]: row for row in rows}
    for path, result in captioner.each([path for path in inputs if path != inputs[4]]):
        row = by_source[str(path)]
        assert (row["caption"], row["error"]) == (result.text, None)
        assert (row["start"], row["end"]) == pytest.approx(result.clip.span)
    bad = by_source[str(inputs[4])]
    assert bad["caption"] is None
    assert "cannot be read as a video" in bad["error"]
    found = status(Output(str(tmp_path / "out")), verify=True)
    assert (found.inputs, found.done, found.failed, found.shards, found.wrong) == (6, 5, 1, 2, [])


def test_spans_are_rows(run: Run, merged: Rows, films: list[Path], tmp_path: Path) -> None:
    run(films[3:5], tmp_path / "out", every=1.0)
    rows = merged(tmp_path / "out")
    assert [row["start"] for row in rows] == [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 3.0]
    assert [row["end"] for row in rows][:3] == pytest.approx([1.0, 2.0, 3.3])


def test_a_tar_of_clips_is_an_input_again(run: Run, merged: Rows, films: list[Path], tmp_path: Path) -> None:
    from vidcap_core.captioning.inputs import find

    run(films[:3], tmp_path / "out", "webdataset")
    [tar] = (tmp_path / "out" / "shards").iterdir()
    with tarfile.open(tar) as archive:
        suffixes = [Path(name).suffix for name in archive.getnames()]
    assert sorted(suffixes) == [*3 * [".json"], *3 * [".mp4"], *3 * [".txt"]]
    found = find([str(tar)])
    assert (found.files, len(found.elsewhere)) == ([], 3)
    run(found.elsewhere, tmp_path / "again")
    texts = [row["caption"] for row in merged(tmp_path / "out")]
    assert [row["caption"] for row in merged(tmp_path / "again")] == texts


def test_a_job_that_died_goes_on_and_ends_as_one_that_did_not(
    run: Run, merged: Rows, inputs: list[Path], captioner: FileCaptioner, tmp_path: Path
) -> None:
    run(inputs, tmp_path / "whole")
    with pytest.raises(RuntimeError):
        run(inputs, tmp_path / "out", files=2, engine=Halting(captioner, 5))
    found = status(Output(str(tmp_path / "out")))
    assert (found.done, found.failed) == (4, 0)  # the fifth was read, and its shard was not full
    done = run(inputs, tmp_path / "out", files=2)
    assert (done.kept, done.made, len(done.failed)) == (4, 1, 1)
    assert alike(merged(tmp_path / "out"), merged(tmp_path / "whole"))
    done = run(inputs, tmp_path / "out")
    assert (done.kept, done.made) == (6, 0)  # what failed is finished too


def test_what_failed_is_tried_again_where_asked_for(
    run: Run, merged: Rows, films: list[Path], tmp_path: Path
) -> None:
    late = tmp_path / "late.mp4"
    late.write_text("not yet a film")
    assert len(run([films[0], late], tmp_path / "out").failed) == 1
    late.write_bytes(films[1].read_bytes())
    assert run([films[0], late], tmp_path / "out").kept == 2
    done = run([films[0], late], tmp_path / "out", retry=True)
    assert (done.kept, done.made, done.failed) == (1, 1, [])
    assert [row["error"] for row in merged(tmp_path / "out")] == [None, None]
    assert status(Output(str(tmp_path / "out"))).failed == 0


def test_shares_are_a_partition_that_no_order_changes(
    run: Run, merged: Rows, inputs: list[Path], tmp_path: Path
) -> None:
    run(inputs, tmp_path / "whole")
    shares = [Share(index, 3) for index in range(3)]
    assert sorted(path for share in shares for path in share.of(inputs)) == sorted(inputs)
    assert [set(share.of(inputs[::-1])) for share in shares] == [set(share.of(inputs)) for share in shares]
    for share in shares:
        run(inputs, tmp_path / "out", share=share)
    assert alike(merged(tmp_path / "out"), merged(tmp_path / "whole"))
    assert run(inputs, tmp_path / "out").kept == len(inputs)  # one process sees what shares did


def test_what_a_slurm_array_says() -> None:
    task = {
        "SLURM_ARRAY_TASK_COUNT": "4",
        "SLURM_ARRAY_TASK_MIN": "1",
        "SLURM_ARRAY_TASK_STEP": "2",
        "SLURM_ARRAY_TASK_ID": "5",
    }
    assert parse(None, task) == Share(2, 4)
    assert parse("0/1", task) == parse(None, {}) == Share(0, 1)
    for wrong in ("3", "2/2", "-1/3", "a/b"):
        with pytest.raises(UserError, match="--shard"):
            parse(wrong, {})


def test_another_model_is_refused_and_nothing_is_lost(run: Run, films: list[Path], tmp_path: Path) -> None:
    run(films[:1], tmp_path / "out")
    with pytest.raises(UserError, match="weights w, now other"):
        Output(str(tmp_path / "out")).claim("jsonl", {"weights": "other"})
    with pytest.raises(UserError, match="rows jsonl, now parquet"):
        Output(str(tmp_path / "out")).claim("parquet", {"weights": "w"})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("three years")
    with pytest.raises(UserError, match="is not empty"):
        Output(str(tmp_path / "mine")).claim("jsonl", {})


@pytest.mark.parametrize("root", ["{}/out", "memory://turns-{}"])
def test_two_drivers_do_not_share_a_part(root: str, tmp_path: Path) -> None:
    root = root.format(tmp_path if "memory" not in root else os.urandom(4).hex())
    output, sleeper = Output(root), None
    with Turn(output, Share(0, 2), 4), Turn(output, Share(1, 2), 4):
        if output.here is None:  # there a living process of this machine is another driver
            sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            sign = json.loads(output.get("drivers/0-of-2.json") or b"")
            output.put("drivers/0-of-2.json", json.dumps({**sign, "pid": sleeper.pid}).encode())
        for share in (Share(0, 2), Share(0, 1), Share(2, 3)):
            with pytest.raises(UserError, match="another driver"):
                Turn(output, share, 4)
    if sleeper is not None:
        sleeper.kill()
        sleeper.wait()
    with Turn(output, Share(0, 1), 4):
        pass


def test_damage_is_told_and_mended(run: Run, merged: Rows, films: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(films[:4], out, files=2)
    before = merged(out)
    shard = sorted((out / "shards").iterdir())[0]
    shard.write_bytes(shard.read_bytes()[:-40])
    [line] = status(Output(str(out)), verify=True).wrong
    assert shard.name in line
    assert "remove" in line
    with pytest.raises(DataError, match="is not what its manifest says"):
        merged(out)
    (out / "manifest" / f"{shard.stem}.json").unlink()
    assert run(films[:4], out).made == 2
    assert alike(merged(out), before)
    manifest = sorted((out / "manifest").iterdir())[0]
    manifest.write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        run(films[:4], out)


def test_a_driver_that_is_killed_loses_no_shard(model: Path, films: list[Path], tmp_path: Path) -> None:
    """kill -9 at once after the first manifest is there; the same command finishes."""
    from vidcap_core.cli.main import main

    copies = [tmp_path / f"{number}.mp4" for number in range(30)]
    for number, copy in enumerate(copies):
        copy.write_bytes(films[number % 6].read_bytes())
    words = [
        "caption",
        *map(str, copies),
        "--model",
        str(model),
        "--rows",
        "jsonl",
        "--out",
        str(tmp_path / "out"),
    ]
    small = (
        "import vidcap_core.jobs.job as job; job.caption.__defaults__ = (*job.caption.__defaults__[:-1], 3); "
    )
    code = f"{small}from vidcap_core.cli.main import main; main({words!r})"
    driver = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    manifests = tmp_path / "out" / "manifest"
    deadline = time.monotonic() + 300
    while not any(manifests.glob("rows-*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = status(Output(str(tmp_path / "out"))).done
    assert 3 <= before < 30
    assert main(words) == 0
    found = status(Output(str(tmp_path / "out")), verify=True)
    assert (found.done, found.rows, found.wrong) == (30, 30, [])


def test_what_two_drivers_did_is_merged_once(
    run: Run, merged: Rows, films: list[Path], tmp_path: Path
) -> None:
    """As two that begin in the same second may do in an object store; one of them found a file broken."""
    broken = tmp_path / "late.mp4"
    broken.write_text("no film")
    inputs = [*films[:3], broken]
    run(inputs, tmp_path / "one")
    broken.write_bytes(films[3].read_bytes())
    run(inputs, tmp_path / "two", files=3)
    whole = merged(tmp_path / "two")
    for part in ("shards", "manifest"):
        for file in (tmp_path / "two" / part).iterdir():
            (tmp_path / "one" / part / file.name).write_bytes(file.read_bytes())
    assert alike(merged(tmp_path / "one"), whole)
    found = status(Output(str(tmp_path / "one")))
    assert (found.done, found.failed, found.rows) == (4, 0, 8)
