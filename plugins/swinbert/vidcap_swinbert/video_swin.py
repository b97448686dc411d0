"""Video Swin Transformer, torchvision's: frames to tokens of space and time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor
from torchvision.models.video import swin_transformer

from vidcap_core.api import (
    ConfigError,
    Encoder,
    Missing,
    Stream,
    UserError,
    read_checkpoint,
    row_mask,
    seeded,
)
from vidcap_swinbert.pixels import chosen_frames, pixels

SIZES = {
    "swin3d_t": (96, [2, 2, 6, 2], [3, 6, 12, 24]),
    "swin3d_s": (96, [2, 2, 18, 2], [3, 6, 12, 24]),
    "swin3d_b": (128, [2, 2, 18, 2], [4, 8, 16, 32]),
}
"""Width, depths and heads of the published networks."""


class VideoSwin(Encoder):
    """Windows of space and time attend, shifted in turn; rows are the last stage's tokens, time first, then down.

    model: swin3d_t, swin3d_s or swin3d_b, for width, depths and heads.
    width, depths, heads: of the first stage, and of each; None: as `model` has them.
    window, patch: (time, height, width) of a window and of a patch.
    frames, size: how many frames of a clip are seen, and how large.
    drop_path: share of residual branches that training leaves out, rising to this.
    pretrained: a file with weights of such a network (torchvision's names), or False for random ones.
    seed: of random weights.
    """

    reads = "frames"
    crop = "center"

    def __init__(
        self,
        model: str = "swin3d_b",
        width: int | None = None,
        depths: list[int] | None = None,
        heads: list[int] | None = None,
        window: tuple[int, int, int] = (8, 7, 7),
        patch: tuple[int, int, int] = (2, 4, 4),
        frames: int = 32,
        size: int = 224,
        drop_path: float = 0.2,
        pretrained: bool | str = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if model not in SIZES:
            raise ConfigError(f"there is no Video Swin '{model}'", hint=" | ".join(SIZES))
        known = SIZES[model]
        width, depths, heads = width or known[0], depths or known[1], heads or known[2]
        _check(width, depths, heads, patch, size)
        self.frames, self.size = frames, size
        self.source = Path(pretrained).name if isinstance(pretrained, str) else f"random({seed})"
        with seeded(seed):
            self.network = swin_transformer.SwinTransformer3d(
                list(patch),
                width,
                depths,
                heads,
                list(window),
                stochastic_depth_prob=drop_path,
                num_classes=1,
            )
        del self.network.head, self.network.avgpool
        if isinstance(pretrained, str):
            self._load(Path(pretrained).expanduser())
        shrink = 2 ** (len(depths) - 1)
        self.grid = (-(-frames // patch[0]), size // patch[1] // shrink, size // patch[2] // shrink)
        self.dim: int = self.network.num_features
        self.short_side = size
        self.sampling = {"kind": "uniform", "count": frames}

    @classmethod
    def missing(cls, pretrained: bool | str = False, **_: Any) -> Iterator[Missing]:
        """The file of weights."""
        if pretrained is True or (
            isinstance(pretrained, str) and not Path(pretrained).expanduser().is_file()
        ):
            yield Missing(
                "weights of Video Swin",
                f"pretrained={pretrained!r}",
                "{at}.pretrained=FILE, torchvision's swin3d_b, or {at}.pretrained=False",
            )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames uint8 [B, T, H, W, 3] to [B, tokens, dim]; fewer frames than wanted are seen several times."""
        seen = row_mask(mask, x)
        chosen = chosen_frames(x, seen, self.frames)
        video = pixels(chosen.flatten(0, 1), self.size).unflatten(0, chosen.shape[:2])
        tokens = self.tokens(video.transpose(1, 2)).flatten(1, 3)
        real = seen.any(1, keepdim=True)
        return Stream(tokens * real[..., None], real.expand(-1, tokens.shape[1]))

    def tokens(self, video: Tensor) -> Tensor:
        """Normalised pixels [B, 3, T, H, W] to the last stage's tokens [B, D, h, w, dim]."""
        net = self.network
        states: Tensor = net.norm(net.features(net.pos_drop(net.patch_embed(video))))
        return states

    def describe(self) -> dict[str, Any]:
        """Sizes, and where the weights come from."""
        layout = str([(name, tuple(value.shape)) for name, value in self.network.state_dict().items()])
        return {
            "frames": self.frames,
            "size": self.size,
            "layout": hashlib.sha256(layout.encode()).hexdigest()[:12],
            "pretrained": self.source,
        }

    def _load(self, path: Path) -> None:
        given = read_checkpoint(path)
        weights = {key: value for key, value in given.items() if not key.startswith("head.")}
        own = self.network.state_dict()
        wrong = [name for name in own if name not in weights or weights[name].shape != own[name].shape]
        if wrong or len(weights) != len(own):
            raise UserError(
                f"{path} does not fit this Video Swin: {len(wrong)} tensors are missing or of another shape"
                + (f", first {wrong[0]} {tuple(own[wrong[0]].shape)}" if wrong else ""),
                hint="encoders.video.model, width, depths, heads, window",
            )
        self.network.load_state_dict(weights)


def _check(width: int, depths: Sequence[int], heads: Sequence[int], patch: Sequence[int], size: int) -> None:
    if len(depths) != len(heads):
        raise ConfigError(f"depths={list(depths)} and heads={list(heads)} are of different numbers of stages")
    for stage, count in enumerate(heads):
        if (width << stage) % count:
            raise ConfigError(f"stage {stage} is {width << stage} wide, no multiple of its {count} heads")
    step = patch[1] << (len(depths) - 1)
    if size % step or patch[1] != patch[2]:
        raise ConfigError(
            f"size={size} must be a multiple of {step}: patches of {patch[1]}, halved {len(depths) - 1} times",
            hint=f"size={max(1, size // step) * step}",
        )
