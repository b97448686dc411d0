"""3D-ResNeXt-101: bottlenecks with grouped 3D convolutions. Hara et al., https://arxiv.org/abs/1711.09577"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

CARDINALITY = 32
BLOCKS = (3, 4, 23, 3)
WIDTHS = (128, 256, 512, 1024)
EXPANSION = 2


class Bottleneck(nn.Module):
    """1x1x1, grouped 3x3x3, 1x1x1; where the shape changes, a convolution stands beside them (shortcut B)."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * EXPANSION
        self.conv1 = nn.Conv3d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride, 1, groups=CARDINALITY, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv3d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm3d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, T, H, W] -> [N, 2 width, T / stride, H / stride, W / stride]."""
        beside = x if self.downsample is None else self.downsample(x)
        y: Tensor = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y)) + beside
        return y.relu()


class ResNeXt3DNetwork(nn.Module):
    """Frames [N, 3, T, 112, 112] -> [N, 2048], the mean of the last maps. Names are those of the published weights."""

    def __init__(self, blocks: Sequence[int] = BLOCKS) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 64, 7, (1, 2, 2), 3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.maxpool = nn.MaxPool3d(3, 2, 1)
        inputs = 64
        for number, (count, width) in enumerate(zip(blocks, WIDTHS, strict=True), 1):
            stride = 1 if number == 1 else 2
            layer = [
                Bottleneck(inputs if block == 0 else width * EXPANSION, width, stride if block == 0 else 1)
                for block in range(count)
            ]
            self.add_module(f"layer{number}", nn.Sequential(*layer))
            inputs = width * EXPANSION
        self.dim = inputs

    def forward(self, x: Tensor) -> Tensor:
        """Clips of frames -> a row each."""
        x = self.maxpool(self.bn1(self.conv1(x)).relu())
        for number in range(1, len(WIDTHS) + 1):
            x = getattr(self, f"layer{number}")(x)
        return x.mean((2, 3, 4))
