"""The light commands start within the aim of benchmarks/startup.py."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "startup.py"


@pytest.mark.slow  # what else runs on a machine moves such a ratio
def test_the_light_commands_start_in_at_most_eight_times_python_itself() -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--runs", "5"], capture_output=True, text=True, timeout=120
    )
    multiples = re.findall(r"([\d.]+) x   \(aim", done.stdout)
    assert len(multiples) == 4, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout
