"""The batches of a phase on the device, in groups of as many as make an update."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Batch
from vidcap_core.engine import mm
from vidcap_core.engine.data import Order, data_workers, training_loader
from vidcap_core.engine.lanes import LaneOrder
from vidcap_core.engine.training import Training


class BatchGroups:
    """Iterated once an epoch, from where the order stands; its workers live over all epochs of the phase."""

    def __init__(
        self, training: Training, dataset: Dataset, order: Order | LaneOrder, accumulate: int
    ) -> None:
        self.device, self.accumulate = training.captioner.device, accumulate
        self.speed = training.tracker.speed
        self.loader = training_loader(
            dataset,
            order,
            training.tokenizer,
            data_workers(training.runtime.workers, self.device.type),
            training.recipe.decoding.max_words,
            training.captioner.prepare,
        )

    def __iter__(self) -> Iterator[list[Batch]]:
        batches = iter(self.loader)
        while group := self._next(batches):
            yield [batch.to(self.device) for batch in group]

    def _next(self, batches: Iterator[Batch]) -> list[Batch]:
        with self.speed.waiting():
            group = list(islice(batches, self.accumulate))
        words = [int(b.token_mask.sum()) - len(b) for b in group if b.token_mask is not None]  # not the BOS
        self.speed.words += sum(words) * mm.world_size()
        return group
