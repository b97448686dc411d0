"""Benchmarks that build heads with stand-ins of their own still start, and both sides of a race give the same."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.parametrize(("name", "sizes"), [("mffcl", (2, 1)), ("srvc_la", (2,))])
def test_a_race_is_between_equals(name: str, sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(f"vidcap_{name}")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    race: Any = importlib.import_module(name)
    head, batch = race.setup(*sizes)
    plain = race.Plain(head.eval())
    with torch.no_grad():
        torch.testing.assert_close(race.ours(head, batch), plain.loss(batch), atol=1e-4, rtol=1e-4)
