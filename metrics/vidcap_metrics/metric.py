"""What every caption metric takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vidcap_metrics.signature import Signature


@dataclass(frozen=True)
class Additive:
    """A corpus value that is a function of sums over clips, not their mean (BLEU): what resampling needs."""

    parts: NDArray[np.float64]
    """[clips, parts]"""
    combine: Callable[[NDArray[np.float64]], dict[str, NDArray[np.float64]]]
    """sums [samples, parts] → {name: [samples]}"""


@dataclass(frozen=True)
class Values:
    """What a metric computes: one number per name over the corpus, and one per name and clip."""

    corpus: dict[str, float]
    clips: dict[str, dict[str, float]] = field(default_factory=dict)
    additive: Additive | None = None


@dataclass(frozen=True)
class Score:
    """A metric's values with the signature that says what they mean."""

    values: dict[str, float]
    clips: dict[str, dict[str, float]]
    signature: Signature
    additive: Additive | None = None


@runtime_checkable
class Metric(Protocol):
    """A caption metric over tokenised text (tokens joined by single spaces).

    `prepare` does once what depends on the references alone; `score` may then be called often. One whose values lie
    between two numbers may say so in `bounds`: value -> (worst, best). One that was given what moves its values (a
    corpus, training captions) says so in `settings`: name -> value or hash, which the signature shows. Values that
    describe the predictions alone, and are no match with the references, are named in `describes`.
    The predictions' ids are the references' ids: `Scorer` sees to that.

    A class may say more; where it says nothing, it is False:
    `reads_as_written`: it gets texts as they are in the files, not tokenised (its signature then has `tok:none`).
    `reads_clips`: it looks at the videos: `prepare(references, clips)`, with `{clip: Clip}` of the same ids.
    `reads_events` (`EventMetric`), `reads_samples` (`Samples`): it reads something else than one text a clip, and has
    a `scorer` of its own.
    """

    name: str
    version: str

    def prepare(self, references: Mapping[str, Sequence[str]]) -> Any:
        """References as this metric wants them; opaque to everyone else."""
        ...

    def score(self, prepared: Any, predictions: Mapping[str, str]) -> Values:
        """Corpus values `{name: value}` and per-clip values `{name: {clip: value}}`."""
        ...
