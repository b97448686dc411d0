"""Where something stands in a config."""

from __future__ import annotations

KeyPath = tuple[str | int, ...]


def dotted(path: KeyPath) -> str:
    """A key path as one types it: `head.layers`, `phases.caption.losses`."""
    return ".".join(str(part) for part in path) or "(top level)"
