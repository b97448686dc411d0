"""How every benchmark writes its numbers: behind what they were measured on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vidcap_core.saved.provenance import machine


def write(path: Path, results: dict[str, Any], device: str = "cpu") -> None:
    """Results as JSON; a table that says its machine itself, as those of sweeps do, keeps what it says."""
    path.write_text(json.dumps({"machine": machine(device), **results}, indent=1) + "\n", encoding="utf-8")
