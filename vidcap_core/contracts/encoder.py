"""The encoder contract: frames, sound or text in, a stream out; and what a derived encoder adds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from vidcap_core.contracts.collate import side_by_side
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Stream

if TYPE_CHECKING:
    import numpy as np


class Encoder(nn.Module):
    """Frames uint8 [B, T, H, W, 3], sound float32 [B, N] at 16 kHz, or texts become a stream [B, T', dim].

    What it wants of a file it says as `data.*.frames` does. `sampling`: which moments; `short_side`: how large a
    picture, None as the video is; `crop`: "center" where the middle square is all that it looks at, None for whole
    pictures. Training must show it the same: other `data.*.frames` are refused before the first step.
    """

    reads: ClassVar[str]  # "frames" | "audio" | "text" | "streams"
    dim: int
    sampling: Mapping[str, Any]
    short_side: int | None = None
    crop: Literal["center"] | None = None
    row_seconds: float | None = None
    """Of sound: how much of it each row stands for, where rows follow one another."""

    def prepare(self, frames: np.ndarray, times: np.ndarray) -> Mapping[str, Any] | None:
        """What `forward` gets of one clip, where that is not [B, T, H, W, 3]: a processor's inputs, say.

        Called where files are read, in data workers and read-ahead threads. `forward` then gets what `collate` made
        of a batch, as its one argument. The default, None: `forward` gets values and mask.
        """
        return None

    @property
    def prepares(self) -> bool:
        """Whether it has a `prepare` of its own."""
        return type(self).prepare is not Encoder.prepare

    def collate(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """What `prepare` gave of several clips, side by side."""
        return side_by_side(rows)

    def attention(self, *inputs: Any) -> Tensor | None:
        """Where in its frames it looked [B, T, h, w], of what `forward` gets; asked only where panels are wanted."""
        return None

    def describe(self) -> dict[str, Any]:
        """What distinguishes this encoder from others of its class, as plain data."""
        raise NotImplementedError

    def recipe(self) -> dict[str, Any]:
        """Everything that decides what comes out: written beside every feature this encoder made."""
        return {
            "encoder": type(self).__name__,
            "reads": self.reads,
            "dim": self.dim,
            "sampling": dict(self.sampling),
            **({} if self.row_seconds is None else {"row_seconds": self.row_seconds}),
            **self.describe(),
            "weights": f"sha256:{fingerprint(self)}",
        }


class DerivedEncoder(Encoder):
    """A stream made of other streams. What it learns from data are its assets; runs and bundles hold them.

    `sources` names the streams that it is made of, so that a file from which one cannot be made is refused.
    """

    reads = "streams"
    sources: tuple[str, ...] = ()

    def fit(self, dataset: Dataset) -> None:
        """Learn the assets from a training set. The default learns nothing."""

    def derive(self, streams: Mapping[str, Stream], clip_id: str) -> Stream:
        """The stream [T, dim] of one clip, from its other streams ([T, D], without padding)."""
        raise NotImplementedError

    def assets(self) -> dict[str, Any]:
        """Arrays and plain data, enough for `load_assets` on another machine; an error where it was not learnt yet.

        The default: nothing was to be learnt.
        """
        return {}

    def load_assets(self, assets: Mapping[str, Any]) -> None:
        """Become what `assets` describes."""


def fingerprint(module: nn.Module) -> str:
    """SHA-256 of all weights: names, types, shapes and bytes, in order of name."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        plain = value.detach().to("cpu").contiguous().reshape(-1)
        digest.update(plain.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
