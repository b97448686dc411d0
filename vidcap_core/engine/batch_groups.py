"""The batches of a phase on the device, in groups of as many as make an update."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Batch
from vidcap_core.engine.data import Order, data_workers, training_loader
from vidcap_core.engine.training import Training


class BatchGroups:
    """Iterated once an epoch, from where the order stands; its workers live over all epochs of the phase."""

    def __init__(self, training: Training, dataset: Dataset, order: Order, accumulate: int) -> None:
        self.device, self.accumulate = training.captioner.device, accumulate
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
        while group := [batch.to(self.device) for batch in islice(batches, self.accumulate)]:
            yield group
