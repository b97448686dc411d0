"""Words as `generate` chooses them, for whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Collection

from torch import Tensor
from transformers.generation import BaseStreamer

from vidcap_core.api import Hyp


class Aloud(BaseStreamer):  # type: ignore[misc]
    """Tells of each row, until it ends, which words it has. heard: of a row and its text so far."""

    def __init__(self, heard: Callable[[int, Hyp], None], ends: Collection[int]) -> None:
        self.heard, self.ends = heard, frozenset(ends)
        self.rows: list[list[int]] = []
        self.over: set[int] = set()

    def put(self, value: Tensor) -> None:
        """First the prompts [R, L], then a word of each row [R], step by step."""
        if not self.rows:
            self.rows = [[] for _ in value]
            return
        for row, word in enumerate(value.tolist()):
            if word in self.ends:
                self.over.add(row)
            if row not in self.over:
                self.rows[row].append(word)
                self.heard(row, Hyp(list(self.rows[row]), 0.0, []))

    def end(self) -> None:
        """Nothing is held back."""
