"""A small part of the zoo of attacks; `benchmarks/attacks.py` makes all of them."""

from __future__ import annotations

import signal
from pathlib import Path

from attacks import zoo

EVERY = 10


def test_a_part_of_the_zoo_survives(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        rows = list(zoo.rows(tmp_path, EVERY))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [row.attack for row in rows] == list(zoo.KINDS)
    assert [line for row in rows for line in row.failed] == []
    assert max(row.peak for row in rows) < 3 * 1024
