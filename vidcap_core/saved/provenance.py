"""What made a run or a figure: seed, data, machine, versions, commit."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from vidcap_core.zoo import plugins


def machine(device: str | torch.device = "cpu") -> str:
    """Processor or GPU, torch's threads, and torch's version, as runs, result files and cards say them."""
    chip = f"{platform.machine()} CPU"
    if torch.device(device).type == "cuda":
        chip = torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{chip}, {threads} thread{'' if threads == 1 else 's'}, torch {torch.__version__}"


def provenance(seed: int, data_hash: str, device: str) -> dict[str, Any]:
    """What made a run: seed, data, machine, versions, plugins, commit."""
    return {
        "seed": seed,
        "data": data_hash,
        "machine": machine(device),
        "versions": {name: version(name) for name in ("vidcap-core", "torch", "mmengine", "transformers")},
        "plugins": {p.name: p.version for p in plugins.discover().values() if p.reason is None},
        "commit": _commit(),
    }


def _commit() -> str | None:
    """The git commit of the source tree vidcap runs from, if it is one; `+` marks uncommitted changes."""
    here = Path(__file__).parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(here), *words], capture_output=True, text=True, timeout=10
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    if git("ls-files", "--error-unmatch", __file__) is None:
        return None
    commit = git("rev-parse", "--short=12", "HEAD")
    return commit and commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
