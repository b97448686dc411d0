"""What a number means: which metric and settings, which tokens, which references, which clips."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


def hash_ids(ids: Iterable[str]) -> str:
    """Eight hex digits for a set of clip ids, whatever their order; "" for none."""
    ordered = sorted(ids)
    return hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:8] if ordered else ""


def hash_captions(captions: Mapping[str, Sequence[str]]) -> str:
    """Eight hex digits for captions by clip, whatever the order of clips and captions; "" for none."""
    digest = hashlib.sha256()
    for clip in sorted(captions, key=str):
        digest.update("\n".join([f"\0{clip}", *sorted(captions[clip])]).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:8] if captions else ""


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
    captions: str = ""
    """hash of all references"""
    settings: Mapping[str, str] = field(default_factory=dict)
    """what else moves the number: a corpus, training captions, an engine"""

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
        parts += [f"{name}:{value}" for name, value in self.settings.items()]
        if self.captions:
            parts.append(f"hash:{self.captions}")
        return "|".join(parts)
