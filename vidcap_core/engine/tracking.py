"""What a run says while it goes on: scalars always, one readable line an interval, a bar on a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from vidcap_core.engine.mm import Visualizer
from vidcap_core.engine.speed import Speed
from vidcap_core.saved.run import RunFolder
from vidcap_metrics.files.atomic import whole_file

BACKENDS = {"tensorboard": "TensorboardVisBackend", "wandb": "WandbVisBackend"}


class Tracker:
    """Collects the numbers of a run; only the main process writes."""

    def __init__(
        self, folder: RunFolder, visualizer: Visualizer, every: int, main: bool, quiet: bool, speed: Speed
    ) -> None:
        self.folder, self.visualizer, self.every, self.main = folder, visualizer, every, main
        self.speed = speed
        self.quiet = quiet or not main
        self._sums: dict[str, float] = defaultdict(float)
        self._steps = 0
        self._started = time.monotonic()
        self._first: int | None = None
        self._bar: Any = None
        self.lines = 0

    def state(self) -> dict[str, Any]:
        """How many lines were written, and the sums of the steps that are in none of them yet."""
        return {"lines": self.lines, "sums": dict(self._sums), "steps": self._steps}

    def start(self, lines: int = 0, sums: Mapping[str, float] | None = None, steps: int = 0) -> None:
        """Go on after so many lines of scalars: later ones, left by a killed run, are dropped."""
        self.lines, self._steps = lines, steps
        self._sums.update(sums or {})
        if self.main and self.folder.scalars.is_file():
            recorded = self.folder.scalars.read_bytes().splitlines(keepends=True)
            with whole_file(self.folder.scalars) as file:
                file.write(b"".join(recorded[:lines]))

    def say(self, text: str) -> None:
        """One line for people, to the screen and to log.txt."""
        if not self.main:
            return
        with (self.folder.path / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
        if not self.quiet:
            if self._bar is not None:
                self._bar.console.print(text, highlight=False, markup=False)
            else:
                print(text, file=sys.stderr, flush=True)

    def add(self, losses: Mapping[str, float]) -> None:
        """Take note of the losses of one step."""
        for name, value in losses.items():
            self._sums[name] += value

    def step(self, phase: str, step: int, steps: int, lr: float, clips: int) -> None:
        """Take note of one step; every few of them make a line, of losses that were added by then."""
        self._first = step - 1 if self._first is None else self._first
        self._steps += 1
        self.speed.clips += clips
        self.speed.steps += 1
        self._advance(phase, step, steps)
        if step % self.every and step != steps:
            return
        now = time.monotonic()
        means = {name: value / self._steps for name, value in self._sums.items()}
        speed = self.speed.values()
        left = (steps - step) * (now - self._started) / max(1, step - self._first)
        losses = {f"loss/{name}": value for name, value in means.items()}
        self.record(step, {**losses, "lr": lr, **speed})
        parts = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
        minutes = f"{int(left) // 60}:{int(left) % 60:02d} left"
        self.say(f"{phase}  step {step}/{steps}  {parts}  lr {lr:.3g}  {_rates(speed)}{_memory()}{minutes}")
        if advice := self.speed.advice(speed["data_wait"]):
            self.say(advice)
        self._sums.clear()
        self._steps = 0
        self.speed.go_on()

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers of one step, to scalars.jsonl and the trackers of the config."""
        self.lines += 1
        if not self.main:
            return
        with self.folder.scalars.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        self.visualizer.add_scalars(dict(values), step=step)

    def close(self) -> None:
        """Take the bar away, and let the trackers write what they still hold."""
        self.visualizer.close()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _advance(self, phase: str, step: int, steps: int) -> None:
        if self.quiet or not sys.stderr.isatty():
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("training", total=steps)
        self._bar.update(self._task, completed=step, description=phase)


def visualizer(folder: RunFolder, trackers: Sequence[str], main: bool) -> dict[str, Any]:
    """mmengine's visualizer over the trackers of the config, for the main process."""
    backends = [{"type": BACKENDS[name]} for name in trackers] if main else []
    return {"type": Visualizer, "vis_backends": backends, "save_dir": str(folder.path)}


def _rates(speed: Mapping[str, float]) -> str:
    """Clips and words a second, how much of the time goes by without data, how much of the card is used."""
    mfu = f"mfu {speed['mfu']:.0%}  " if "mfu" in speed else ""
    rates = f"{speed['clips_per_s']:.0f} clips/s  {speed['words_per_s']:.0f} words/s"
    return f"{rates}  waits {speed['data_wait']:.0%}  {mfu}"


def _memory() -> str:
    """Peak memory: the GPU's where there is one, else the process's; nothing on Windows, which does not tell."""
    if torch.cuda.is_available():
        return f"{torch.cuda.max_memory_allocated() / 2**20:.0f} MB  "
    try:
        import resource
    except ImportError:
        return ""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB elsewhere
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20:.0f} MB  "
