"""Folding norms into convolutions: the same stream; where it would change anything, nothing is folded."""

import pytest
import torch
from torch import Tensor, nn

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.batchnorm_folding import folded
from vidcap_core.encoders.rows import row_mask
from vidcap_core.encoders.timm_image import TimmImage


def norms(module: nn.Module) -> list[nn.BatchNorm2d]:
    return [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]


def lived_in(encoder: Encoder) -> Encoder:
    """An encoder whose norms are not the identity."""
    torch.manual_seed(0)
    with torch.no_grad():
        for norm in norms(encoder):
            norm.running_mean.normal_(0, 0.2)
            norm.running_var.uniform_(0.5, 2)
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.normal_(0, 0.2)
    return encoder.eval()


class Noisy(Encoder):
    """Mean colours through a convolution and its norm; `leaks`: what the norm reads is read elsewhere too."""

    reads = "frames"
    dim = 4

    def __init__(self, leaks: bool) -> None:
        super().__init__()
        self.leaks = leaks
        self.short_side = 8
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        pictures = self.conv(x.flatten(0, 1).permute(0, 3, 1, 2).float() / 255)
        out = self.norm(pictures) + (pictures if self.leaks else 0)
        rows = out.mean((2, 3)).unflatten(0, x.shape[:2])
        return Stream(rows, row_mask(mask, rows))


@pytest.mark.parametrize(
    ("model", "left"),
    [("tf_efficientnet_lite0", 0), ("resnet18", 0), ("resnetv2_50", 17), ("densenet121", 62)],
)
def test_the_stream_stays_the_same(model: str, left: int) -> None:
    """Norms that read a sum (pre-activation) or a concatenation have no convolution to go into."""
    encoder = lived_in(TimmImage(model, pretrained=False, frames=2))
    faster = folded(encoder)
    frames = torch.randint(256, (1, 2, 240, 300, 3), dtype=torch.uint8)
    assert len(norms(faster)) == left < len(norms(encoder))
    with torch.inference_mode():
        torch.testing.assert_close(faster(frames).values, encoder(frames).values, rtol=1e-4, atol=1e-4)


def test_nothing_is_folded_where_something_else_reads_the_convolution() -> None:
    encoder = lived_in(Noisy(leaks=True))
    assert folded(encoder) is encoder
    assert not norms(folded(lived_in(Noisy(leaks=False))))


def test_norms_that_still_learn_and_networks_without_norms_are_left_alone() -> None:
    learning = lived_in(Noisy(leaks=False)).train()
    assert folded(learning) is learning
    plain = TimmImage("vit_tiny_patch16_224", pretrained=False, frames=2)
    assert folded(plain) is plain
