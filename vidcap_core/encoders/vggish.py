"""VGGish: a VGG over log-mel patches of 0.96 s. Hershey et al., https://arxiv.org/abs/1609.09430"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Stream
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import origin, put, read_weights, seeded
from vidcap_core.pretrained.locate import missing_file
from vidcap_core.zoo.arguments import at_least

RATE, WINDOW, HOP, FFT = 16_000, 400, 160, 512
BANDS, LOW, HIGH, OFFSET = 64, 125.0, 7500.0, 0.01
PATCH = 96
"""Spectra of a patch: 0.96 s, and patches do not overlap."""


class VGGish(Encoder):
    """128-d rows, one for each 0.96 s; or as many as are asked for, of 0.96 s each.

    pretrained: a local weights file (PyTorch port's names), or False (random).
    rectify: whether values below 0 become 0.
    rows: of each clip, 0.96 s around the middles of as many equal parts; None: 0.96 s after 0.96 s.
    seed: of random weights.
    """

    reads = "audio"
    row_seconds: float | None = PATCH * HOP / RATE

    def __init__(
        self, pretrained: str | bool = False, rectify: bool = True, rows: int | None = None, seed: int = 0
    ) -> None:
        super().__init__()
        at_least(1, rows=rows)
        if pretrained is True:
            raise UserError("VGGish has weights only from a file", hint="VGGish(pretrained='vggish.pth')")
        self.dim, self.rectify, self.source = 128, rectify, origin(pretrained, seed)
        self.sampling = {"kind": "audio", "rate": RATE}
        if rows is not None:
            self.sampling["rows"], self.row_seconds = rows, None
        self.rows = rows
        with seeded(seed):
            self.features = _convolutions()
            self.embeddings = nn.Sequential(
                nn.Linear(512 * 4 * 6, 4096),
                nn.ReLU(),
                nn.Linear(4096, 4096),
                nn.ReLU(),
                nn.Linear(4096, 128),
            )
        if isinstance(pretrained, str):
            put(self, read_weights(Path(pretrained)), pretrained, ("pproc.",))
        self.register_buffer("mel", mel_weights(), persistent=False)
        self.eval()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Sound [B, N] -> [B, N / 0.96 s, 128]; sound shorter than a patch is padded with silence."""
        lengths = mask.sum(1) if mask is not None else torch.full((len(x),), x.shape[1], device=x.device)
        shortest = WINDOW + (PATCH - 1) * HOP
        heard = x.float() if mask is None else torch.where(mask.bool(), x.float(), 0)
        sound = nn.functional.pad(heard, (0, max(0, shortest - x.shape[1])))
        spectra = log_mel(sound, self.mel)  # type: ignore[arg-type]
        heard_of = (1 + (lengths - WINDOW).clamp(min=0) // HOP).clamp(min=PATCH)  # spectra, with the silence
        if self.rows is None:
            count = spectra.shape[1] // PATCH
            first = torch.arange(count, device=x.device).expand(len(x), -1) * PATCH
            whole = (heard_of // PATCH) * (lengths > 0)
        else:
            count = self.rows
            middles = (2 * torch.arange(count, device=x.device) + 1) * heard_of[:, None] // (2 * count)
            first = (middles - PATCH // 2).clamp(min=0).minimum(heard_of[:, None] - PATCH)
            whole = count * (lengths > 0)
        values = self._embedded(spectra, first)
        return Stream(values, torch.arange(count, device=x.device)[None] < whole[:, None])

    def _embedded(self, spectra: Tensor, first: Tensor) -> Tensor:
        """Rows [B, count, 128] of the patches of `spectra` [B, S, BANDS] that begin at `first` [B, count]."""
        at = first[..., None] + torch.arange(PATCH, device=first.device)
        patches = spectra[torch.arange(len(first), device=first.device)[:, None, None], at]
        maps = self.features(patches.reshape(-1, 1, PATCH, BANDS))
        rows: Tensor = self.embeddings(
            maps.permute(0, 2, 3, 1).flatten(1)
        )  # the weights were trained channels-last
        by_clip: Tensor = (rows.relu() if self.rectify else rows).unflatten(0, first.shape)
        return by_clip

    @classmethod
    def missing(cls, pretrained: str | bool = False, **_: Any) -> Iterator[Missing]:
        """The file."""
        yield from missing_file("VGGish", pretrained, "vggish-10086976.pth of torchvggish's releases")

    def describe(self) -> dict[str, Any]:
        """Source of the weights, and the front end's figures."""
        front = {"rate": RATE, "window": WINDOW, "hop": HOP, "fft": FFT, "bands": BANDS, "hertz": [LOW, HIGH]}
        return {"model": "vggish", "pretrained": self.source, "rectify": self.rectify, "front": front}


def _convolutions() -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 1
    for width in (64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool"):
        if isinstance(width, int):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def mel(hertz: Tensor) -> Tensor:
    """m = 1127 ln(1 + f / 700)."""
    return 1127.0 * torch.log1p(hertz / 700.0)


def mel_weights() -> Tensor:
    """Triangles [FFT / 2 + 1, BANDS], evenly spaced and straight on the mel scale; nothing for 0 Hz."""
    lowest, highest = (1127.0 * math.log1p(f / 700.0) for f in (LOW, HIGH))
    edges = torch.linspace(lowest, highest, BANDS + 2, dtype=torch.float64)
    at = mel(torch.linspace(0, RATE / 2, FFT // 2 + 1, dtype=torch.float64))[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (at - low) / (middle - low), (high - at) / (high - middle)
    weights = torch.minimum(rising, falling).clamp(min=0)
    weights[0] = 0
    return weights.float()


def log_mel(sound: Tensor, weights: Tensor) -> Tensor:
    """[B, N] -> log(|STFT| W + 0.01), [B, spectra, BANDS]; a periodic Hann window, no padding."""
    frames = sound.unfold(1, WINDOW, HOP)
    window = torch.hann_window(WINDOW, periodic=True, device=sound.device)
    return torch.log(torch.fft.rfft(frames * window, FFT).abs() @ weights + OFFSET)
