"""A process of several ends with the one that started them, however that one ended."""

from __future__ import annotations

import os
import threading
import time

LAUNCHER = "VIDCAP_LAUNCHER"
"""In the environment of a process that `launch` started: who did."""
LOOK = 1.0
"""Seconds between two looks at whether it is still there."""


def follow_launcher() -> None:
    """A launcher that was killed cannot end its processes: each ends itself, and holds no device for ever."""
    launcher = os.environ.get(LAUNCHER, "")
    if launcher.isdigit() and "LOCAL_RANK" in os.environ:
        threading.Thread(target=_follow, args=(int(launcher),), daemon=True).start()


def _follow(launcher: int) -> None:
    while os.getppid() == launcher:
        time.sleep(LOOK)
    os._exit(1)
