"""Benchmarks that build heads with stand-ins of their own still start, and both sides of a race give the same."""

from __future__ import annotations

import importlib
import json
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


@pytest.mark.parametrize("path", sorted((BENCHMARKS / "results").glob("*.json")), ids=lambda path: path.stem)
def test_every_result_says_what_it_was_measured_on(path: Path) -> None:
    results = json.loads(path.read_text(encoding="utf-8"))
    if path.stem == "parity_java":
        pytest.skip("differences from another program's scores, which no machine changes")
    parts = results["parts"].values() if path.stem == "metrics" else [results]
    assert all(part["machine"] for part in parts)


def test_results_are_written_behind_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    measured: Any = importlib.import_module("measured")
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        measured.write(tmp_path / "new.json", {"seconds": 1.0})
        measured.write(tmp_path / "table.json", {"machine": "elsewhere", "rows": {}})
    finally:
        torch.set_num_threads(threads)
    new = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert new["seconds"] == 1.0
    assert new["machine"].endswith(f" CPU, 3 threads, torch {torch.__version__}")
    assert json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))["machine"] == "elsewhere"


@pytest.mark.parametrize("path", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.stem)
def test_no_benchmark_writes_results_of_its_own(path: Path) -> None:
    """`--json` goes through `measured.write`; those that add to a file name the machine for each part of it."""
    source = path.read_text(encoding="utf-8")
    if '"--json"' in source:
        assert "from measured import write\n" in source or "machine()" in source
