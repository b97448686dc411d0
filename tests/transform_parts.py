"""Transforms of a stranger: sound ones, and ones that forget what they promised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from vidcap_core.api import AnyDataset, Missing, Sample


class CountWords:
    """A target that depends on the sample and on the dataset."""

    def __init__(self, factor: int = 1) -> None:
        self.factor = factor

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        words = self.factor * len((sample.text or "").split())
        return sample.with_targets(words=words, of=len(dataset.clips))


class SwapWords:
    """Two neighbours in a text change places, at random."""

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        words = (sample.text or "").split()
        at = int(rng.integers(max(1, len(words) - 1)))
        words[at : at + 2] = words[at : at + 2][::-1]
        return replace(sample, text=" ".join(words))


class Mirror:
    """Half of the videos are seen in a mirror."""

    varies = True

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        if "frames" not in sample.inputs or rng.random() < 0.5:
            return sample
        frames = np.ascontiguousarray(sample.inputs["frames"][:, :, ::-1])
        return replace(sample, inputs={**sample.inputs, "frames": frames})


class Upright:
    """As `Mirror`, but always, so that nothing is drawn."""

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        if "frames" not in sample.inputs:
            return sample
        frames = np.ascontiguousarray(sample.inputs["frames"][:, ::-1])
        return replace(sample, inputs={**sample.inputs, "frames": frames})


class Forgetful:
    """Gives targets, as transforms once did."""

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Any:
        return {"words": 3}


class Needy:
    """Needs a file that is not there. words: the file."""

    def __init__(self, words: str) -> None:
        self.words = words

    @classmethod
    def missing(cls, words: str) -> Iterator[Missing]:
        """The file."""
        yield Missing("list of words", words, "--set {at}.words=FILE")

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        return sample
