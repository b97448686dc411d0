"""What the language model is to say: ids of prompts and texts, and how to read what it said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from vidcap_core.heads.layers import padded_ids

FULL, MASK, SEP = "<FULL>", "<MASK>", "<SEP>"
REMEMBERED = 200_000
"""Texts whose ids are kept: a clip's sentences are asked for many times a step, and again in each epoch."""
COUNT = re.compile(r"\s*(\d+)\s+events?\s*:")


@dataclass(frozen=True)
class Row:
    """What is said after a clip: ids of a prompt, of a text and of its end; `start` is where the text begins."""

    ids: list[int]
    start: int


@dataclass(frozen=True)
class Lines:
    """Rows of ids [R, L] with their real positions, and of these the ones that are taught."""

    ids: Tensor
    real: Tensor
    taught: Tensor


class Prompts:
    """`<MASK>1 events: ` S_k, `<MASK>n-1 events: ` all others, `<FULL>n events: ` all; each with an end.

    separator "space": the sentences of a text have a space between and after them, and are told apart by full
    stops; "sep": a `<SEP>` stands between them. Everything after the mode token is taught, with the count if
    `teach_count`. Padding is known by its place, never by its id, which may be the end's.
    """

    def __init__(
        self, tokenizer: Any, separator: Literal["space", "sep"], teach_count: bool, most: int | None
    ) -> None:
        self.tokenizer, self.separator, self.teach_count, self.most = tokenizer, separator, teach_count, most
        self._known: dict[str, list[int]] = {}
        self.full, self.mask = tokenizer.token_id(FULL), tokenizer.token_id(MASK)
        self.sep = tokenizer.token_id(SEP) if separator == "sep" else None
        word = self._raw("a")
        self.space = self._raw("a ")[len(word) :]

    def prompt(self, mode: int, count: int) -> list[int]:
        """Mode, number, ` events`, `:` and a space, as this tokenizer cuts them."""
        return [mode, *self._raw(f"{count} events: ")]

    def paragraph(self, sentences: Sequence[str]) -> Row:
        """Full mode: all sentences."""
        pieces = [self._raw(text) for text in sentences]
        return self._row(self.full, len(pieces), _between(pieces, self._gap))

    def event(self, sentence: str) -> Row:
        """Masked mode, positive: one sentence."""
        return self._row(self.mask, 1, self._raw(sentence) + self._tail)

    def others(self, sentences: Sequence[str], left_out: int) -> Row:
        """Masked mode, negative: all sentences but one."""
        pieces = [self._raw(text) for k, text in enumerate(sentences) if k != left_out]
        return self._row(self.mask, len(pieces), _between(pieces, self._gap) + self._tail)

    def lines(self, rows: Sequence[Row]) -> Lines:
        """Rows side by side, padded on the right."""
        ids, real = padded_ids([row.ids for row in rows], self.tokenizer.pad_id)
        position = torch.arange(ids.shape[1])
        first = torch.tensor([1 if self.teach_count else row.start for row in rows], dtype=torch.long)
        return Lines(ids, real, real & (position >= first[:, None]))

    def read(self, ids: Sequence[int]) -> tuple[int | None, list[str]]:
        """The number that a full-mode text begins with, if it does, and its sentences."""
        text = self.tokenizer.decode(list(ids))
        number = COUNT.match(text)
        if self.sep is None:
            body = text.partition("events:")[2] or text
            parts = [f"{part.strip()}." for part in body.split(".") if part.strip()]
        else:
            pieces = [[]]  # type: list[list[int]]
            for id_ in ids:
                if id_ == self.sep:
                    pieces.append([])
                else:
                    pieces[-1].append(id_)
            texts = [self.tokenizer.decode(piece) for piece in pieces]
            texts[0] = COUNT.sub("", texts[0], count=1)
            parts = [text.strip() for text in texts if text.strip(" .")]
        return (int(number.group(1)) if number else None), parts

    @property
    def _gap(self) -> list[int]:
        return self.space if self.sep is None else [self.sep]

    @property
    def _tail(self) -> list[int]:
        return self.space if self.sep is None else []

    def _row(self, mode: int, count: int, text: list[int]) -> Row:
        prompt = self.prompt(mode, count)
        room = None if self.most is None else max(0, self.most - len(prompt) - 1)
        return Row([*prompt, *text[:room], self.tokenizer.eos_id], len(prompt))

    def _raw(self, text: str) -> list[int]:
        """Ids of a text as it is; cleaning would take spaces away. Our own tokens in it are words."""
        if text not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            plain = text
            for token in (FULL, MASK, SEP):
                plain = plain.replace(token, " ")
            ids = self.tokenizer.encode_raw(plain)
            self._known[text] = [id_ for id_ in ids if id_ != self.tokenizer.eos_id]
        return self._known[text]


def _between(pieces: Sequence[list[int]], gap: list[int]) -> list[int]:
    """Pieces with a gap between each two."""
    joined: list[int] = []
    for index, piece in enumerate(pieces):
        joined += ([*gap] if index else []) + piece
    return joined
