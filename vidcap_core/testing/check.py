"""What a check of the conformance kit finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: kept, broken, or of no concern to this plugin (`ok` is None)."""

    name: str
    ok: bool | None
    detail: str = ""
