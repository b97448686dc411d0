"""A run that is killed anywhere and resumed ends with the same bits as one that was never interrupted."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.config import Config
from vidcap_core.engine import api, checkpoint
from vidcap_core.errors import UserError
from vidcap_core.testing import tiny
from vidcap_core.weights import put_weights

KILLS = 22


def phases() -> dict[str, Any]:
    """Two phases, dropout, averaging, accumulation, a kept optimiser, saving inside epochs."""
    return tiny.config(
        phases=[
            {"name": "one", "epochs": 3, "losses": ["tokens"], "keep": "first"},
            {"name": "two", "epochs": 3, "losses": ["tokens"], "optimizer": "keep", "accumulate": 2},
        ],
        schedule={"type": "cosine", "warmup": 0.1, "span": "run"},
        runtime={"batch": 4, "log_every": 1, "save_every": 1, "keep": 2, "ema": 0.9, "clip_grad": 1.0},
    )


def run(folder: Path, resume: bool = False, data: dict[str, Any] | None = None) -> None:
    """Train in this process."""
    api.train(Config("test", data or phases()), work_dir=folder, resume=resume, device="cpu", quiet=True)


def in_child(folder: Path, resume: bool, seconds: float | None, slow_writes: bool = False) -> int:
    """Train in a forked process and kill -9 it after some seconds; its exit status, or -9."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if slow_writes:  # widen the window in which a checkpoint is half written
                write = torch.save

                def slowly(content: Any, file: Any) -> None:
                    write(content, file)
                    file.flush()
                    time.sleep(0.02)

                torch.save = slowly  # type: ignore[assignment]
            run(folder, resume)
            status = 0
        finally:
            os._exit(status)
    if seconds is not None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def final(folder: Path) -> dict[str, torch.Tensor]:
    content, notes = checkpoint.latest(folder / "checkpoints")
    assert content is not None
    assert content["progress"]["done"]
    assert notes == []
    return {**content["weights"], **{f"average.{k}": v for k, v in content["average"].items()}}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """An uninterrupted run, and how long it took."""
    torch.set_num_threads(1)  # before any fork: threads of a parent do not exist in its child
    folder = tmp_path_factory.mktemp("whole") / "run"
    started = time.monotonic()
    assert in_child(folder, resume=False, seconds=None) == 0
    return folder, time.monotonic() - started


def test_killed_anywhere_ends_bit_identical(whole: tuple[Path, float], tmp_path: Path) -> None:
    reference, seconds = whole
    chance = random.Random(1)
    folder, killed, points = tmp_path / "run", 0, set()
    for _ in range(200):
        status = in_child(folder, resume=folder.exists(), seconds=chance.uniform(0.1, seconds / 2), slow_writes=killed % 2 == 0)
        if status == -signal.SIGKILL:
            killed += 1
            points.add(tuple(sorted(p.name for p in (folder / "checkpoints").glob("*"))) if folder.exists() else ())
        else:
            assert status == 0
            if killed >= KILLS:
                break
            assert same(final(reference), final(folder))
            folder = tmp_path / f"run{killed}"
    assert killed >= KILLS, "the run ended before it was killed often enough"
    assert len(points) >= 8, "the kills fell on too few different points"
    assert same(final(reference), final(folder))
    assert (reference / "scalars.jsonl").read_text().count("\n") == (folder / "scalars.jsonl").read_text().count("\n")


def test_a_damaged_last_checkpoint_gives_way_to_the_one_before(whole: tuple[Path, float], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    while True:
        in_child(folder, resume=folder.exists(), seconds=whole[1] * 0.8)
        files = checkpoint.numbered(folder / "checkpoints")
        if len(files) == 2:
            break
    files[-1].write_bytes(files[-1].read_bytes()[:-100])
    assert in_child(folder, resume=True, seconds=None) == 0
    assert "damaged" in (folder / "log.txt").read_text()
    assert "using the one before it" in (folder / "log.txt").read_text()
    assert same(final(whole[0]), final(folder))


def test_workers_change_nothing(whole: tuple[Path, float], tmp_path: Path) -> None:
    data = phases()
    data["runtime"] = {**data["runtime"], "workers": 2}
    run(tmp_path / "run", data=data)
    assert same(final(whole[0]), final(tmp_path / "run"))


def test_resume_with_a_changed_config_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "run", data=tiny.config())
    changed = tiny.config(optimizer={"type": "Adam", "lr": 0.02})
    with pytest.raises(UserError, match=r"optimizer\.lr: 0\.01 -> 0\.02"):
        run(tmp_path / "run", resume=True, data=changed)
    with pytest.raises(UserError, match="holds a run already"):
        run(tmp_path / "run", data=tiny.config())
    run(tmp_path / "run", resume=True, data=tiny.config())  # a finished run has nothing left to do


def test_a_checkpoint_that_could_run_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.system, (f"touch {tmp_path}/ran",)

    torch.save({"format": 1, "weights": Evil()}, tmp_path / "step-1.pt")
    with pytest.raises(UserError, match="could run code"):
        checkpoint.load(tmp_path / "step-1.pt")
    assert not (tmp_path / "ran").exists()


def test_another_architecture_lists_the_keys(tmp_path: Path) -> None:
    model = torch.nn.Linear(3, 2)
    with pytest.raises(UserError, match=r"(?s)missing bias.*unknown extra.*weight: \(2, 4\) there, \(2, 3\) here"):
        put_weights(model, {"weight": torch.zeros(2, 4), "extra": torch.zeros(1)}, "x.pt")


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "step-00000001.pt"
    checkpoint.save(path, {"weights": {"a": torch.ones(2)}})

    def full(content: Any, file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match=r"No space left on device.*untouched"):
        checkpoint.save(path, {"weights": {}})
    monkeypatch.undo()
    assert torch.equal(checkpoint.load(path)["weights"]["a"], torch.ones(2))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
