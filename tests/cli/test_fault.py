"""An unexpected error says in whose code it arose."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from vidcap_core.cli.main import main as vidcap
from vidcap_core.cli.outcome import guarded
from vidcap_core.config.files import set_key

PLUGIN = """
from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components():
    return {"heads": {"Sparse": "vidcap_swinny.sparsity:Sparse"}}
"""
HEAD = """
import numpy as np

from vidcap_core.heads.gru import MeanPoolGRU


class Sparse(MeanPoolGRU):
    def forward(self, streams, batch, want):
        np.stack([np.zeros(2), np.zeros(3)])
"""
CONFIG = """
from vidcap_core.testing import tiny
globals().update(tiny.config(head=dict(type="Sparse", streams={"image": 16}, width=16)))
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder of packages with a plugin whose head calls numpy wrongly."""
    packages = tmp_path / "site-packages"
    package, info = packages / "vidcap_swinny", packages / "vidcap_swinny-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vidcap-swinny\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vidcap.plugins]\nswinny = vidcap_swinny\n")
    (package / "__init__.py").write_text(PLUGIN)
    (package / "sparsity.py").write_text(HEAD)
    (tmp_path / "mine.py").write_text(CONFIG)
    return packages


def call(packages: Path, *words: str) -> subprocess.CompletedProcess[str]:
    places = os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")])
    line = [sys.executable, "-m", "vidcap_core.cli.run", "mine.py", "--device", "cpu", *words]
    environment = {**os.environ, "PYTHONPATH": places}
    return subprocess.run(
        line, cwd=packages.parent, capture_output=True, text=True, env=environment, timeout=120, check=False
    )


def test_of_a_plugin(installed: Path) -> None:
    done = call(installed)
    assert done.returncode == 1
    line = HEAD.splitlines().index("        np.stack([np.zeros(2), np.zeros(3)])") + 1
    assert done.stderr.splitlines()[-3:] == [
        "internal error: ValueError: all input arrays must have the same shape",
        f"  in swinny, sparsity.py:{line}",
        "  try: the same command with --debug",
    ]
    debug = call(installed, "--work-dir", "other", "--debug")
    assert "Traceback" in debug.stderr
    assert "numpy" in debug.stderr


def test_of_the_core(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(partial(set_key, None, "a.b=1"), False) == 1  # type: ignore[arg-type]
    assert re.search(r"\n  in vidcap_core, config/files\.py:\d+\n  try: ", capsys.readouterr().err)


@pytest.mark.parametrize(
    "words",
    [
        ["config", "show", "core/" + "x" * 5000],
        ["config", "show", "x" * 5000 + ".py"],
        ["caption", "film.mp4", "--model", "x" * 5000],
        ["caption", "film.mp4", "--model", "hf:" + "a" * 400 + "/b"],
        ["caption", "film.mp4", "--model", "core/" + "x" * 5000],
        ["features", "inspect", "x" * 5000],
        ["info", "x" * 5000 + ".yaml"],
        ["report", "x" * 5000],
        ["score", "x" * 5000, "x" * 5000],
    ],
)
def test_a_name_that_no_file_can_have(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert vidcap(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "internal error" not in said


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.ENAMETOOLONG])
def test_what_the_machine_refuses_is_no_fault_of_the_code(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise OSError(number, os.strerror(number), "file")

    assert guarded(command, debug=False) == 2
    assert capsys.readouterr().err == f"error: {os.strerror(number)}: file\n"
