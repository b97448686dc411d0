"""`benchmarks/gpu.py` runs, small and on the CPU, so that it works on the day that there is a GPU."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
import torch

SCRIPT = runpy.run_path(str(Path(__file__).resolve().parents[2] / "benchmarks" / "gpu.py"))


def test_the_script_measures_what_it_says(tmp_path: Path) -> None:
    assert SCRIPT["main"](["--device", "cpu", "--small", "--out", str(tmp_path / "gpu.json")]) == 0
    result = json.loads((tmp_path / "gpu.json").read_text())
    row = result["rows"]["tiny"]
    assert result["hardware"] == "cpu"
    assert row["losses"]["cpu"] == row["losses"]["device"]
    assert row["losses"]["compiled"] == pytest.approx(row["losses"]["cpu"], rel=1e-5)
    assert 0 < row["gaps"]["bf16"] <= SCRIPT["CLOSE"]["bf16"]
    assert row["captions"] == 4
    assert result["rows"]["one process of gloo"] == {"sum": [1.0, 1.0, 1.0]}


def test_without_a_gpu_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert SCRIPT["main"]([]) == 2
    assert "--device cpu --small tries the script" in capsys.readouterr().err
