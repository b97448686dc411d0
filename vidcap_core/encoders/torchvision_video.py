"""torchvision's video networks (R(2+1)D, MC3, R3D, S3D, MViT, Swin3D): what moves, and how."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.frame_groups import clip_sampling, group_frames
from vidcap_core.encoders.network_inputs import Preparation
from vidcap_core.encoders.rows import row_mask
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import Pretrained, is_file, needs, origin, put, read_weights, seeded


class TorchvisionVideo(Encoder):
    """One row a clip of frames.

    model: torchvision's name of a video network.
    pretrained: True (torchvision's default weights), the name of others, a weights file, or False (random).
    clips: of each video, spread evenly over it; of those with a `stride` the most.
    frames: of each clip.
    rate: of a clip's frames, in frames a second; None: the video's own, where there is a `stride`.
    stride: frames from the beginning of a clip to that of the next: clips all along the video, a row each.
    seed: of random weights.
    """

    reads = "frames"

    def __init__(
        self,
        model: str = "r2plus1d_18",
        pretrained: Pretrained = True,
        clips: int | None = 8,
        frames: int = 16,
        rate: float | None = 15.0,
        seed: int = 0,
        stride: int | None = None,
    ) -> None:
        super().__init__()
        from torchvision import models

        if model not in models.list_models(models.video):
            known = " | ".join(models.list_models(models.video))
            raise UserError(f"torchvision has no video model '{model}'", hint=known)
        self.model, self.source, self.frames = model, origin(pretrained, seed), frames
        from_name = pretrained is not False and not is_file(pretrained)
        weights = ("DEFAULT" if pretrained is True else pretrained) if from_name else None
        hint = f"put the weights of '{model}' into a file (.pth or .safetensors), and pretrained='THAT FILE'"
        with seeded(seed), needs(f"torchvision model '{model}'", hint):
            self.network = models.get_model(model, weights=weights)
        head = next(name for name in ("fc", "head", "classifier") if hasattr(self.network, name))
        self.dim = _inputs(getattr(self.network, head))
        setattr(self.network, head, nn.Identity())
        if is_file(pretrained):
            put(self.network, read_weights(str(pretrained)), str(pretrained), (f"{head}.",))
        preset = models.get_model_weights(model).DEFAULT.transforms()
        crop = (int(preset.crop_size[0]), int(preset.crop_size[-1]))
        self.preprocess = Preparation(
            int(preset.resize_size[0]), crop, tuple(preset.mean), tuple(preset.std), "bilinear"
        )
        self.short_side, self.crop = self.preprocess.resize, self.preprocess.square
        self.sampling = clip_sampling(clips, frames, rate, stride)
        self.eval()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, clips x frames, H, W, 3] -> [B, clips, dim]."""
        clips, valid = group_frames(x, row_mask(mask, x), self.frames)
        pixels = (
            self.preprocess(clips.flatten(0, 2))
            .reshape(-1, self.frames, 3, *self.preprocess.crop)
            .transpose(1, 2)
        )
        return Stream(self.network(pixels).reshape(*clips.shape[:2], -1), valid)

    def describe(self) -> dict[str, Any]:
        """Model, source of the weights, preparation."""
        return {"model": self.model, "pretrained": self.source, "prepare": self.preprocess.describe()}


def _inputs(head: nn.Module) -> int:
    """How wide the rows are that a classifier is given; S3D's is a convolution, and dropout may stand before it."""
    last = next(m for m in reversed(list(head.modules())) if isinstance(m, (nn.Linear, nn.Conv3d)))
    return last.in_features if isinstance(last, nn.Linear) else last.in_channels
