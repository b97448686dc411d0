"""What captioner, engine, tokenizers and metrics ask of a data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeGuard, runtime_checkable

from vidcap_core.contracts.types import Clip, Event, Sample

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable
class Dataset(Protocol):
    """One split of a data set.

    One that can look its files over also has `check(deep)`, which gives a report; one that draws inputs at random
    each time has `varies`, which names what is drawn: "frames", "audio", or a transform.
    """

    @property
    def clips(self) -> Sequence[Clip]:
        """Every clip in use, once, in the order of the samples."""
        ...

    def __len__(self) -> int:
        """How many samples there are: captions, or clips."""
        ...

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        """One sample; every random choice comes from `rng`."""
        ...

    def captions(self) -> Iterable[str]:
        """Every text, for a tokenizer to learn from."""
        ...

    def references(self) -> Mapping[str, Sequence[str]]:
        """Captions by clip, for metrics of texts."""
        ...

    def events(self) -> Sequence[Mapping[str, Sequence[Event]]]:
        """Events by clip, one mapping an annotator, for metrics of events."""
        ...

    def durations(self) -> Mapping[str, float]:
        """Seconds by clip, where they are known."""
        ...

    def coverage(self) -> str:
        """How much of the split is used: `N of M`."""
        ...

    def fingerprint(self) -> str:
        """A hash of what the samples are made of."""
        ...


@runtime_checkable
class IterableDataset(Protocol):
    """One split of a data set that is too large to be listed: its samples come in lanes, side by side.

    Training reads it; what is scored must be listed. Data workers and processes read lanes of their own, each batch is
    of one lane, and an epoch is so many samples, wherever the lanes stand then.
    """

    def __len__(self) -> int:
        """Samples of an epoch, over all lanes."""
        ...

    def most_lanes(self) -> int:
        """How many lanes there can be, each with samples of its own."""
        ...

    def stream(self, seed: Sequence[int], lane: int, lanes: int, start: int) -> Iterator[Sample]:
        """What a lane gives, without an end, from its `start`-th sample on.

        The order and every random choice depend on these alone: `start=5` gives what `start=0` gives after five
        samples. While no lane has passed its part, the lanes share nothing.
        """
        ...

    def captions(self) -> Iterable[str]:
        """Texts for a tokenizer to learn from: enough of them, not necessarily all."""
        ...

    def coverage(self) -> str:
        """How much of the split is used: `N of M`."""
        ...

    def fingerprint(self) -> str:
        """A hash of what the samples are made of."""
        ...


def is_stream(dataset: object) -> TypeGuard[IterableDataset]:
    """Whether a data set, or a class of them, gives its samples in lanes alone, and none by its number."""
    kind = dataset if isinstance(dataset, type) else type(dataset)
    return issubclass(kind, IterableDataset) and not hasattr(kind, "get")
