"""Video transformers of Hugging Face: TimeSformer, VideoMAE, ViViT and their like."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from torch import Tensor
from transformers.utils import cached_file

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.frame_groups import group_frames
from vidcap_core.encoders.hf_text import load_model, missing_network
from vidcap_core.encoders.network_inputs import Preparation
from vidcap_core.encoders.rows import row_mask
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import origin, stored_json
from vidcap_core.pretrained.locate import model_folder

if TYPE_CHECKING:
    from transformers import PreTrainedModel

HAS_CLS = {"timesformer", "vivit"}
"""Model types whose first token stands for the whole clip."""
SWITCHING = threading.Lock()
"""Held while a network keeps attention maps: threads that encode share it."""


class Tokens(NamedTuple):
    """What a video transformer says of N clips: CLS [N, D] (or None), patches [N, P, D], attention maps by layer."""

    cls: Tensor | None
    patches: Tensor
    attentions: tuple[Tensor, ...] | None


class HFVideo(Encoder):
    """Rows from clips of as many frames as the model was made for.

    model: a name on Hugging Face's hub, a folder, or an installed package that carries one.
    pretrained: True (the model's own weights), another folder for the weights, or False (random).
    output: "cls" (TimeSformer and ViViT), the "mean" of patches: a row a clip; "patches": a row a patch.
    clips: how many clips a video is cut into; the frames of all together are spread evenly over it.
    seed: of random weights.
    """

    reads = "frames"
    usual_mean: ClassVar[float] = 0.5
    usual_std: ClassVar[float] = 0.5
    """What pixels are normalised by where no preprocessor_config.json says it."""

    def __init__(
        self,
        model: str,
        pretrained: bool | str = True,
        output: Literal["cls", "mean", "patches"] = "cls",
        clips: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.model, self.output, self.source = model, output, origin(pretrained, seed)
        self.network = load_model(model, pretrained, seed, attn_implementation="eager")
        self.fuses = bool(getattr(self.network, "_supports_sdpa", False))
        if self.fuses:
            self.network.set_attn_implementation("sdpa")
        config = self.network.config
        if not hasattr(config, "num_frames"):
            raise UserError(
                f"{model}: a {config.model_type} does not say how many frames it looks at: no video model of this kind",
                hint="TimeSformer, VideoMAE and ViViT are; for image models, type=TimmImage",
            )
        self.has_cls = config.model_type in HAS_CLS
        if output == "cls" and not self.has_cls:
            raise UserError(
                f"{model}: a {config.model_type} has no CLS token", hint='output="mean" or "patches"'
            )
        self.dim, self.frames = int(config.hidden_size), int(config.num_frames)
        processor = _processor(model)
        size = config.image_size
        self.preprocess = Preparation.of(
            size,
            processor.get("image_mean", [self.usual_mean] * 3),
            processor.get("image_std", [self.usual_std] * 3),
            interpolation="bilinear",
        )
        self.short_side, self.crop = self.preprocess.resize, self.preprocess.square
        self.sampling = {"kind": "uniform", "count": self.frames * clips}

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, T, H, W, 3] -> [B, T / frames (x patches), dim]."""
        clips, valid = group_frames(x, row_mask(mask, x), self.frames)
        tokens = self.tokens(clips.flatten(0, 1))
        if self.output == "cls" and tokens.cls is not None:
            rows = tokens.cls[:, None]
        else:
            rows = tokens.patches if self.output == "patches" else tokens.patches.mean(1, keepdim=True)
        per_clip = rows.shape[1]
        values = rows.reshape(len(clips), -1, rows.shape[-1])
        return Stream(values, valid.repeat_interleave(per_clip, dim=1))

    def tokens(self, clips: Tensor, attentions: bool = False) -> Tokens:
        """Clips uint8 [N, frames, H, W, 3] -> CLS, patches, and the attention maps where asked for."""
        pixels = self.preprocess(clips.flatten(0, 1)).reshape(*clips.shape[:2], 3, *self.preprocess.crop)
        with _maps_kept(self.network) if attentions and self.fuses else nullcontext():
            out = self.network(pixel_values=pixels, output_attentions=attentions)
        states = out.last_hidden_state
        maps = out.attentions if attentions else None
        return Tokens(states[:, 0], states[:, 1:], maps) if self.has_cls else Tokens(None, states, maps)

    @classmethod
    def missing(cls, model: str, pretrained: bool | str = True, **_: Any) -> Iterator[Missing]:
        """Config and weights."""
        yield from missing_network("video encoder", model, pretrained)

    def describe(self) -> dict[str, Any]:
        """Model, source of the weights, output, preparation."""
        return {
            "model": self.model.rstrip("/").rpartition("/")[2],
            "pretrained": self.source,
            "output": self.output,
            "frames": self.frames,
            "prepare": self.preprocess.describe(),
        }


@contextmanager
def _maps_kept(network: PreTrainedModel) -> Iterator[None]:
    """Inside, attention is computed step by step: the fused kind keeps no maps."""
    with SWITCHING:
        network.set_attn_implementation("eager")
        try:
            yield
        finally:
            network.set_attn_implementation("sdpa")


def _processor(model: str) -> dict[str, Any]:
    """What the model's preprocessor_config.json says; models made by hand have none."""
    try:
        file = cached_file(model_folder(model), "preprocessor_config.json")
    except OSError:
        return {}
    return stored_json(Path(file)) if file else {}
