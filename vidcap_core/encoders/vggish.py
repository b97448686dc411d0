"""VGGish: a VGG over log-mel patches of 0.96 s. Hershey et al., https://arxiv.org/abs/1609.09430"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import origin, put, read_weights, seeded

RATE, WINDOW, HOP, FFT = 16_000, 400, 160, 512
BANDS, LOW, HIGH, OFFSET = 64, 125.0, 7500.0, 0.01
PATCH = 96
"""Spectra of a patch: 0.96 s, and patches do not overlap."""


class VGGish(Encoder):
    """128-d rows, one for each 0.96 s.

    pretrained: a local weights file (PyTorch port's names), or False (random).
    rectify: whether values below 0 become 0.
    seed: of random weights.
    """

    reads = "audio"
    row_seconds = PATCH * HOP / RATE

    def __init__(self, pretrained: str | bool = False, rectify: bool = True, seed: int = 0) -> None:
        super().__init__()
        if pretrained is True:
            raise UserError("VGGish has weights only from a file", hint="VGGish(pretrained='vggish.pth')")
        self.dim, self.rectify, self.source = 128, rectify, origin(pretrained, seed)
        self.sampling = {"kind": "audio", "rate": RATE}
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
        count = spectra.shape[1] // PATCH
        patches = spectra[:, : count * PATCH].reshape(-1, 1, PATCH, BANDS)
        maps = self.features(patches)
        rows = self.embeddings(maps.permute(0, 2, 3, 1).flatten(1))  # the weights were trained channels-last
        values = (rows.relu() if self.rectify else rows).unflatten(0, (len(x), count))
        whole = ((1 + (lengths - WINDOW).clamp(min=0) // HOP) // PATCH).clamp(min=1) * (lengths > 0)
        return Stream(values, torch.arange(count, device=x.device)[None] < whole[:, None])

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
