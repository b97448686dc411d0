"""InfoNCE: a clip and its caption find each other among the batch."""

from __future__ import annotations

import zlib

import torch
from torch import Tensor
from torch.distributed import get_rank, get_world_size, is_available, is_initialized
from torch.nn.functional import cross_entropy, normalize

from vidcap_core.contracts.head import Output
from vidcap_core.contracts.loss import Loss, named_output
from vidcap_core.contracts.types import Batch


class InfoNCE(Loss):
    """-log exp(v_i t_i / g) / sum_j exp(v_i t_j / g) over the rows of the batch, as a mean over rows.

    video: the output with one vector a row for the video.
    text: the output with one vector a row for the caption.
    temperature: g.
    symmetric: the mean of this and of the same from caption to video.
    normalize: scale vectors to length 1 first.
    gather: take negatives from all processes, with gradients; accumulated batches stay apart.
    mask_same_clip: other captions of the same clip are no negatives.
    """

    def __init__(
        self,
        *,
        video: str = "video",
        text: str = "text",
        temperature: float = 0.07,
        symmetric: bool = True,
        normalize: bool = True,
        gather: bool = True,
        mask_same_clip: bool = True,
    ) -> None:
        super().__init__()
        self.video, self.text, self.temperature = video, text, temperature
        self.symmetric, self.normalize, self.mask_same_clip = symmetric, normalize, mask_same_clip
        self.gathers = gather
        self.reads = frozenset({video, text})

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over the rows of this process, and how many they are."""
        video = named_output(output, self.video, "InfoNCE").value.float()
        text = named_output(output, self.text, "InfoNCE").value.float()
        if self.normalize:
            video, text = normalize(video, dim=-1), normalize(text, dim=-1)
        own = torch.tensor([zlib.crc32(clip.id.encode()) for clip in batch.clips])
        own = own.to(video.device, non_blocking=True)
        videos, texts, clips, first = video, text, own, 0
        if self.gathers:
            videos, _ = gathered(video)
            texts, first = gathered(text)
            clips, _ = gathered(own)
        target = torch.arange(first, first + len(video), device=video.device)
        other = own[:, None] == clips[None]
        other[torch.arange(len(own), device=own.device), target] = False
        total = self._one_way(video, texts, target, other)
        if self.symmetric:
            total = (total + self._one_way(text, videos, target, other)) / 2
        return total, total.new_tensor(float(len(video)))

    def _one_way(self, query: Tensor, keys: Tensor, target: Tensor, other: Tensor) -> Tensor:
        scores = query @ keys.T / self.temperature
        if self.mask_same_clip:
            scores = scores.masked_fill(other, -torch.inf)
        return cross_entropy(scores, target, reduction="sum")


def gathered(rows: Tensor) -> tuple[Tensor, int]:
    """The rows of all processes in order of rank, with gradients to each, and where this process's begin.

    Processes may have different numbers of rows: the last batch of an epoch is shorter on some.
    """
    if not (is_available() and is_initialized()) or get_world_size() == 1:
        return rows, 0
    from torch.distributed import all_gather
    from torch.distributed.nn.functional import all_gather as all_gather_with_gradients

    count = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.empty_like(count) for _ in range(get_world_size())]
    all_gather(counts, count)
    sizes = [int(number) for number in counts]
    padded = torch.cat([rows, rows.new_zeros((max(sizes) - len(rows), *rows.shape[1:]))])
    if rows.requires_grad:
        parts = all_gather_with_gradients(padded)
    else:
        parts = [torch.empty_like(padded) for _ in sizes]
        all_gather(parts, padded.contiguous())
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)]), sum(sizes[: get_rank()])
