"""Digests of very many sources, 16 bytes each in one array: sets of strings would take ten times as much."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

KIND = "u8,u8"


def packed(digests: Iterable[str]) -> np.ndarray:
    """Hexadecimal digests as an array, which sorts and compares."""
    return np.frombuffer(b"".join(map(bytes.fromhex, digests)), KIND)


def joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    """Several arrays as one."""
    return np.concatenate([np.empty(0, KIND), *parts])


def repeated(digests: np.ndarray) -> set[str]:
    """Those that are there more than once."""
    values, counts = np.unique(digests, return_counts=True)
    return plain(values[counts > 1])


def plain(digests: np.ndarray) -> set[str]:
    """A few digests as text."""
    return {digest.tobytes().hex() for digest in digests}
