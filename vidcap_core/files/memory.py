"""How much memory this machine has."""

from __future__ import annotations

import os


def machine_memory() -> int:
    """In bytes; where the machine does not say, enough for whatever is run on one."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 40
