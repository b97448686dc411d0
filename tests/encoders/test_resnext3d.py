"""3D-ResNeXt-101 and Inception-ResNet-v2 against direct computations with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from films import make, slope
from torch import Tensor
from torch.nn import functional

from vidcap_core.captioning.clip_streams import Reader
from vidcap_core.encoders.resnext3d import MEAN, ResNeXt3D
from vidcap_core.encoders.resnext3d_network import ResNeXt3DNetwork
from vidcap_core.encoders.timm_image import TimmImage
from vidcap_core.errors import UserError


@pytest.fixture(scope="module")
def encoder() -> ResNeXt3D:
    """Random weights, with running means and deviations that are not those of a new network."""
    made = ResNeXt3D()
    generator = torch.Generator().manual_seed(1)
    for name, value in made.network.state_dict().items():
        if name.endswith("running_mean"):
            value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
        if name.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    return made


def written_out(weights: dict[str, Tensor], frames: Tensor) -> Tensor:
    """uint8 [16, 112, 112, 3] -> [2048], of the published description."""

    def norm(x: Tensor, name: str) -> Tensor:
        mean, var, scale, shift = (
            weights[f"{name}.{part}"][None, :, None, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / torch.sqrt(var + 1e-5) * scale + shift

    x = (frames.float() - torch.tensor(MEAN)).permute(3, 0, 1, 2)[None]
    x = norm(functional.conv3d(x, weights["conv1.weight"], stride=(1, 2, 2), padding=3), "bn1").clamp(min=0)
    x = functional.max_pool3d(x, 3, 2, 1)
    for layer, blocks in enumerate((3, 4, 23, 3), 1):
        for block in range(blocks):
            at, stride = f"layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1
            y = norm(functional.conv3d(x, weights[f"{at}.conv1.weight"]), f"{at}.bn1").clamp(min=0)
            y = functional.conv3d(y, weights[f"{at}.conv2.weight"], stride=stride, padding=1, groups=32)
            y = norm(y, f"{at}.bn2").clamp(min=0)
            y = norm(functional.conv3d(y, weights[f"{at}.conv3.weight"]), f"{at}.bn3")
            if block == 0:
                x = norm(
                    functional.conv3d(x, weights[f"{at}.downsample.0.weight"], stride=stride),
                    f"{at}.downsample.1",
                )
            x = (x + y).clamp(min=0)
    assert x.shape[1:] == (2048, 1, 4, 4)
    return x.mean((0, 2, 3, 4))


@torch.no_grad()
def test_rows_are_those_of_a_direct_computation(encoder: ResNeXt3D) -> None:
    frames = torch.randint(
        0, 256, (1, 16, 112, 112, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    row = encoder(frames).values[0, 0]
    assert row.shape == (encoder.dim,) == (2048,)
    assert row.std() > 1e-3
    direct = written_out(encoder.network.state_dict(), frames[0])
    assert float((row - direct).abs().max() / direct.abs().max()) < 1e-5


def test_weights_in_the_published_layout(encoder: ResNeXt3D, tmp_path: Path) -> None:
    """As the authors' file: under `module.`, with a classifier, without counters, beside what training left."""
    weights = encoder.network.state_dict()
    kept = {
        f"module.{name}": value for name, value in weights.items() if not name.endswith("num_batches_tracked")
    }
    kept |= {"module.fc.weight": torch.zeros(400, 2048), "module.fc.bias": torch.zeros(400)}
    torch.save({"epoch": 1, "arch": "resnext-101", "state_dict": kept}, tmp_path / "resnext-101-kinetics.pth")
    again = ResNeXt3D(str(tmp_path / "resnext-101-kinetics.pth"))
    for name, value in again.network.state_dict().items():
        torch.testing.assert_close(value, weights[name], rtol=0, atol=0)
    assert again.recipe()["pretrained"] == "resnext-101-kinetics.pth"


def test_other_weights_are_refused(tmp_path: Path) -> None:
    shallow = {f"module.{n}": v for n, v in ResNeXt3DNetwork((3, 4, 6, 3)).state_dict().items()}
    torch.save({"state_dict": shallow}, tmp_path / "resnext-50-kinetics.pth")
    with pytest.raises(
        UserError, match=r"resnext-50-kinetics\.pth: holds weights of ResNeXt-50, and the encoder is"
    ):
        ResNeXt3D(str(tmp_path / "resnext-50-kinetics.pth"))
    flat = {
        f"layer{n}.{b}.conv2.weight": torch.zeros(1, 1, 3, 3)
        for n, c in enumerate((3, 4, 23, 3), 1)
        for b in range(c)
    }
    torch.save(flat, tmp_path / "resnext101_32x8d.pth")
    with pytest.raises(UserError, match="holds weights of a network of single pictures"):
        ResNeXt3D(str(tmp_path / "resnext101_32x8d.pth"))
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match=r"holds weights with \(0, 0, 0, 0\) blocks"):
        ResNeXt3D(str(tmp_path / "other.pth"))
    with pytest.raises(UserError, match="weights only from a file"):
        ResNeXt3D(True)


@torch.no_grad()
def test_a_row_a_window_of_a_file(encoder: ResNeXt3D, tmp_path: Path) -> None:
    [clip] = Reader({"motion": encoder}).read(make(tmp_path / "film.mp4", 35, slope))
    assert clip.streams["motion"].values.shape == (2, 2048)
    assert clip.streams["motion"].times is not None
    assert clip.streams["motion"].times.tolist() == pytest.approx([0.8, 2.4])


@torch.no_grad()
def test_inception_resnet_v2_of_timm() -> None:
    encoder = TimmImage("inception_resnet_v2", pretrained=False)
    torch.manual_seed(0)
    network = timm.create_model("inception_resnet_v2", num_classes=0).eval()
    network.load_state_dict(encoder.network.state_dict())
    side = encoder.preprocess.resize
    frames = torch.randint(0, 256, (1, 1, side, side, 3), dtype=torch.uint8)
    edge = (side - 299) // 2
    pixels = frames[0, :, edge : edge + 299, edge : edge + 299].permute(0, 3, 1, 2) / 255 * 2 - 1
    values = encoder(frames).values[0]
    assert values.shape == (1, encoder.dim) == (1, 1536)
    torch.testing.assert_close(values, network(pixels), rtol=1e-5, atol=1e-5)
