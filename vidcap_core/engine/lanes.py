"""A stream of samples as the loader reads it: each batch from the next lane, whoever fetches it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from vidcap_core.contracts.dataset import IterableDataset
from vidcap_core.contracts.types import Sample
from vidcap_core.errors import DataError

MOST = 8
"""Lanes of a process: as many data workers can read side by side."""
Stretch = tuple[int, int, int]
"""Of a lane: its number, the first sample, and how many."""


def lanes_of(shards: int, world: int, batches: int) -> int:
    """Lanes of each process: a power of two, so that workers, 1, 2, 4 or 8, have as many each; each in every epoch."""
    if shards < world:
        raise DataError(
            f"{shards} shards cannot be shared by {world} processes",
            hint="write more shards, of fewer samples",
        )
    most, lanes = min(MOST, shards // world, batches), 1
    while 2 * lanes <= most:
        lanes *= 2
    return lanes


class LaneOrder:
    """Like `Order`, of a stream: which stretch of which lane each batch is.

    A batch's lane follows from its number in the epoch alone. So workers change nothing, and a run goes on exactly
    from the number of its epoch and of its batch. All lanes have as many batches, so that none falls behind.
    """

    def __init__(
        self, dataset: IterableDataset, batch: int, seed: Sequence[int], rank: int = 0, world: int = 1
    ) -> None:
        if batch % world:
            raise DataError(f"a batch of {batch} clips cannot be shared evenly by {world} processes")
        self.seed, self.rank, self.world = tuple(seed), rank, world
        batches = max(1, len(dataset) // batch)
        self.lanes = lanes_of(dataset.most_lanes(), world, batches)
        self.batches = batches // self.lanes * self.lanes
        self._share = batch // world
        self.epoch = 0
        self.position = 0

    def seek(self, epoch: int, position: int) -> None:
        """Go on with a batch of an epoch."""
        self.epoch, self.position = epoch, position

    def __len__(self) -> int:
        return self.batches - self.position

    def __iter__(self) -> Iterator[list[Stretch]]:
        for number in range(self.position, self.batches):
            lane = number % self.lanes
            done = (self.epoch * self.batches + number) // self.lanes
            yield [(self.rank * self.lanes + lane, done * self._share, self._share)]

    def workers(self, asked: int) -> int:
        """Data workers, of so many: each must always read the same lanes, or it would look for its place each time."""
        return max((count for count in (1, 2, 4, 8) if count <= min(asked, self.lanes)), default=0)


class Lanes:
    """The samples of stretches; a lane that is asked for again where it stands goes on."""

    def __init__(self, dataset: IterableDataset, seed: Sequence[int], lanes: int) -> None:
        self._dataset, self._seed, self._lanes = dataset, tuple(seed), lanes
        self._open: dict[int, tuple[int, Iterator[Sample]]] = {}

    def __getitems__(self, stretches: Sequence[Stretch]) -> list[Sample]:
        """What the loader collates: a batch is one stretch."""
        return [sample for stretch in stretches for sample in self._read(*stretch)]

    def _read(self, lane: int, first: int, count: int) -> list[Sample]:
        at, samples = self._open.pop(lane, (-1, iter(())))
        if at != first:
            samples = self._dataset.stream(self._seed, lane, self._lanes, first)
        made = list(islice(samples, count))
        self._open[lane] = first + count, samples
        return made


def first_samples(dataset: IterableDataset, count: int) -> list[Sample]:
    """A few samples, to try things with."""
    return list(islice(dataset.stream((0,), 0, 1, 0), count))
