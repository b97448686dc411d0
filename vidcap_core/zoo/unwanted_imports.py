"""Packages that a library imports for extras of its own, where seconds count and nobody asked for these."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Inside, these packages are as good as not installed, unless they were imported before."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: Python says ImportError
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
