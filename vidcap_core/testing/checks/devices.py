"""Checks of a captioner on a device that is not the CPU, and how often the host waits for it there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioner.panels import FAILED
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.types import Batch
from vidcap_core.engine import optimizers
from vidcap_core.engine.update import Losses, read, update
from vidcap_core.errors import UserError
from vidcap_core.losses.self_critical import SelfCritical
from vidcap_core.testing.check import Broken, Checks, Skipped, expect
from vidcap_core.testing.parts import Parts, must_say, without_dropout
from vidcap_core.testing.simulated_device import CPU, DEVICE, MixedDevices, SimulatedDevice, Traffic

TOLERANCE = 1e-5
"""How far a loss may lie from that of the CPU; it is the same arithmetic."""
CLIPS = 4
SHORT, LONG = 4, 12
"""Most words of a text: what 8 words more cost is the price of a word."""
SEARCHES: Mapping[str, dict[str, Any]] = {
    "greedy": {"mode": "greedy"},
    "beam": {"mode": "beam", "beam": 3},
    "sample": {"mode": "sample", "top_k": 5},
}


def works(parts: Parts) -> None:
    """Updates, searches, panels and self-critical training give the same on a device that is not the CPU."""
    for journey in journeys(parts):
        if isinstance(journey.error, MixedDevices):
            raise Broken(f"{journey.name} on {DEVICE}", f"that everything is there; {journey.error}")
        if journey.error is not None and not isinstance(journey.error, UserError):
            raise journey.error
        expect(
            _close(journey.result, journey.expected),
            f"{journey.name} on {DEVICE}, with the arithmetic of the CPU",
            f"what comes out; {journey.expected} became {journey.result}",
        )


CHECKS: Checks = {"on another device": works}


@dataclass
class Journey:
    """One thing that was done on the device: what came out here and there, what went between, what was raised."""

    name: str
    expected: object
    result: object
    traffic: Traffic
    error: Exception | None = None


def journeys(parts: Parts) -> Iterator[Journey]:
    """Updates of each phase, each search, panels, and self-critical training."""
    yield from _updates(parts)
    yield from _searches(parts)
    yield from _rewarded(parts)


def syncs_of(parts: Parts) -> dict[str, float]:
    """How often the host waits: by update, and by word of each search; a failure is raised."""
    found: dict[str, float] = {}
    for journey in journeys(parts):
        if journey.error is not None:
            if isinstance(journey.error, UserError):
                continue
            raise journey.error
        found[journey.name] = sum(journey.traffic.syncs.values())
        found[f"{journey.name}: copies"] = sum(journey.traffic.copies.values())
        found[f"{journey.name}: float64"] = sum(journey.traffic.doubles.values())
    for search in SEARCHES:
        counts = [found.pop(f"{search}, {words} words", None) for words in (SHORT, LONG)]
        if None not in counts:
            found[f"{search}, a word"] = (counts[1] - counts[0]) / (LONG - SHORT)  # type: ignore[operator]
    return found


def _updates(parts: Parts) -> Iterator[Journey]:
    batch = parts.batch(CLIPS)
    for index, phase in enumerate(parts.recipe.phases):
        for names in phase.updates:
            made = partial(_update, parts, batch, index, names)
            yield from _compared(f"update {phase.name} {'+'.join(names)}", made)


def _update(
    parts: Parts, batch: Batch, index: int, names: Sequence[str], device: torch.device
) -> Callable[[], Losses]:
    """What does one update of a phase on a device."""
    phases, captioner = parts.recipe.phases, parts.fresh()
    without_dropout(captioner)  # attention draws it in another order there
    captioner.choose_training(phases[index].train, phases[index].freeze)
    captioner.to(device).train()
    first = index if not phases[index].keeps_optimizer else 0
    wrapper = optimizers.build(captioner, phases, first, "off")
    optimizers.set_rates(wrapper.optimizer, index - first, 1.0)
    there, scales = batch.to(device), {name: term.scale for name, term in parts.recipe.losses.items()}

    def step() -> Losses:
        torch.manual_seed(0)
        return update(captioner, wrapper, [there], names, scales)

    return step


def _searches(parts: Parts) -> Iterator[Journey]:
    heeded = parts.captioner.head.decodes
    batch = replace(parts.batch(CLIPS), texts=None, tokens=None, token_mask=None, targets={}, events=None)
    for search, values in SEARCHES.items():
        if heeded is not None and not {search, *values} - {"mode", "greedy"} <= set(heeded):
            continue
        for words in (SHORT, LONG):
            least = {"min_length": words - 1} if must_say(parts.captioner) else {}
            settings = replace(GenerateSettings(), **{**values, **least, "max_length": words})

            def written(
                device: torch.device, settings: GenerateSettings = settings, panels: bool = False
            ) -> Callable[[], list[str]]:
                captioner = _with(parts.fresh(), settings).to(device).eval()
                there = batch.to(device)
                return lambda: _texts(captioner, there, panels)

            yield from _compared(f"{search}, {words} words", written)
        if search == "greedy":
            yield from _compared("panels", partial(written, panels=True))


def _rewarded(parts: Parts) -> Iterator[Journey]:
    batch = parts.batch(CLIPS)

    def trained(device: torch.device) -> Callable[[], tuple[Tensor, Tensor]]:
        captioner = parts.fresh().to(device).train()
        loss = SelfCritical(samples_per_clip=2, max_length=SHORT)
        loss.fit(parts.dataset)
        there = batch.to(device)
        captioner.losses["rewarded"] = loss

        def step() -> tuple[Tensor, Tensor]:
            torch.manual_seed(0)
            total, weight = captioner(there, ["rewarded"])["rewarded"]
            total.backward()
            return total.detach(), weight

        return step

    yield from _compared("self-critical", trained)


def _compared(name: str, made: Callable[[torch.device], Callable[[], object]]) -> Iterator[Journey]:
    """What the first call of `made(device)()` gives on the CPU and on the device, and what the second one costs there.

    After an update weights differ: where a gradient is nothing but rounding, Adam goes a whole step either way.
    """
    try:
        expected = _numbers(made(CPU)())
    except (UserError, Skipped):
        return  # the head is not for this
    traffic, result = Traffic(), None
    try:
        with SimulatedDevice() as device:
            act = made(DEVICE)
            result = _numbers(act())
            with device.watch() as traffic:
                act()
    except Exception as error:
        yield Journey(name, expected, result, traffic, error)
        return
    yield Journey(name, expected, result, traffic)


def _numbers(result: object) -> object:
    """What came out as plain numbers and texts, read after the counting."""
    if isinstance(result, Losses):
        return read([result])[0]
    return tuple(map(float, result)) if isinstance(result, tuple) else result


def _texts(captioner: Captioner, batch: Batch, panels: bool) -> list[str]:
    predictions = captioner.predict(batch, panels=panels)
    for prediction in predictions:
        if FAILED in prediction.extras:
            raise MixedDevices(prediction.extras[FAILED])
    return [prediction.text for prediction in predictions]


def _with(captioner: Captioner, settings: GenerateSettings) -> Captioner:
    captioner.settings = settings
    captioner.kinds = dict.fromkeys(captioner.kinds, settings)
    return captioner


def _close(result: object, expected: object) -> bool:
    if isinstance(expected, Mapping) and isinstance(result, Mapping):
        return all(_close(result[key], value) for key, value in expected.items())
    if isinstance(expected, tuple) and isinstance(result, tuple):
        return all(_close(*pair) for pair in zip(result, expected, strict=True))
    if isinstance(expected, float) and isinstance(result, float):
        return math.isclose(result, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(result == expected)
