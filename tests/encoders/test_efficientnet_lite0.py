"""The packaged weights in timm's model give what a plain build of the network gives."""

from __future__ import annotations

import math

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from vidcap_core.encoders.efficientnet_lite0 import EfficientNetLite0, packaged_weights, rename
from vidcap_core.pretrained.load import read_weights

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


@torch.no_grad()
def test_same_logits_as_a_plain_build() -> None:
    weights = read_weights(packaged_weights())
    model = timm.create_model("tf_efficientnet_lite0").eval()
    model.load_state_dict(rename(weights))
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(x), plain_logits(x, weights), rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_encoder_is_the_model_without_its_classifier() -> None:
    weights = read_weights(packaged_weights())
    encoder = EfficientNetLite0()
    frames = torch.randint(0, 256, (1, 2, 224, 224, 3), dtype=torch.uint8)
    features = encoder(frames, torch.ones(1, 2, dtype=torch.bool)).values
    assert features.shape == (1, 2, 1280)
    # 224 pixels are enlarged to 256 and cropped, so compare on what the network saw
    seen = encoder.preprocess(frames[0])
    logits = nn.functional.linear(features[0], weights["_fc.weight"], weights["_fc.bias"])
    torch.testing.assert_close(logits, plain_logits(seen, weights), rtol=1e-3, atol=1e-4)


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
