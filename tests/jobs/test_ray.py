"""The Ray engine: the same rows as the local one, whatever dies meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from job_parts import alike

from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.cli.main import main
from vidcap_core.errors import UserError
from vidcap_core.features.store import FeatureStore
from vidcap_core.jobs.output import Output
from vidcap_core.jobs.ray_engine import RayEngine
from vidcap_core.jobs.status import status

Rows = Callable[[str | Path], list[dict[str, Any]]]
Run = Callable[..., Any]


def engine(captioner: FileCaptioner, **more: Any) -> RayEngine:
    assert captioner.recipe is not None
    return RayEngine(captioner.recipe, captioner.reader.wanted, batch=4, **more)


def actors() -> list[int]:
    """Processes that hold a captioner, as Ray names them."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if words.startswith(b"ray::MapWorker"):
                found.append(int(folder.name))
    return found


def copies(films: list[Path], folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    made = [folder / f"{number}.mp4" for number in range(count)]
    for number, copy in enumerate(made):
        copy.write_bytes(films[number % 6].read_bytes())
    (folder / "text.mp4").write_text("no film")
    return [*made, folder / "text.mp4"]


def test_without_ray_it_says_what_to_install(
    captioner: FileCaptioner, films: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"vidcap-core\[ray\]"):
        next(engine(captioner).run(films[:1]))


def test_a_cluster_that_is_not_there_is_told_at_once(captioner: FileCaptioner, films: list[Path]) -> None:
    pytest.importorskip("ray")
    with pytest.raises(UserError, match=r"the cluster at '127\.0\.0\.1:9' cannot be used: ConnectionRefused"):
        next(engine(captioner, address="127.0.0.1:9").run(films[:1]))


@pytest.mark.slow
def test_the_same_rows_though_an_actor_dies(
    run: Run, merged: Rows, films: list[Path], captioner: FileCaptioner, tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    inputs = copies(films, tmp_path / "films", 60)
    run(inputs, tmp_path / "local", every=1.0)
    killed: list[int] = []
    ended = threading.Event()

    def kill() -> None:
        before = set(actors())
        while not ended.wait(0.1):
            if new := [process for process in actors() if process not in before]:
                time.sleep(3.0)
                os.kill(new[0], signal.SIGKILL)
                killed.append(new[0])
                return

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        run(inputs, tmp_path / "ray", engine=engine(captioner, actors=2, every=1.0), files=8)
    finally:
        ended.set()
        killer.join()
    assert killed
    assert alike(merged(tmp_path / "ray"), merged(tmp_path / "local"))
    run(inputs, tmp_path / "one", engine=engine(captioner, actors=1, every=1.0))
    assert alike(merged(tmp_path / "one"), merged(tmp_path / "local"))


@pytest.mark.slow
def test_the_same_rows_though_the_driver_dies(
    run: Run, merged: Rows, films: list[Path], model: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    inputs = copies(films, tmp_path / "films", 60)
    out = tmp_path / "out"
    words = ["caption", str(tmp_path / "films"), "--model", str(model), "--engine", "ray", "--out", str(out)]
    small = (
        "import vidcap_core.jobs.job as job; job.caption.__defaults__ = (*job.caption.__defaults__[:-1], 4); "
    )
    code = f"{small}from vidcap_core.cli.main import main; raise SystemExit(main({words!r}))"
    with (tmp_path / "told.txt").open("w") as told:
        driver = subprocess.Popen([sys.executable, "-c", code], stderr=told)
    while not list((out / "manifest").glob("rows-*.json")) and driver.poll() is None:
        time.sleep(0.05)
    assert driver.returncode is None, (tmp_path / "told.txt").read_text()
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = status(Output(str(out))).done
    assert 0 < before < 60
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1  # one file is no film
    run(inputs, tmp_path / "whole")
    found, wanted = merged(out), merged(tmp_path / "whole")
    same = {"model": None, "weights": None, "decoding": None}
    assert alike([{**row, **same} for row in found], [{**row, **same} for row in wanted])


@pytest.mark.slow
def test_features_are_the_same_numbers(films: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("ray")
    (tmp_path / "films").mkdir()
    for film in films:
        (tmp_path / "films" / film.name).write_bytes(film.read_bytes())
    (tmp_path / "films" / "text.mp4").write_text("no film")
    words = ["features", "extract", "--videos", str(tmp_path / "films"), "--encoder", "ToyGrid"]
    words += ["--set", "stream=image"]
    assert main([*words, "--out", str(tmp_path / "local")]) == 1  # one file is no film
    assert main([*words, "--out", str(tmp_path / "ray"), "--engine", "ray", "--actors", "2"]) == 1
    local, ray = FeatureStore(tmp_path / "local"), FeatureStore(tmp_path / "ray")
    assert sorted(local) == sorted(ray)
    assert all(np.array_equal(local[clip], ray[clip]) for clip in local)
    assert (local.recipe, local.fingerprint()) == (ray.recipe, ray.fingerprint())
