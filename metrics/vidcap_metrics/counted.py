"""Numbers of things in words: 1 clip, 2,990 clips."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it needs one."""
    return f"{number:,} {plural(number, noun)}"


def plural(number: int, noun: str) -> str:
    """A noun as it stands after a number."""
    return noun if number == 1 else f"{noun}s"
