"""What every encoder is, and what a derived one adds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from vidcap_core.contracts.types import Stream


class Encoder(nn.Module):
    """Frames uint8 [B, T, H, W, 3], sound float32 [B, N] at 16 kHz, or texts become a stream [B, T', dim].

    `sampling` says which moments it wants to see, `short_side` how large a picture it needs; a decoder that
    shrinks to that size saves the encoder the work.
    """

    reads: ClassVar[str]  # "frames" | "audio" | "text" | "streams"
    dim: int
    sampling: dict[str, Any]
    short_side: int | None = None

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
            **self.describe(),
            "weights": f"sha256:{fingerprint(self)}",
        }


class DerivedEncoder(Encoder):
    """A stream made of other streams. What it learns from data are its assets; runs and bundles hold them.

    `sources` names the streams that it is made of, so that a file from which one cannot be made is refused.
    """

    reads = "streams"
    sources: tuple[str, ...] = ()

    def fit(self, dataset: Any) -> None:
        """Learn the assets from a training set."""
        raise NotImplementedError

    def derive(self, streams: Mapping[str, Stream], clip_id: str) -> Stream:
        """The stream [T, dim] of one clip, from its other streams ([T, D], without padding)."""
        raise NotImplementedError

    def assets(self) -> dict[str, Any]:
        """Arrays and plain data, enough for `load_assets` on another machine; an error where nothing was learnt."""
        raise NotImplementedError

    def load_assets(self, assets: Mapping[str, Any]) -> None:
        """Become what `assets` describes."""
        raise NotImplementedError


def once_a_clip(dataset: Any, stream: str) -> Iterator[tuple[str, np.ndarray]]:
    """Id and rows [T, D] of a cached stream of each clip that has it, however many samples a clip is."""
    seen = set()
    for index in range(len(dataset)):
        sample = dataset.get(index, np.random.default_rng([0, index]))
        if sample.clip.id not in seen and len(sample.streams.get(stream, ())):
            seen.add(sample.clip.id)
            yield sample.clip.id, sample.streams[stream]


def alone(encoder: Any, values: np.ndarray) -> Tensor:
    """The real rows [T, dim] of one clip, alone in its batch: what it becomes does not depend on its neighbours."""
    given = torch.from_numpy(np.ascontiguousarray(values)).to(device_of(encoder))[None]
    made = encoder(given, torch.ones(given.shape[:2], dtype=torch.bool, device=given.device))
    return made.values[0][made.mask[0]]  # type: ignore[no-any-return]


def device_of(encoder: Any) -> torch.device:
    """Where the weights are; an encoder may have none."""
    weight = next(encoder.parameters(), None)
    return weight.device if weight is not None else torch.device("cpu")


def fingerprint(module: nn.Module) -> str:
    """SHA-256 of all weights: names, types, shapes and bytes, in order of name."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        plain = value.detach().to("cpu").contiguous().reshape(-1)
        digest.update(plain.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def row_mask(mask: Tensor | None, rows: Tensor) -> Tensor:
    """The mask [B, T] of a batch; all rows are real where none was given."""
    return (
        mask.bool() if mask is not None else torch.ones(rows.shape[:2], dtype=torch.bool, device=rows.device)
    )
