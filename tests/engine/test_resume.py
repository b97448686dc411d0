"""A run that is killed anywhere and resumed ends with the same bits as one that was never interrupted."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import killed_runs
import pytest
import torch
from killed_runs import after_steps, final, last_step, losses, same, while_writing

from vidcap_core.config.files import Config
from vidcap_core.engine import runs as engine_runs
from vidcap_core.errors import UserError
from vidcap_core.saved import checkpoint
from vidcap_core.saved.load import load_run
from vidcap_core.saved.weights import put_weights
from vidcap_core.testing import tiny

KILLS = 22


def phases() -> dict[str, Any]:
    """Two phases, dropout, averaging, accumulation, a kept optimiser, saving inside epochs."""
    return tiny.config(
        phases={
            "one": {"epochs": 3, "losses": ["tokens"], "keep": "first"},
            "two": {"epochs": 3, "losses": ["tokens"], "optimizer": "keep", "accumulate": 2},
        },
        schedule={"type": "cosine", "warmup": 0.1, "span": "run"},
        runtime={"batch": 4, "log_every": 1, "save_every": 1, "keep": 2, "ema": 0.9, "clip_grad": 1.0},
    )


def run(folder: Path, resume: bool = False, data: dict[str, Any] | None = None) -> None:
    """Train in this process."""
    engine_runs.train(
        Config("test", data or phases()), work_dir=folder, resume=resume, device="cpu", quiet=True
    )


def in_child(
    folder: Path, resume: bool, kill: Callable[[], bool] | None = None, slow_writes: bool = False
) -> int:
    """Train in a forked process; its exit status, or -9."""
    return killed_runs.in_child(Config("test", phases()), folder, resume, kill, slow_writes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run."""
    torch.set_num_threads(1)  # before any fork: threads of a parent do not exist in its child
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert in_child(folder, resume=False) == 0
    return folder


def test_killed_anywhere_ends_bit_identical(whole: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    killed, halves, runs, points = 0, 0, 0, set()
    while killed < KILLS and runs < 20:
        folder = tmp_path / f"run{runs}"
        runs += 1
        status = -signal.SIGKILL
        while status == -signal.SIGKILL:
            steps = chance.randint(0, 4)
            halfway = chance.random() < 0.5
            due = (
                while_writing(folder, steps)
                if halfway
                else after_steps(folder, steps, chance.uniform(0, 0.03))
            )
            status = in_child(folder, resume=folder.exists(), kill=due, slow_writes=halfway)
            if status == -signal.SIGKILL:
                killed += 1
                halves += any((folder / "checkpoints").glob(".*.part"))
                points.add((last_step(folder), halfway))
        assert status == 0
        assert same(final(whole), final(folder))
        assert losses(whole) == losses(folder)
    assert killed >= KILLS
    assert halves >= 4, "too few kills hit a half-written checkpoint"
    assert len(points) >= 10, "the kills fell on too few different points"


def test_a_damaged_last_checkpoint_gives_way_to_the_one_before(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert in_child(folder, resume=False, kill=after_steps(folder, 3, 0)) == -signal.SIGKILL
    files = checkpoint.numbered(folder / "checkpoints")
    assert len(files) >= 2
    files[-1].write_bytes(files[-1].read_bytes()[:-100])
    assert in_child(folder, resume=True) == 0
    assert "damaged" in (folder / "log.txt").read_text()
    assert "using the one before it" in (folder / "log.txt").read_text()
    assert same(final(whole), final(folder))


@pytest.mark.parametrize("name", ["config.json", "meta.json", "tokenizer.json", "checkpoints/best.pt"])
def test_damaged_files_of_a_run_are_named(name: str, tmp_path: Path) -> None:
    run(tmp_path / "run", data=tiny.config(evaluate={"every": 1}))
    file = tmp_path / "run" / name
    file.write_bytes(file.read_bytes()[:-100])
    if name == "meta.json":
        with pytest.raises(UserError, match=r"meta\.json is missing or damaged"):
            run(tmp_path / "run", resume=True, data=tiny.config(evaluate={"every": 1}))
        return
    with pytest.raises(UserError, match=rf"{Path(name).stem}\.\w+ is .*damaged"):
        load_run(tmp_path / "run", extractors=False)
    if name == "checkpoints/best.pt":  # as the error says
        file.unlink()
        load_run(tmp_path / "run", extractors=False)


@pytest.mark.parametrize("name", ["nowhere.Adam", "torch.optim.Nothing"])
def test_an_optimiser_that_does_not_exist_is_the_users_mistake(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"there is no '{name}'"):
        run(tmp_path / "run", data=tiny.config(optimizer={"type": name}))


def test_one_changed_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "step-00000001.pt"
    checkpoint.save(path, {"weights": {"a": torch.randn(200)}})
    content = path.read_bytes()
    chance = random.Random(0)
    for _ in range(50):
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(changed))
        with pytest.raises(UserError):
            checkpoint.load(path)


def test_workers_change_nothing(whole: Path, tmp_path: Path) -> None:
    data = phases()
    data["runtime"] = {**data["runtime"], "workers": 2}
    run(tmp_path / "run", data=data)
    assert same(final(whole), final(tmp_path / "run"))


def test_resume_with_a_changed_config_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "run", data=tiny.config())
    changed = tiny.config(optimizer={"type": "Adam", "lr": 0.02})
    with pytest.raises(UserError, match=r"optimizer\.lr: 0\.01 -> 0\.02"):
        run(tmp_path / "run", resume=True, data=changed)
    with pytest.raises(UserError, match="holds a run already"):
        run(tmp_path / "run", data=tiny.config())
    run(tmp_path / "run", resume=True, data=tiny.config())  # a finished run has nothing left to do


def test_resume_with_changed_data_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "run", data=tiny.config())
    meta = json.loads((tmp_path / "run" / "meta.json").read_text())
    (tmp_path / "run" / "meta.json").write_text(json.dumps({**meta, "data": "another"}))
    with pytest.raises(UserError, match=r"training data of .* changed since it was started"):
        run(tmp_path / "run", resume=True, data=tiny.config())


def test_a_run_whose_data_are_missing_leaves_no_folder(tmp_path: Path) -> None:
    missing = {"type": "MSRVTT", "root": str(tmp_path / "nowhere")}
    with pytest.raises(UserError):
        run(tmp_path / "run", data=tiny.config(data={"train": missing, "val": missing}))
    assert not (tmp_path / "run").exists()


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
    with pytest.raises(
        UserError, match=r"(?s)missing bias.*unknown extra.*weight: \(2, 4\) there, \(2, 3\) here"
    ):
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


def test_the_first_line_after_a_resumption_is_of_all_its_steps(tmp_path: Path) -> None:
    """A checkpoint in the midst of a line's steps keeps what they summed up to."""
    data = tiny.config(runtime={"batch": 4, "log_every": 4, "save_every": 1, "keep": 100})
    run(tmp_path / "whole", data=data)
    run(tmp_path / "run", data=data)
    checkpoints = checkpoint.numbered(tmp_path / "run" / "checkpoints")
    for path in checkpoints[2:]:  # the next one to be read is of step 2
        path.unlink()
    assert last_step(tmp_path / "run") == 2
    run(tmp_path / "run", resume=True, data=data)
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


def test_of_large_checkpoints_the_last_and_the_best_are_kept(tmp_path: Path) -> None:
    """`keep=1`, as configs with models of gigabytes have it, and what it leaves is enough to go on."""
    data = tiny.config(runtime={"batch": 4, "save_every": 1, "keep": 1})
    run(tmp_path / "run", data=data)
    files = sorted(path.name for path in (tmp_path / "run" / "checkpoints").glob("*.pt"))
    assert files == ["best.pt", f"step-{last_step(tmp_path / 'run'):08}.pt"]
    run(tmp_path / "run", resume=True, data=data)


def test_the_words_of_a_run_cannot_change_places(tmp_path: Path) -> None:
    run(tmp_path / "run", data=tiny.config())
    file = tmp_path / "run" / "tokenizer.json"
    state = json.loads(file.read_text())
    file.write_text(json.dumps(dict(reversed(state.items()))))
    load_run(tmp_path / "run", extractors=False)  # in which order the keys stand means nothing
    state["words"][-2:] = reversed(state["words"][-2:])
    file.write_text(json.dumps(state))
    for again in (
        lambda: load_run(tmp_path / "run", extractors=False),
        lambda: run(tmp_path / "run", resume=True, data=tiny.config()),
        lambda: engine_runs.test(Config("test", tiny.config()), work_dir=tmp_path / "run", split="val"),
    ):
        with pytest.raises(UserError, match=r"tokenizer\.json is not the tokenizer that the weights"):
            again()
