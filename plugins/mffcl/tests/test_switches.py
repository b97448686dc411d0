"""The command that the README gives for Eq. 3 as printed, typed as it stands there, on few clips and steps."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from vidcap_core.saved.load import load_run

README = Path(__file__).resolve().parents[1] / "README.md"


def test_eq_3_as_printed_trains(tmp_path):
    [command] = re.findall(
        r"^vidcap-run (mffcl/toy .*head\.contrast=None.*)$", README.read_text(encoding="utf-8"), re.M
    )
    small = [
        "data.train.size='small'",
        "data.val.size='small'",
        "data.train.limit=8",
        "data.val.limit=2",
        "phases.align.epochs=1",
        "phases.caption.epochs=1",
        "runtime.batch=4",
        "evaluate.every=0",
        "evaluate.best=None",
        "evaluate.metrics=['cider-d']",
    ]
    words = [*shlex.split(command), *(word for change in small for word in ("--set", change))]
    done = subprocess.run(
        [sys.executable, "-m", "vidcap_core.cli.run", *words, "--work-dir", str(tmp_path / "run"), "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    made = load_run(tmp_path / "run")
    assert not list(made.head.contrast.parameters())
