"""What PDVC learns: which queries find events, when those are, how many there are, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, logsigmoid

from vidcap_core.api import AnyDataset, Batch, DataError, Loss, Output, output_with_target
from vidcap_pdvc.matching import ALPHA, GAMMA
from vidcap_pdvc.spans import overlaps

FAR = 2.0
"""Standard deviation, in events, of what counts as a near miss of the count."""


class EventScoreLoss(Loss):
    """-alpha (1 - p)^gamma log p, or -(1 - alpha) p^gamma log(1 - p) where no event is.

    The sum over layers and queries, per taught event.
    """

    reads = frozenset({"scores"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum, and the number of taught events; a batch without any counts as one."""
        scores, found, _ = output_with_target(output, "scores", "EventScoreLoss")
        scores, hit = scores.float(), found.bool()
        sign = torch.where(hit, 1, -1) * scores
        each = (-sign).sigmoid() ** GAMMA * -logsigmoid(sign) * torch.where(hit, ALPHA, 1 - ALPHA)
        return each.sum(), found[0].sum().clamp_min(1)


class EventSpanLoss(Loss):
    """Sum over layers of 1 - GIoU, per taught event."""

    reads = frozenset({"spans"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum, and the number of taught events."""
        spans, truth, taught = output_with_target(output, "spans", "EventSpanLoss")
        assert taught is not None
        each = torch.where(taught, 1 - overlaps(spans.float(), truth), 0)
        return each.sum(), taught[0].sum()


class EventCountLoss(Loss):
    """Sum over layers of mean_k (1 - r_k) w_k BCE(count_k, [k = n]), per clip; w_k = 1 - exp(-(k - n)^2 / 8), w_n = 1.

    r_k is the share of training clips that have k events; it is learnt from the training set, before a run.
    """

    reads = frozenset({"count"})

    def __init__(self) -> None:
        super().__init__()
        self.rates: list[float] = []

    def fit(self, dataset: AnyDataset) -> None:
        """Count the events of each training clip."""
        self.rates_of([len(events) for file in dataset.events() for events in file.values()])

    def rates_of(self, counts: Sequence[int]) -> None:
        """Learn r_k of how many events each training clip has."""
        if not counts:
            raise DataError("EventCountLoss counts the events of the training clips, and there is no clip")
        self.rates = [counts.count(number) / len(counts) for number in range(max(counts) + 1)]

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over layers and clips, and the number of clips."""
        count, target, _ = output_with_target(output, "count", "EventCountLoss")
        size = count.shape[-1]
        rates = [*self.rates, *[0.0] * size][:size]
        common = torch.tensor(rates).to(count.device, non_blocking=True)
        away = torch.arange(size, device=count.device) - target[..., None]
        hit = (away == 0).float()
        near = torch.where(away == 0, 1.0, 1 - torch.exp(-(away**2) / (2 * FAR**2)))
        each = binary_cross_entropy_with_logits(count.float(), hit.expand_as(count), reduction="none")
        return (each * (1 - common) * near).mean(-1).sum(), count.new_full((), float(len(target)))


class EventTokenLoss(Loss):
    """Sum over layers of -mean_t log p(w_t), per taught event: a long text weighs as much as a short one."""

    reads = frozenset({"tokens"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over layers and events, and the number of taught events."""
        logits, words, real = output_with_target(output, "tokens", "EventTokenLoss")
        assert real is not None
        price = cross_entropy(logits.float().flatten(0, -2), words.flatten(), reduction="none").view(
            words.shape
        )
        long = real.sum(-1)
        means = torch.where(real, price, 0).sum(-1) / long.clamp_min(1)
        return means.sum(), (long[0] > 0).sum()
