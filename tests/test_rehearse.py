"""The walk from the official files to the table: one config, and the pages that the script reads and writes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from vidcap_core.config.validate import load_recipe

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rehearse", ROOT / "scripts" / "rehearse.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_config_is_walked_from_the_official_files_to_the_report(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "rehearse.py"), "srvc_la/msvd", "--keep", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "srvc_la/msvd: all ok" in done.stdout
    scores = json.loads((tmp_path / "srvc_la-msvd" / "runs" / "msvd" / "scores-test.json").read_text())
    assert scores["clips"].startswith("8 of 670 (missing ")


def test_a_readmes_commands_are_the_steps_of_the_table(script: ModuleType) -> None:
    for method in script.METHODS:
        words = [line for line in script.commands(method) if line[0] != "export"]
        assert [script.step_of(line) for line in words] == script.STEPS, method
        assert [line for line in words if "--set" in line] == []


def test_every_paper_config_is_known_and_the_page_is_the_scripts(script: ModuleType) -> None:
    names = script.paper_configs()
    assert {name.partition("/")[0] for name in names} == set(script.METHODS)
    rows = script.stored()
    assert [*rows] == [name for name in names if name in rows]
    assert script.page(rows) == (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    for name in names:
        assert script.data_of(load_recipe(name).config.data) in {
            "msvd",
            "msrvtt",
            "vatex",
            "emvidcap",
            "activitynet",
            "youcook2",
        }


def test_a_step_that_fails_is_told_and_ends_the_walk(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = script.run(["vidcap", "data", "check", "no-such-set"])
    assert said is not None
    assert "exit code 2" in said
    assert script.missing_result("test", tmp_path, "msvd") == "scores-test.json is not there"
