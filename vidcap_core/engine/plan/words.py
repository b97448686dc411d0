"""A plan in words, and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from vidcap_core.engine.plan.plan import LAUNCH, REACHED, STREAMED, PhasePlan, Plan

GIB = 2**30


def lines(plan: Plan) -> Iterator[str]:
    """For people."""
    cards = f"{plan.world} x {plan.gpu.name}" if plan.world > 1 else plan.gpu.name
    yield f"{plan.config} on {cards} ({plan.gpu.memory} GB): {plan.parameters / 1e6:.1f} M parameters, amp {plan.amp}"
    for what in plan.made_up:
        yield f"  not here, so shapes stand for it: {what}"
    for phase in plan.phases:
        yield from _phase(phase, plan)
    hours = sum(phase.hours for phase in plan.phases)
    yield f"all phases: {time(hours)} of updates at least, and scoring comes on top"
    if plan.loads is not None:
        yield from _loader(plan, plan.loads)
    if plan.stores:
        stores = ", ".join(f"{name} {size / 1e9:.2f} GB" for name, size in plan.stores.items())
        yield f"disk for features in float16, all splits: {stores}"
    yield (
        f"assumed: {REACHED:.0%} of the card's arithmetic, {STREAMED:.0%} of its bandwidth, {LAUNCH * 1e6:.0f} us "
        "to launch an operation; whichever takes longest is the time of a step"
    )


def _phase(phase: PhasePlan, plan: Plan) -> Iterator[str]:
    cost = phase.cost
    fits = phase.memory <= plan.gpu.memory * 1e9
    yield (
        f"phase {cost.name}: {phase.steps:,} steps of {cost.clips} clips a card, "
        f"{phase.seconds * 1e3:.0f} ms each ({phase.limit}), {time(phase.hours)}"
    )
    yield (
        f"  memory: weights {cost.weights / GIB:.2f}, gradients {cost.trains / GIB:.2f}, optimiser "
        f"{cost.optimizer / GIB:.2f}, activations {cost.activations / GIB:.2f} GiB; "
        f"of the card {phase.memory / 1e9:.1f} of {plan.gpu.memory} GB"
        + ("" if fits else f": DOES NOT FIT; {smaller(plan)}")
    )
    yield (
        f"  a step: {cost.flops / 1e12:.2f} TFLOP, {cost.moved / 1e9:.1f} GB moved, {cost.operations:,} operations; "
        f"the loader brings {cost.clips / phase.seconds:,.0f} clips/s, {phase.data_rate / 1e6:.0f} MB/s"
    )


def _loader(plan: Plan, loads: float) -> Iterator[str]:
    wanted = max(phase.cost.clips / phase.seconds for phase in plan.phases)
    workers = max(1, -(-int(wanted) // max(1, int(loads))))
    yield (
        f"loader: one worker reads {loads:,.0f} samples/s here; {wanted:,.0f} are wanted a card: "
        f"runtime.workers={workers} or more"
    )


def smaller(plan: Plan) -> str:
    """What to set where it does not fit."""
    amp = "" if plan.amp != "off" else ", runtime.amp='bf16'"
    return f"--set runtime.accumulate=2 with half of runtime.batch{amp}, runtime.checkpointing=True, or more cards"


def time(hours: float) -> str:
    """Hours, or minutes where it is less than two."""
    return f"{hours:.1f} h" if hours >= 2 else f"{hours * 60:.0f} min"


def as_data(plan: Plan) -> dict[str, Any]:
    """Everything, as plain data."""
    data = asdict(plan)
    for phase, given in zip(plan.phases, data["phases"], strict=True):
        given |= {"hours": phase.hours, "data_rate": phase.data_rate}
        given["cost"]["state"] = phase.cost.state
    return data
