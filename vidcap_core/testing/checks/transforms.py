"""Checks of a transform: a sample in, a sample out, and both fit batches."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Sample
from vidcap_core.engine.data import Collate
from vidcap_core.testing.check import Broken, Checks, expect
from vidcap_core.testing.checks.datasets import differing, times_of_rows

SAMPLES = 4


@dataclass(frozen=True)
class Subject:
    """A transform, the data set that it stands in, and the tokenizer of the config."""

    transform: Any
    dataset: Dataset
    tokenizer: Tokenizer

    def samples(self) -> list[Sample]:
        """What it is given."""
        return [
            self.dataset.get(i, np.random.default_rng([0, i])) for i in range(min(SAMPLES, len(self.dataset)))
        ]

    def transformed(self, sample: Sample, seed: int) -> Sample:
        """What it makes of a sample."""
        return self.transform(sample, self.dataset, np.random.default_rng([1, seed]))  # type: ignore[no-any-return]


def gives_a_sample(subject: Subject) -> None:
    """It gives a Sample of the same clip, whose rows have their times, and leaves the given one as it was."""
    for index, sample in enumerate(subject.samples()):
        before = copy.deepcopy(sample)
        after = subject.transformed(sample, index)
        changed = f"sample {index} transformed"
        expect(isinstance(after, Sample), changed, f"that a Sample comes out; it is a {type(after).__name__}")
        expect(after.clip.id == sample.clip.id, changed, f"the clip; {sample.clip.id} became {after.clip.id}")
        times_of_rows(after, changed)
        moved = differing(before, sample)
        expect(not moved, changed, f"the sample that it was given (others share its arrays); {moved} moved")


def collates(subject: Subject) -> None:
    """Samples that went through it fit one batch."""
    after = [subject.transformed(sample, index) for index, sample in enumerate(subject.samples())]
    keys = {tuple(sample.targets) for sample in after}
    changed = f"{len(after)} samples transformed and put into a batch"
    expect(len(keys) == 1, changed, f"that all samples have the same targets; {sorted(keys)}")
    try:
        batch = Collate(subject.tokenizer)(after)
    except Exception as error:
        raise Broken(changed, f"that they fit; {type(error).__name__}: {error}") from None
    expect(len(batch) == len(after), changed, "how many clips there are")
    for name, stream in batch.streams.items():
        expect(
            bool(stream.values[stream.mask].isfinite().all()), changed, f"that the stream '{name}' is finite"
        )


def depends_on_rng(subject: Subject) -> None:
    """The same generator gives the same result: every random choice comes from `rng`."""
    for index, sample in enumerate(subject.samples()):
        first = subject.transformed(sample, index)
        np.random.rand()
        moved = differing(first, subject.transformed(sample, index))
        expect(
            not moved,
            f"sample {index} transformed twice with the same generator",
            f"the result; {moved} moved",
        )


CHECKS: Checks = {"a sample": gives_a_sample, "collates": collates, "same rng": depends_on_rng}
