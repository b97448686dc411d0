"""The doctor finds what is too old, missing or broken, and says what to type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def doctor(folder: Path, **variables: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code and the findings, in a process that sees the packages in a folder first."""
    done = subprocess.run(
        [sys.executable, "-m", "vidcap_core.cli.main", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, {row["what"]: row for row in json.loads(done.stdout)}


def test_a_package_that_is_too_old_is_broken_and_has_a_fix(tmp_path: Path) -> None:
    (tmp_path / "timm-0.1.dist-info").mkdir()
    (tmp_path / "timm-0.1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: timm\nVersion: 0.1\n"
    )
    code, findings = doctor(tmp_path)
    assert code == 1
    assert findings["timm"]["state"] == "broken"
    assert findings["timm"]["found"].startswith("0.1, needs >=1.0")
    assert findings["timm"]["fix"].startswith("pip install 'timm>=1.0")


def test_a_decoder_that_does_not_load_is_broken(tmp_path: Path) -> None:
    (tmp_path / "av.py").write_text("raise ImportError('libx264.so: cannot open shared object file')")
    code, findings = doctor(tmp_path)
    assert code == 1
    assert "libx264.so" in findings["decoder"]["found"]
    assert findings["decoder"]["fix"]


def test_java_is_optional(tmp_path: Path) -> None:
    code, findings = doctor(tmp_path, PATH=str(tmp_path))
    assert code == 0, [row for row in findings.values() if row["state"] == "broken"]
    assert findings["java"]["state"] == "absent"


def test_the_caches_are_where_the_variables_say(tmp_path: Path) -> None:
    _, findings = doctor(tmp_path, HF_HOME=str(tmp_path / "not" / "yet"), VIDCAP_CACHE=str(tmp_path))
    assert str(tmp_path / "not" / "yet") in findings["cache HF_HOME"]["found"]
    assert str(tmp_path) in findings["cache VIDCAP_CACHE"]["found"]
