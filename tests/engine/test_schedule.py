"""Learning rates against their formulas."""

from __future__ import annotations

import math

import pytest

from vidcap_core.config.schema import Schedule
from vidcap_core.engine.schedule import Plateau, multiplier


def rates(steps: int = 8, per_epoch: int = 4, **keys: object) -> list[float]:
    schedule = Schedule(**keys)  # type: ignore[arg-type]
    return [multiplier(schedule, step, steps, per_epoch) for step in range(steps)]


def test_constant() -> None:
    assert rates(type="constant") == [1.0] * 8


def test_inverse_time_is_the_papers() -> None:
    values = [0.01 * value for value in rates(type="inverse_time", delta=0.5)]
    assert values[:3] == pytest.approx([0.01, 0.01 / 1.5, 0.005])


def test_inverse_time_by_epoch() -> None:
    assert rates(type="inverse_time", delta=1.0, unit="epoch") == [1.0] * 4 + [0.5] * 4


def test_exponential_by_epoch() -> None:
    assert rates(type="exponential", gamma=0.9, unit="epoch") == pytest.approx([1.0] * 4 + [0.9] * 4)


def test_cosine_with_warm_up() -> None:
    values = rates(steps=10, type="cosine", warmup=2)
    assert values[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert values[6] == pytest.approx((1 + math.cos(math.pi * 4 / 8)) / 2)
    assert values == sorted(values[:3]) + sorted(values[3:], reverse=True)


def test_warm_up_as_a_share() -> None:
    assert rates(steps=10, type="linear", warmup=0.2) == rates(steps=10, type="linear", warmup=2)


def test_linear_stops_at_its_floor() -> None:
    values = [multiplier(Schedule(type="linear", floor=0.1), step, 10, 5) for step in (0, 5, 10, 20)]
    assert values == pytest.approx([1.0, 0.55, 0.1, 0.1])


def test_cosine_by_epoch_moves_between_epochs_only() -> None:
    values = rates(type="cosine", unit="epoch")
    assert values[:4] == [1.0] * 4
    assert values[4:] == pytest.approx([0.5] * 4)


def test_plateau_waits_and_survives_a_restart() -> None:
    plateau = Plateau(Schedule(type="plateau", factor=0.5, patience=2), greater=True)
    for score in (1.0, 0.9):
        plateau.see(score)
    again = Plateau(Schedule(type="plateau", factor=0.5, patience=2), greater=True)
    again.restore(plateau.state())
    assert again.scale == 1.0
    again.see(1.0)  # equal is not better
    assert again.scale == 0.5
    again.see(1.1)
    again.see(1.0)
    assert again.scale == 0.5
