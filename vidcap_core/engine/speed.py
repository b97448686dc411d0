"""How fast a run goes, and what it waits for: clips, words, the loader, and the share of the card that is used."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from vidcap_core.config.schema import Runtime
from vidcap_core.engine import mm
from vidcap_core.engine.data import data_workers
from vidcap_core.engine.gpus import Gpu, recognised

SLOWS = 0.25
"""Share of the time from which on waiting for data is told."""


class Speed:
    """What happened since the last line of the log; `card` is the one it runs on, where it is a known one."""

    def __init__(self, runtime: Runtime, workers: int = 0, card: Gpu | None = None) -> None:
        self.runtime, self.workers, self.card = runtime, workers, card
        self.clips = self.words = self.steps = 0
        """Of all processes."""
        self.waited = 0.0
        """Seconds in which this process waited for batches."""
        self.flops: int | None = None
        """Of a step of this process."""
        self._lines = 0
        self._told = False
        self._since = time.monotonic()

    @classmethod
    def here(cls, runtime: Runtime, device: str) -> Speed:
        """On this process's device."""
        on_gpu = device.startswith("cuda") and torch.cuda.is_available()
        workers = data_workers(runtime.workers, device.partition(":")[0])
        return cls(runtime, workers, recognised(torch.cuda.get_device_name(device)) if on_gpu else None)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around each fetching of batches."""
        began = time.monotonic()
        yield
        self.waited += time.monotonic() - began

    @contextmanager
    def counting(self, first: bool) -> Iterator[None]:
        """Around a step; the first of a phase has its arithmetic counted, where the card's own is known."""
        plain = self.runtime.strategy == "ddp" and self.runtime.compile == "off"
        if self.card is None or not plain or not (first or self.flops is None):
            yield
            return
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counter:
            yield
        self.flops = counter.get_total_flops()

    def values(self) -> dict[str, float]:
        """Numbers of the steps since the last call, which end here."""
        seconds = max(1e-9, time.monotonic() - self._since)
        found = {"clips_per_s": self.clips / seconds, "words_per_s": self.words / seconds}
        found["data_wait"] = min(1.0, self.waited / seconds)
        if self.card is not None and self.flops:
            most = self.card.flops(self.runtime.amp, self.runtime.tf32)
            found["mfu"] = self.flops * self.steps / seconds / most
        if torch.cuda.is_available():
            found["gpu_memory_gib"] = torch.cuda.max_memory_allocated() / 2**30
        self.clips = self.words = self.steps = 0
        self.waited = 0.0
        return found

    def go_on(self) -> None:
        """Time counts from here: what was written meanwhile is not the run's."""
        self._since = time.monotonic()

    def advice(self, waits: float) -> str | None:
        """Once a run, where the loader is what limits: how many data workers would keep up."""
        self._lines += 1
        workers = self.workers
        if self._told or self._lines < 2 or waits < SLOWS:  # the first line holds the workers' start
            return None
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        busy = max(0.05, 1 - waits)
        wanted = math.ceil(max(workers / busy, waits / busy))
        most = max(1, cores // max(1, int(os.environ.get("LOCAL_WORLD_SIZE", mm.world_size()))))
        self._told = True
        if min(wanted, most) <= workers:
            return (
                f"note: {waits:.0%} of the time is spent waiting for data, and {workers} data workers use all {cores} "
                "cores: features made once (cache, vidcap features extract) or smaller frames would help"
            )
        return (
            f"note: {waits:.0%} of the time is spent waiting for data: "
            f"--set runtime.workers={min(wanted, most)} (now {workers}, {cores} cores)"
        )
