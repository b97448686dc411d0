"""EfficientNet-Lite in plain torch: Tan and Le, https://arxiv.org/abs/1905.11946, without squeeze-excitation and swish.

Names and order of its tensors are timm's `tf_efficientnet_lite*`, so that fingerprints of features stay what they were.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

STEM, HEAD = 32, 1280
"""Channels of the first and the last convolution; Lite scales neither."""
DIVISOR = 8
"""Every width is a multiple of it."""
EPSILON = 1e-3
"""Of the batch norms, as TensorFlow trained them."""


@dataclass(frozen=True, slots=True)
class Size:
    """One of the family: its widths and depths beside Lite0's, and the pictures that it was trained on.

    crop: the share of the short side that they show.
    """

    width: float
    depth: float
    pixels: int
    crop: float


SIZES = (Size(1.0, 1.0, 224, 0.875), Size(1.0, 1.1, 240, 0.882), Size(1.1, 1.2, 260, 0.89))
"""Lite0, Lite1, Lite2."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks in a row; the first of them has the stride."""

    expansion: int
    kernel: int
    stride: int
    channels: int
    blocks: int


LITE0 = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)


def stages(size: Size) -> list[Stage]:
    """Lite0's stages, wider and deeper; the first and the last keep their one block."""
    return [
        Stage(
            stage.expansion,
            stage.kernel,
            stage.stride,
            _round(stage.channels * size.width),
            stage.blocks if stage in (LITE0[0], LITE0[-1]) else math.ceil(stage.blocks * size.depth),
        )
        for stage in LITE0
    ]


def _round(channels: float) -> int:
    """The nearest multiple of the divisor, unless that takes more than a tenth away."""
    nearest = int(channels + DIVISOR / 2) // DIVISOR * DIVISOR
    return nearest if nearest >= 0.9 * channels else nearest + DIVISOR


class SameConv(nn.Conv2d):
    """TensorFlow's SAME convolution: the odd pixel of padding goes to the right and bottom."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)

    def reset_parameters(self) -> None:
        """Normal with variance 2 / fan-out, as the family is trained from scratch."""
        fan_out = math.prod(self.kernel_size) * self.out_channels // self.groups
        nn.init.normal_(self.weight, 0, math.sqrt(2 / fan_out))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures [N, inputs, H, W] -> [N, outputs, ceil(H / stride), ceil(W / stride)]."""
        if self.stride[0] == 1:
            return super().forward(x)
        top, bottom = self._pads(x.shape[-2])
        left, right = self._pads(x.shape[-1])
        return super().forward(functional.pad(x, (left, right, top, bottom)))

    def _pads(self, length: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        total = max(0, (math.ceil(length / stride) - 1) * stride + kernel - length)
        return total // 2, total - total // 2


def _relu6(x: Tensor) -> Tensor:
    """In place: what the convolution or norm before it made is read by nothing else."""
    return functional.relu6(x, inplace=True)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON)


class Separable(nn.Module):
    """A depthwise convolution, then one that mixes channels."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = SameConv(inputs, inputs, kernel, stride, groups=inputs)
        self.bn1 = _norm(inputs)
        self.conv_pw = SameConv(inputs, outputs)
        self.bn2 = _norm(outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, H', W']."""
        made: Tensor = self.bn2(self.conv_pw(_relu6(self.bn1(self.conv_dw(x)))))
        return made + x if self.adds else made


class Inverted(nn.Module):
    """More channels, a depthwise convolution over them, few channels again."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.conv_pw = SameConv(inputs, wide)
        self.bn1 = _norm(wide)
        self.conv_dw = SameConv(wide, wide, kernel, stride, groups=wide)
        self.bn2 = _norm(wide)
        self.conv_pwl = SameConv(wide, outputs)
        self.bn3 = _norm(outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, H', W']."""
        made: Tensor = _relu6(self.bn1(self.conv_pw(x)))
        made = _relu6(self.bn2(self.conv_dw(made)))
        made = self.bn3(self.conv_pwl(made))
        return made + x if self.adds else made


class EfficientNetLite(nn.Module):
    """Pictures [N, 3, H, W] to their mean features [N, 1280]."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.conv_stem = SameConv(3, STEM, 3, 2)
        self.bn1 = _norm(STEM)
        self.blocks = nn.Sequential()
        channels = STEM
        for stage in stages(size):
            row = nn.Sequential()
            for number in range(stage.blocks):
                stride = 1 if number else stage.stride
                row.append(_block(channels, stage, stride))
                channels = stage.channels
            self.blocks.append(row)
        self.conv_head = SameConv(channels, HEAD)
        self.bn2 = _norm(HEAD)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures [N, 3, H, W] -> [N, 1280]."""
        x = self.blocks(_relu6(self.bn1(self.conv_stem(x))))
        wide: Tensor = _relu6(self.bn2(self.conv_head(x)))
        return wide.mean((2, 3))


def _block(channels: int, stage: Stage, stride: int) -> nn.Module:
    if stage.expansion == 1:
        return Separable(channels, stage.channels, stage.kernel, stride)
    return Inverted(channels, stage.channels, stage.kernel, stride, stage.expansion)
