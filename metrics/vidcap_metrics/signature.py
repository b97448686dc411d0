"""What a number means: which metric, which tokens, which references, which clips."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


def hash_ids(ids: Iterable[str]) -> str:
    """Eight hex digits for a set of clip ids, whatever their order; "" for none."""
    ordered = sorted(ids)
    return hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:8] if ordered else ""


@dataclass(frozen=True)
class Signature:
    """Two numbers may be compared when their signatures are equal."""

    metric: str
    version: str
    tokenizer: str
    references: tuple[int, int]
    """fewest and most references of a scored clip"""
    policy: str
    """what happened to clips without a prediction: error, skip or zero"""
    clips: int
    """clips that count in the number"""
    of: int
    """clips that have references"""
    missing: str = ""
    """hash of the ids that have references but no prediction"""

    def __str__(self) -> str:
        low, high = self.references
        parts = [
            self.metric,
            f"v:{self.version}",
            f"tok:{self.tokenizer}",
            f"refs:{low}" if low == high else f"refs:{low}-{high}",
            f"missing:{self.policy}",
            f"clips:{self.clips}/{self.of}",
        ]
        if self.missing:
            parts.append(f"without:{self.missing}")
        return "|".join(parts)
