"""Frames as a pretrained model of Hugging Face wants them, for heads that bring their own vision tower."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import AutoImageProcessor

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.rows import row_mask
from vidcap_core.pretrained.load import from_hub
from vidcap_core.pretrained.locate import CONFIG, missing_model

PROCESSOR = ("preprocessor_config.json", "processor_config.json")


class Pixels(Encoder):
    """`frames` pictures through the model's own image processor, each flattened into a row [3 x H x W].

    crop: "center" asks for squares, as data sets give them unless told otherwise; None for whole pictures.
    """

    reads = "frames"

    def __init__(self, model: str, frames: int = 6, crop: Literal["center"] | None = "center") -> None:
        super().__init__()
        self.model, self.frames = model, frames
        self.processor = from_hub(
            AutoImageProcessor.from_pretrained, model, f"the image processor of '{model}'"
        )
        pictures = self._prepare(torch.zeros((1, 64, 64, 3), dtype=torch.uint8))
        self.dim, self.short_side, self.crop = pictures.numel(), min(pictures.shape[-2:]), crop
        self.sampling = {"kind": "uniform", "count": frames}

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, T, H, W, 3] -> [B, frames, 3 x H x W]."""
        rows = []
        for clip, valid in zip(x, row_mask(mask, x), strict=True):
            real = clip[valid]
            middles = (torch.arange(self.frames, device=x.device) + 0.5) * len(real) / self.frames
            rows.append(self._prepare(real[middles.long()]).flatten(1))
        values = torch.stack(rows).to(x.device)
        return Stream(values, torch.ones(values.shape[:2], dtype=torch.bool, device=x.device))

    def _prepare(self, pictures: Tensor) -> Tensor:
        images = list(pictures.cpu().numpy())
        return self.processor(images, return_tensors="pt")["pixel_values"]  # type: ignore[no-any-return]

    @classmethod
    def missing(cls, model: str, **_: Any) -> Iterator[Missing]:
        """What says how pictures are prepared."""
        yield from missing_model("image processor", model, "model", CONFIG, PROCESSOR)

    def describe(self) -> dict[str, Any]:
        """Model and number of frames."""
        return {"model": self.model.rstrip("/").rpartition("/")[2], "frames": self.frames}
