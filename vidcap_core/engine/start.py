"""A run that starts from another's weights: `start_from = dict(run=..., parts=[...], strict=True)`.

What fits by name and shape is taken. Rows that stand for words go by the words' text where two vocabularies differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.schema import StartFrom
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.saved.donor import Donor, read_donor

SHOWN = 8
"""Weights that an error names one by one."""


@dataclass(frozen=True, slots=True)
class Start:
    """What was taken, by name, and why the rest was not."""

    source: str
    taken: Mapping[str, Tensor]
    left: Mapping[str, str]
    shared: tuple[int, int] | None = None
    """Words that both know, and words here, where the vocabularies differ."""

    def lines(self) -> Iterator[str]:
        """What a log says of it."""
        yield f"starts from {self.source}: {len(self.taken)} weights taken, {len(self.left)} not"
        if self.shared is not None:
            yield f"  {self.shared[0]} of {self.shared[1]} words are known there; the others start at random"
        for name, why in self.left.items():
            yield f"  not taken: {name}: {why}"


def start(captioner: Captioner, settings: StartFrom) -> Start:
    """Put the weights of another run into a captioner; with `strict`, all of the parts that were asked for."""
    donor = read_donor(settings.run)
    made = match(captioner, donor, settings.parts)
    if settings.strict and made.left:
        shown = [f"{name}: {why}" for name, why in list(made.left.items())[:SHOWN]]
        more = f"\n  and {len(made.left) - SHOWN} more" if len(made.left) > SHOWN else ""
        raise UserError(
            f"start_from: {donor.source} does not fit:\n  " + "\n  ".join(shown) + more,
            hint="--set start_from.strict=False takes what fits; start_from.parts=['head.gru'] asks for less",
        )
    if not made.taken:
        raise UserError(f"start_from: nothing of {donor.source} fits", hint="a run of the same head")
    captioner.load_state_dict({**captioner.state_dict(), **made.taken})
    return made


def match(captioner: Captioner, donor: Donor, parts: Sequence[str] | None) -> Start:
    """Which weights of a donor fit where."""
    own = {name: value for name, value in captioner.state_dict().items() if not name.startswith("losses.")}
    if parts is not None:
        own = {name: value for name, value in own.items() if any(_within(name, part) for part in parts)}
        if empty := [part for part in parts if not any(_within(name, part) for name in own)]:
            raise ConfigError(
                f"start_from.parts: '{empty[0]}' has no weights", hint="head, encoders.NAME, head.gru"
            )
    rows = _Rows.of(captioner, donor)
    taken: dict[str, Tensor] = {}
    left: dict[str, str] = {}
    for name, value in own.items():
        given = donor.weights.get(name)
        if given is None:
            left[name] = "there is none of this name"
        elif rows is not None and (dim := rows.dim(value, given)) is not None:
            taken[name] = rows.moved(value, given, dim)
        elif given.shape != value.shape:
            left[name] = f"{tuple(given.shape)} there, {tuple(value.shape)} here"
        else:
            taken[name] = given.to(value.dtype)
    return Start(donor.source, taken, left, rows.shared if rows is not None and taken else None)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Which row here is which row there, by the text of a word."""

    here: tuple[int, ...]
    there: tuple[int, ...]
    sizes: tuple[int, int]

    @classmethod
    def of(cls, captioner: Captioner, donor: Donor) -> _Rows | None:
        """None where both have the same words."""
        state = captioner.tokenizer.state()
        if donor.tokenizer is None or state == donor.tokenizer:
            return None
        words, others = state.get("words"), donor.words
        if words == others:  # or neither tokenizer is a list of words: shapes decide
            return None
        if words is None or others is None:
            raise UserError(
                f"start_from: {donor.source} has a tokenizer of another kind",
                hint="start_from.parts: parts that know no words, such as encoders.NAME",
            )
        index = {word: number for number, word in enumerate(others)}
        pairs = [(number, index[word]) for number, word in enumerate(words) if word in index]
        here, there = zip(*pairs, strict=True)
        return cls(here, there, (len(words), len(others)))

    @property
    def shared(self) -> tuple[int, int]:
        """Words that both know, and words here."""
        return len(self.here), self.sizes[0]

    def dim(self, value: Tensor, given: Tensor) -> int | None:
        """The dimension that counts words; the others must be equal."""
        if value.dim() != given.dim():
            return None
        others = [a == b for a, b in zip(value.shape, given.shape, strict=True)]
        for dim in range(value.dim()):
            counts = (value.shape[dim], given.shape[dim]) == self.sizes
            if counts and all(others[:dim] + others[dim + 1 :]):
                return dim
        return None

    def moved(self, value: Tensor, given: Tensor, dim: int) -> Tensor:
        """What is here, with the rows of known words from there."""
        there = given.to(value.dtype).index_select(dim, torch.tensor(self.there))
        return value.clone().index_copy_(
            dim, torch.tensor(self.here, device=value.device), there.to(value.device)
        )


def _within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")
