"""Batches in an order that depends on seed, phase and epoch alone: not on workers, processes or restarts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from vidcap_core.captioner.padding import pad_streams
from vidcap_core.captioner.prepare import Prepare
from vidcap_core.contracts.collate import side_by_side
from vidcap_core.contracts.dataset import Dataset, IterableDataset
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Sample
from vidcap_core.engine.lanes import LaneOrder, Lanes
from vidcap_core.errors import DataError
from vidcap_core.heads.layers import padded_ids

Address = tuple[int, int]
"""(epoch, index): all that the random choices of a sample depend on, besides the run's seed and phase."""


class Order:
    """Global batches of an epoch, of which each process takes its share; starts anywhere.

    The last, smaller batch is left out, unless the data set is smaller than one batch.
    """

    def __init__(self, size: int, batch: int, seed: Sequence[int], rank: int = 0, world: int = 1) -> None:
        if size == 0:
            raise DataError("the training data set is empty", hint="vidcap data check NAME")
        self.batch = min(batch, size)
        if self.batch < world or self.batch % world:
            raise DataError(f"a batch of {self.batch} clips cannot be shared evenly by {world} processes")
        self.size, self.seed, self.rank, self.world = size, tuple(seed), rank, world
        self.epoch = 0
        self.position = 0

    @property
    def batches(self) -> int:
        """Batches an epoch."""
        return self.size // self.batch

    def seek(self, epoch: int, position: int) -> None:
        """Go on with a batch of an epoch."""
        self.epoch, self.position = epoch, position

    def __len__(self) -> int:
        return self.batches - self.position

    def __iter__(self) -> Iterator[list[Address]]:
        order = np.random.default_rng([*self.seed, self.epoch]).permutation(self.size)
        share = self.batch // self.world
        for number in range(self.position, self.batches):
            first = number * self.batch + self.rank * share
            yield [(self.epoch, int(index)) for index in order[first : first + share]]


class Seeded:
    """A dataset addressed by (epoch, index), whose random choices depend on that address and the seed alone."""

    def __init__(self, dataset: Dataset, seed: Sequence[int]) -> None:
        self.dataset = dataset
        self.seed = tuple(seed)

    def __getitem__(self, address: Address) -> Sample:
        epoch, index = address
        return self.dataset.get(index, np.random.default_rng([*self.seed, epoch, index]))


class Collate:
    """Samples to a batch: streams padded to the longest, captions to ids, raw inputs as the captioner prepares them.

    learns: whether the batch has the clips' events.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        max_words: int | None = None,
        prepare: Prepare | None = None,
        learns: bool = True,
    ) -> None:
        self.tokenizer = tokenizer
        self.max_words = max_words
        self.prepare = prepare
        self.learns = learns

    def __call__(self, samples: Sequence[Sample]) -> Batch:
        texts = tuple(s.text for s in samples if s.text is not None)
        tokens, mask = self._tokens(texts) if len(texts) == len(samples) else (None, None)
        check_times(samples)
        prepared, inputs = {}, [s.inputs for s in samples]
        if self.prepare:  # what the parts have prepared goes on instead of what they read
            prepared = self.prepare.together([self.prepare.of_sample(s) for s in samples])
            raw = self.prepare.raw
            inputs = [{name: values for name, values in s.inputs.items() if name in raw} for s in samples]
        return Batch(
            clips=tuple(s.clip for s in samples),
            streams=pad_streams([s.streams for s in samples], [s.times for s in samples]),
            inputs=pad_streams(inputs, [s.times for s in samples]),
            texts=texts if tokens is not None else None,
            tokens=tokens,
            token_mask=mask,
            targets=_targets(samples),
            events=tuple(s.events for s in samples) if self.learns else None,
            prepared=prepared,
        )

    def _tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        tk = self.tokenizer
        rows = [[tk.bos_id, *tk.encode(text)[: self.max_words], tk.eos_id] for text in texts]
        return padded_ids(rows, tk.pad_id)


def check_times(samples: Sequence[Sample]) -> None:
    """Refuse rows and times of rows that do not fit each other."""
    for sample in samples:
        for name, times in sample.times.items():
            rows = sample.streams.get(name, sample.inputs.get(name))
            if rows is not None and len(rows) != len(times):
                raise DataError(
                    f"'{sample.clip.id}' has {len(rows)} rows of '{name}', and times of {len(times)}",
                    hint="a transform that leaves rows out leaves their times out too",
                )


def _targets(samples: Sequence[Sample]) -> dict[str, Any]:
    """The targets by name; all samples have the same ones."""
    names = dict.fromkeys(name for sample in samples for name in sample.targets)
    for sample in samples:
        if lacking := [name for name in names if name not in sample.targets]:
            raise DataError(
                f"'{sample.clip.id}' has no target '{lacking[0]}', which others of its batch have",
                hint="a transform gives every sample the same targets: None where there is none",
            )
    return side_by_side([sample.targets for sample in samples])


MOST_WORKERS = 8


def data_workers(asked: int | None, device: str) -> int:
    """Data workers of a process: as asked, else none on a CPU, and with a GPU its share of the cores."""
    if asked is not None:
        return asked
    if device != "cuda":
        return 0
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return max(1, min(MOST_WORKERS, len(os.sched_getaffinity(0)) // here - 1))


def _loader(dataset: object, order: Iterable[list[Any]], collate: Collate, workers: int) -> DataLoader[Any]:
    """Batches in the given order; workers only fetch, and live as long as the loader."""
    return DataLoader(
        dataset,  # type: ignore[arg-type]
        batch_sampler=order,
        collate_fn=collate,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        persistent_workers=workers > 0,
        generator=torch.Generator(),  # its own: a loader must not draw from the run's random state
        pin_memory=torch.cuda.is_available(),
    )


def training_loader(
    dataset: Dataset | IterableDataset,
    order: Order | LaneOrder,
    tokenizer: Tokenizer,
    workers: int,
    max_words: int | None = None,
    prepare: Prepare | None = None,
) -> DataLoader[Any]:
    """Batches in the given order."""
    collate = Collate(tokenizer, max_words, prepare)
    if isinstance(order, LaneOrder):
        lanes = Lanes(cast(IterableDataset, dataset), order.seed, order.lanes * order.world)
        return _loader(lanes, order, collate, order.workers(workers))
    return _loader(Seeded(cast(Dataset, dataset), order.seed), order, collate, workers)


class Unlabelled:
    """A dataset without captions, whose random choices depend on the index alone."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __getitem__(self, index: int) -> Sample:
        return replace(self.dataset.get(index, np.random.default_rng([0, index])), text=None)


def evaluation_batches(
    dataset: Dataset,
    tokenizer: Tokenizer,
    batch: int,
    rank: int = 0,
    world: int = 1,
    prepare: Prepare | None = None,
    workers: int = 0,
) -> Iterator[Batch]:
    """Every clip exactly once over all processes, in order, without padding and without its captions."""
    mine = range(rank, len(dataset), world)
    order = [list(mine[first : first + batch]) for first in range(0, len(mine), batch)]
    collate = Collate(tokenizer, prepare=prepare, learns=False)
    yield from _loader(Unlabelled(dataset), order, collate, min(workers, len(order)))


def single_clips(
    dataset: Dataset, indices: Sequence[int], tokenizer: Tokenizer, prepare: Prepare, workers: int
) -> Iterator[Batch]:
    """Batches of one clip each, without captions: what a clip becomes then depends on no neighbour."""
    collate = Collate(tokenizer, prepare=prepare, learns=False)
    yield from _loader(Unlabelled(dataset), [[index] for index in indices], collate, workers)
