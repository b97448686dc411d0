"""Processes of several machines need one run folder: each looks for a file that the main one has just written."""

from __future__ import annotations

import socket
import time
import uuid
from pathlib import Path

from vidcap_core.engine import mm
from vidcap_core.errors import UserError

PATIENCE = 20.0
"""Seconds in which a network's file system must show to all what one has written."""


def check(folder: Path, patience: float = PATIENCE) -> None:
    """Refuse a run folder that not all processes see; all of them refuse alike."""
    if mm.world_size() == 1:
        return
    token: Path | None = None
    if mm.is_main():
        token = folder / f".shared-{uuid.uuid4().hex}"
        token.touch()
    name = mm.from_main(token.name if token is not None else "")
    try:
        seen = mm.gather((socket.gethostname(), _appears(folder / name, patience)))
    finally:
        if token is not None:
            token.unlink(missing_ok=True)
    if blind := sorted({host for host, there in seen if not there}):
        raise UserError(
            f"the run folder {folder} is not shared: {', '.join(blind)} does not see what the first process wrote",
            hint="--work-dir on a file system that all machines have mounted",
        )


def _appears(path: Path, patience: float) -> bool:
    until = time.monotonic() + patience
    while not path.exists():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True
