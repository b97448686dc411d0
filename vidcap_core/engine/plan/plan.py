"""What a config needs of a machine, phase by phase, and how long it would take there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from vidcap_core.config.recipe import Phase, Recipe
from vidcap_core.contracts.dataset import is_stream
from vidcap_core.engine.gpus import Gpu
from vidcap_core.engine.plan import made_up_clips
from vidcap_core.engine.plan.known_models import with_stand_ins
from vidcap_core.engine.plan.phase_cost import PhaseCost, Shadow
from vidcap_core.engine.timetable import Timetable
from vidcap_core.engine.training import Training
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.saved.run import RunFolder
from vidcap_core.zoo.component import Component

REACHED = 0.4
"""Share of a card's arithmetic that training is taken to reach: large language models reach 0.35 to 0.55."""
STREAMED = 0.7
"""Share of a card's bandwidth that operations between products of matrices are taken to reach."""
LAUNCH = 8e-6
"""Seconds that the host takes for an operation of PyTorch, forward or backward, where nothing is compiled."""
CONTEXT = 1.0e9
"""Bytes that CUDA, its libraries and what the allocator cannot use take of a card."""
USUAL_ROWS = 30
"""Rows of a stream where neither data nor config say how many."""


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """A phase on one kind of card: what it costs, how often, and how long that takes at least."""

    cost: PhaseCost
    steps: int
    seconds: float  # a step
    limit: str  # arithmetic, bandwidth or launching: what the seconds come from
    memory: float  # bytes of a card, all in all

    @property
    def hours(self) -> float:
        """Of the phase, without scoring."""
        return self.steps * self.seconds / 3600

    @property
    def data_rate(self) -> float:
        """Bytes a second that the loader of one process must bring."""
        return self.cost.data / self.seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """A config on a number of cards."""

    config: str
    gpu: Gpu
    world: int
    amp: str
    parameters: int
    phases: tuple[PhasePlan, ...]
    made_up: tuple[str, ...]  # what was not here, and stood for by shapes
    loads: float | None  # clips a second that one worker reads here; None where the data are not here
    stores: Mapping[str, int]  # bytes of each stream's store, over all splits


def plan(recipe: Recipe, gpu: Gpu, world: int = 1) -> Plan:
    """Measure each phase's update without data, and say what that means on `world` cards."""
    if not recipe.phases:
        raise ConfigError(f"{recipe.name} trains nothing, so there is nothing to plan")
    for phase in recipe.phases:
        if phase.batch % world:
            raise UserError(
                f"phase '{phase.name}': a batch of {phase.batch} clips cannot be shared evenly by {world} cards",
                hint=f"--set runtime.batch={-(-phase.batch // world) * world}",
            )
    with tempfile.TemporaryDirectory() as folder:
        known, made_up = _without_data(with_stand_ins(recipe, Path(folder)))
        training = Training(known, RunFolder(Path(os.devnull)))
        loads = None if made_up else _loading(training, known.phases[0])
        stores = _stores(known, training)
        parameters = sum(p.numel() for p in training.captioner.parameters())
        steps = Timetable(training, known.phases)
        shadow = Shadow(training)
        costs = [shadow.cost(phase, world) for phase in known.phases]
        phases = tuple(_on(gpu, cost, steps.steps(index), world, recipe) for index, cost in enumerate(costs))
    return Plan(recipe.name, gpu, world, recipe.runtime.amp, parameters, phases, made_up, loads, stores)


def _on(gpu: Gpu, cost: PhaseCost, steps: int, world: int, recipe: Recipe) -> PhasePlan:
    runtime = recipe.runtime
    times = {
        "arithmetic": cost.flops / (gpu.flops(runtime.amp) * REACHED),
        "bandwidth": cost.moved / (gpu.bandwidth * 1e9 * STREAMED),
        "launching": cost.operations * LAUNCH,
    }
    limit = max(times, key=times.__getitem__)
    memory = cost.peak + CONTEXT
    if world > 1 and runtime.strategy == "fsdp":
        memory -= cost.state * (1 - 1 / world)
    elif world > 1:
        memory += cost.trains  # DistributedDataParallel's buckets
    if runtime.ema is not None:
        memory += cost.weights
    return PhasePlan(cost, steps, times[limit], limit, memory)


def _without_data(recipe: Recipe) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe with stand-ins for the data that are not here, and what those are."""
    train = recipe.data["train"]
    lacking = [missing.what for missing in train.missing()]
    if not lacking:
        return recipe, ()
    widths, rows = _widths(recipe), _rows(recipe)

    def made_up(component: Component) -> Component:
        return made_up_clips.stand_in(component, widths, rows)

    phases = tuple(replace(phase, data=made_up(phase.data)) for phase in recipe.phases)
    data = {"train": made_up(train)}  # scoring is not planned
    return replace(recipe, data={**recipe.data, **data}, phases=phases), tuple(lacking)


def _widths(recipe: Recipe) -> dict[str, int]:
    streams = recipe.head.arguments.get("streams") or {}
    return dict(streams) if isinstance(streams, dict) else {}


def _rows(recipe: Recipe) -> dict[str, int]:
    """Rows of each stream, as its encoder in `extract` samples them."""
    found: dict[str, int] = {}
    name = str(getattr(recipe.data["train"].target, "name", ""))
    seconds = made_up_clips.SECONDS.get(name, 10.0)
    for stream in _widths(recipe):
        asked = recipe.extract[stream].arguments.get("frames") if stream in recipe.extract else None
        if isinstance(asked, int):
            found[stream] = asked
        elif isinstance(asked, Mapping) and (asked.get("count") or asked.get("rate")):
            found[stream] = int(asked.get("count") or round(asked["rate"] * seconds))
        else:
            found[stream] = USUAL_ROWS
    return found


def _loading(training: Training, phase: Phase) -> float:
    """Clips a second that one worker reads here, over a few samples."""
    data = training.dataset(phase)
    if is_stream(data):
        samples, began = data.stream((0,), 0, 1, 0), perf_counter()
        return sum(1 for _ in islice(samples, 64)) / max(1e-9, perf_counter() - began)
    data.get(0, np.random.default_rng(0))  # files are opened at the first
    count, began = 0, perf_counter()
    while count < min(64, len(data)) and perf_counter() - began < 2.0:
        data.get(count * 7919 % len(data), np.random.default_rng(count))
        count += 1
    return count / max(1e-9, perf_counter() - began)


def _stores(recipe: Recipe, training: Training) -> dict[str, int]:
    """Bytes of the stores that training reads, in float16, over the official splits."""
    data = training.dataset(recipe.phases[0])
    if is_stream(data):  # which reads no store
        return {}
    sample: Any = data.get(0, np.random.default_rng(0))
    official = getattr(recipe.data["train"].target, "counts", {}) or getattr(
        getattr(recipe.data["val"], "target", None), "counts", {}
    )
    clips = sum(split.clips or 0 for split in official.values()) or len(data.clips)
    return {name: int(values.size) * 2 * clips for name, values in sample.streams.items()}
