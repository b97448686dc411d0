"""3D-ResNeXt-101 as an encoder, for the weights that Hara et al. published: https://arxiv.org/abs/1711.09577"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.frame_groups import clip_sampling, group_frames
from vidcap_core.encoders.network_inputs import Preparation
from vidcap_core.encoders.resnext3d_network import BLOCKS, ResNeXt3DNetwork
from vidcap_core.encoders.rows import row_mask
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import origin, put, read_weights, seeded
from vidcap_core.pretrained.locate import missing_file

FRAMES, SIDE = 16, 112
PUBLISHED = "resnext-101-kinetics.pth"
MEAN = (114.7748, 107.7354, 99.4750)
"""Of Kinetics, of values from 0 to 255, which the network is given without a scale."""
DEPTHS = {(3, 4, 6, 3): 50, (3, 4, 23, 3): 101, (3, 8, 36, 3): 152}


class ResNeXt3D(Encoder):
    """2048-d rows, one for each 16 frames of 112 pixels: what moves.

    pretrained: a weights file with the published names (with or without `module.`), or False (random).
    stride: frames from the beginning of a clip to that of the next; None: `clips` of them, spread evenly.
    clips: how many rows at most, or all where it is None.
    rate: frames a second; None: the video's own.
    seed: of random weights.
    """

    reads = "frames"
    short_side = SIDE
    crop = "center"

    def __init__(
        self,
        pretrained: str | bool = False,
        stride: int | None = FRAMES,
        clips: int | None = None,
        rate: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if pretrained is True:
            raise UserError(
                "3D-ResNeXt-101 has weights only from a file",
                hint=f"ResNeXt3D(pretrained='{PUBLISHED}')",
            )
        self.source = origin(pretrained, seed)
        with seeded(seed):
            self.network = ResNeXt3DNetwork()
        if isinstance(pretrained, str):
            put(self.network, self._published(read_weights(pretrained), pretrained), pretrained, ("fc.",))
        self.dim = self.network.dim
        mean, std = tuple(value / 255 for value in MEAN), (1 / 255,) * 3
        self.preprocess = Preparation(SIDE, (SIDE, SIDE), mean, std, "bilinear")
        self.sampling = clip_sampling(clips, FRAMES, rate, stride)
        self.eval()

    def _published(self, weights: dict[str, Tensor], source: str) -> dict[str, Tensor]:
        """Tensors under the network's names; those of another depth are refused."""
        named = {name.removeprefix("module."): value for name, value in weights.items()}
        blocks = tuple(
            len({m[1] for name in named if (m := re.match(rf"layer{layer}\.(\d+)\.", name))})
            for layer in range(1, 5)
        )
        if blocks != BLOCKS:
            found = f"of ResNeXt-{DEPTHS[blocks]}" if blocks in DEPTHS else f"with {blocks} blocks"
            raise UserError(
                f"{source}: holds weights {found}, and the encoder is a 3D-ResNeXt-101, with {BLOCKS} blocks",
                hint=f"{PUBLISHED} of the 3D-ResNets' authors",
            )
        if named["layer1.0.conv2.weight"].ndim != 5:
            raise UserError(
                f"{source}: holds weights of a network of single pictures, and 3D-ResNeXt-101 looks at 16 frames",
                hint=f"{PUBLISHED} of the 3D-ResNets' authors",
            )
        counters = {n: v for n, v in self.network.state_dict().items() if n.endswith("num_batches_tracked")}
        return {**counters, **named}  # the published file is older than these counters

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, clips x 16, H, W, 3] -> [B, clips, 2048]."""
        clips, valid = group_frames(x, row_mask(mask, x), FRAMES)
        pixels = self.preprocess(clips.flatten(0, 2)).reshape(-1, FRAMES, 3, SIDE, SIDE).transpose(1, 2)
        return Stream(self.network(pixels).reshape(*clips.shape[:2], -1), valid)

    @classmethod
    def missing(cls, pretrained: str | bool = False, **_: Any) -> Iterator[Missing]:
        """The file."""
        yield from missing_file("3D-ResNeXt-101", pretrained, f"{PUBLISHED} of the 3D-ResNets' authors")

    def describe(self) -> dict[str, Any]:
        """Model, source of the weights, preparation."""
        return {"model": "resnext3d_101", "pretrained": self.source, "prepare": self.preprocess.describe()}
