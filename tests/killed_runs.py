"""Runs in processes that are killed with -9, and what is compared afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from vidcap_core.config.files import Config, load_config
from vidcap_core.engine import runs
from vidcap_core.report.curves import CLOCKED
from vidcap_core.saved import checkpoint

SECONDS = 300
"""Longest that a run may take before it is killed for good."""
STEPS = 6
"""Of each phase of a small config."""


def in_child(
    config: Config,
    folder: Path,
    resume: bool,
    kill: Callable[[], bool] | None = None,
    slow_writes: bool = False,
) -> int:
    """Train in a forked process and kill -9 it as soon as `kill` says so; its exit status, or -9."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if slow_writes:  # widen the window in which a checkpoint is half written
                write = torch.save

                def slowly(content: Any, file: Any) -> None:
                    write(content, file)
                    file.flush()
                    time.sleep(0.05)

                torch.save = slowly  # type: ignore[assignment]
            runs.train(config, work_dir=folder, resume=resume, device="cpu", quiet=True)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if kill is not None and kill():
            break
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def last_step(folder: Path) -> int:
    steps = checkpoint.numbered(folder / "checkpoints")
    return int(steps[-1].stem.split("-")[1]) if steps else 0


def after_steps(folder: Path, steps: int, delay: float) -> Callable[[], bool]:
    """True some time after the run has saved so many more steps."""
    goal, seen = last_step(folder) + steps, []

    def due() -> bool:
        if not seen and last_step(folder) >= goal:
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() - seen[0] >= delay

    return due


def while_writing(folder: Path, steps: int) -> Callable[[], bool]:
    """True while a checkpoint is half written, after so many more steps."""
    goal = last_step(folder) + steps
    return lambda: last_step(folder) >= goal and any((folder / "checkpoints").glob(".*.part"))


def final(folder: Path) -> dict[str, torch.Tensor]:
    content, notes = checkpoint.latest(folder / "checkpoints")
    assert content is not None
    assert content["progress"]["done"]
    assert notes == []
    return {**content["weights"], **{f"average.{k}": v for k, v in (content["average"] or {}).items()}}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def losses(folder: Path) -> list[dict[str, float]]:
    """What was logged, without what depends on the clock."""
    lines = [json.loads(line) for line in (folder / "scalars.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in CLOCKED} for line in lines]


def killed_often(config: Config, folder: Path, chance: random.Random, kills: int, most: int = 3) -> int:
    """Train to the end, killed on the way every few steps; how often, at most `kills` times."""
    done = 0
    while True:
        steps, halfway = chance.randint(0, most), chance.random() < 0.5
        due = while_writing(folder, steps) if halfway else after_steps(folder, steps, chance.uniform(0, 0.03))
        again = folder.exists()
        status = in_child(config, folder, again, due if done < kills else None, halfway)
        if status != -signal.SIGKILL:
            assert status == 0, f"{folder}: exit status {status}"
            return done
        done += 1


def small(name: str, **runtime: Any) -> Config:
    """A config whose phases are short, with a checkpoint after every step."""
    sizes = [f"data.{split}.size='small'" for split in ("train", "val", "test")]
    data = json.loads(load_config(name, sizes).to_json())
    for phase in data["phases"].values():
        phase.pop("epochs", None)
        phase["steps"] = STEPS
    data["runtime"] |= {"save_every": 1, "log_every": 2, "keep": 2, **runtime}
    data["evaluate"]["every"] = 0
    return Config(name, data)
