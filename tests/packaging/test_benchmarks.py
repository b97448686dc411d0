"""Benchmarks that build heads with stand-ins of their own still start, and both sides of a race give the same."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from vidcap_core.testing import measured

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [ROOT / "benchmarks", *sorted(ROOT.glob("plugins/*/benchmarks"))]
SCRIPTS = [path for folder in FOLDERS for path in sorted(folder.glob("*.py"))]
RESULTS = [path for folder in FOLDERS for path in sorted(folder.glob("results/*.json"))]


def name(path: Path) -> str:
    """`mffcl/benchmarks/speed.py`, for the names of tests."""
    return path.relative_to(ROOT).as_posix().removeprefix("plugins/")


def load(path: Path) -> ModuleType:
    """A script as a module of its own: several plugins have a `speed.py`."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.parents[1].name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("plugin", "sizes"), [("mffcl", (2, 1)), ("srvc_la", (2,))])
def test_a_race_is_between_equals(plugin: str, sizes: tuple[int, ...]) -> None:
    pytest.importorskip(f"vidcap_{plugin}")
    race: Any = load(ROOT / "plugins" / plugin / "benchmarks" / "speed.py")
    head, batch = race.setup(*sizes)
    plain = race.Plain(head.eval())
    with torch.no_grad():
        torch.testing.assert_close(race.ours(head, batch), plain.loss(batch), atol=1e-4, rtol=1e-4)


def test_every_benchmark_of_a_plugin_stands_with_it() -> None:
    """No script of the core imports a method."""
    assert {path.parent.parent.name for path in SCRIPTS} >= {"mffcl", "spectrum", "srvc_la", "wsdvc_mask"}
    for path in (ROOT / "benchmarks").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        for plugin in ("mffcl", "spectrum", "srvc_la", "wsdvc_mask"):
            assert f"vidcap_{plugin}" not in source, path


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_benchmark_imports_only_what_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script finds those beside it, as when it is run, and nothing else outside the packages."""
    if "import h5py" in path.read_text(encoding="utf-8"):
        pytest.importorskip("h5py")
    monkeypatch.syspath_prepend(str(path.parent))
    assert load(path).__doc__


@pytest.mark.parametrize("path", RESULTS, ids=name)
def test_every_result_says_what_it_was_measured_on(path: Path) -> None:
    results = json.loads(path.read_text(encoding="utf-8"))
    if path.stem == "parity_java":
        pytest.skip("differences from another program's scores, which no machine changes")
    parts = results["parts"].values() if path.stem == "metrics" else [results]
    assert all(part["machine"] for part in parts)


def test_results_are_written_behind_the_machine(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_no_benchmark_writes_results_of_its_own(path: Path) -> None:
    """`--json` goes through `measured.write`; those that add to a file name the machine for each part of it."""
    source = path.read_text(encoding="utf-8")
    if '"--json"' in source:
        assert "from vidcap_core.testing.measured import write\n" in source or "machine()" in source
