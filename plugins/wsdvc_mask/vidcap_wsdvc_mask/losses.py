"""Losses on masks, numbers to watch about them, and words counted row by row."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from vidcap_core.api import Batch, Loss, Named, Output, named_output, output_with_target


class MaskDiversity(Loss):
    """L_div = mean over i != j of relu(cos(M_i, M_j) - gamma), and the mean over clips with two events or more.

    gamma: similarity that costs nothing.
    """

    def __init__(self, *, gamma: float = 0.8) -> None:
        super().__init__()
        self.gamma = gamma
        self.reads = frozenset({"masks"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over clips, and the number of those that have a pair."""
        similarity, pairs = _pairs(named_output(output, "masks", "MaskDiversity"))
        counts = pairs.sum((1, 2))
        each = ((similarity - self.gamma).relu() * pairs).sum((1, 2)) / counts.clamp_min(1)
        return each.sum(), (counts > 0).sum().float()


class MaskCoverage(Loss):
    """relu(least - mean_t max_k M_k(t)): together the masks see a part of the clip.

    least: the share of the clip that costs nothing.
    """

    def __init__(self, *, least: float = 0.6) -> None:
        super().__init__()
        self.least = least
        self.reads = frozenset({"masks"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over clips, and the number of those with an event."""
        named = named_output(output, "masks", "MaskCoverage")
        real = _real(named)
        clips = real.any(1)
        if not real.shape[1]:
            return named.value.sum() * 0, clips.sum().float()
        seen = (named.value * real[..., None]).amax(1).mean(-1)
        return torch.where(clips, self.least - seen, 0).relu().sum(), clips.sum().float()


class MaskSimilarity(Loss):
    """L_sim of SAIL: mean_i relu(margin - s_ii + max_{j != i} s_ij), s_ij = cos(frames under M_i, sentence j).

    margin: how much nearer a mask's own sentence is to be.
    """

    def __init__(self, *, margin: float = 0.1) -> None:
        super().__init__()
        self.margin = margin
        self.reads = frozenset({"inside"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over clips of their mean over events, and the number of clips that have another sentence."""
        inside, sentences, real = output_with_target(output, "inside", "MaskSimilarity")
        assert real is not None
        similarity = normalize(inside, dim=-1) @ normalize(sentences, dim=-1).transpose(1, 2)
        own = torch.eye(similarity.shape[1], dtype=torch.bool, device=similarity.device)
        others = similarity.masked_fill(own | ~real[:, None], -torch.inf).amax(-1)
        several = real.sum(1) > 1
        counts = real & several[:, None]
        price = torch.where(counts, self.margin - similarity.diagonal(dim1=1, dim2=2) + others, 0).relu()
        return (price.sum(1) / counts.sum(1).clamp_min(1)).sum(), several.sum().float()


class MaskStatistic(Loss):
    """A number to watch, never a gradient: give it `scale=0`.

    of: "width" (mean w), "overlap" (mean cosine of two masks of a clip), "entropy" (of a mask made to sum to 1,
        over ln T), "clamped" (share of intervals that the clip's ends cut off).
    """

    def __init__(self, *, of: Literal["width", "overlap", "entropy", "clamped"]) -> None:
        super().__init__()
        self.of = of
        self.reads = frozenset({"masks", "spans"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum and count over events, or over pairs of them."""
        named, spans = (
            named_output(output, "masks", "MaskStatistic"),
            named_output(output, "spans", "MaskStatistic"),
        )
        real = _real(named)
        if self.of == "overlap":
            similarity, pairs = _pairs(named)
            return (similarity * pairs).sum().detach(), pairs.sum().float()
        centre, width = spans.value.detach().unbind(-1)
        if self.of == "width":
            values = width
        elif self.of == "clamped":
            values = ((centre - width / 2 < 0) | (centre + width / 2 > 1)).float()
        else:
            share = named.value.detach().float()
            share = share / share.sum(-1, keepdim=True).clamp_min(1e-9)
            values = torch.special.entr(share).sum(-1) / torch.tensor(float(share.shape[-1])).log()
        return torch.where(real, values, 0).sum(), real.sum().float()


class RowTokenLoss(Loss):
    """Mean over rows of a row's mean -log p(w): a long text weighs as much as a short one.

    output: `full`, `positive` or `negative`.
    smoothing: share of the probability that is spread over all words.
    """

    def __init__(self, *, output: str, smoothing: float = 0.0) -> None:
        super().__init__()
        self.output, self.smoothing = output, smoothing
        self.reads = frozenset({output, f"{output}_rows"})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over rows of their means, and the number of rows; each has a word at least, its end."""
        logits, target, _ = output_with_target(output, self.output, "RowTokenLoss")
        rows = named_output(output, f"{self.output}_rows", "RowTokenLoss").value
        price = cross_entropy(logits.float(), target, reduction="none", label_smoothing=self.smoothing)
        count = rows.new_zeros(len(rows)).index_add_(0, rows, torch.ones_like(rows))
        return (price / count[rows]).sum(), (count > 0).sum().float()


def _real(named: Named) -> Tensor:
    assert named.mask is not None
    return named.mask


def _pairs(named: Named) -> tuple[Tensor, Tensor]:
    """Cosines of a clip's masks [B, N, N], and which of them are of two different real ones."""
    real = _real(named)
    unit = normalize(named.value, dim=-1)
    other = ~torch.eye(real.shape[1], dtype=torch.bool, device=real.device)
    return unit @ unit.transpose(1, 2), real[:, :, None] & real[:, None] & other
