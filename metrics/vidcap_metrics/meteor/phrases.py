"""Hashes of words and phrases: 64 bits, made for many at once.

H(bytes) = Σ byteᵢ · Bⁱ mod 2⁶⁴,   so   H("x y") = H(x) + B^|x| · (32 + B · H(y))
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
BASE = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
SPACE = np.uint64(32)


def word_hash(text: str) -> tuple[int, int]:
    """H of a text, and B to the power of its length in bytes."""
    total, power = 0, 1
    for byte in text.encode("utf-8", "surrogatepass"):
        total = (total + byte * power) & MASK
        power = (power * BASE) & MASK
    return total, power


def line_hashes(text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Hashes:
    """H of each line text[start:end], by differences of one running sum."""
    size = len(text)
    powers = _powers(BASE, size)
    running = np.zeros(size + 1, np.uint64)
    np.cumsum(text * powers, out=running[1:])
    inverse = _powers(pow(BASE, -1, 1 << 64), size + 1)
    return (running[ends] - running[starts]) * inverse[starts]


def _powers(base: int, count: int) -> Hashes:
    out = np.full(count, base, np.uint64)
    out[:1] = 1
    return np.cumprod(out, dtype=np.uint64)


def longer(first: Hashes, power: Hashes, rest: Hashes) -> Hashes:
    """H of "first rest", where `power` is B to the length of first."""
    out: Hashes = first + power * (SPACE + np.uint64(BASE) * rest)
    return out
