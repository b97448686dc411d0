"""TimeSformer: the core's Hugging Face video encoder, its CLS and patches together, and where it looked."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidcap_core.api import Stream, UserError, group_frames, row_mask
from vidcap_core.encoders.hf_video import HFVideo


class TimeSformer(HFVideo):
    """Divided space-time attention (https://arxiv.org/abs/2102.05095); row 0 is CLS, patches may follow.

    model: a hub id, a folder, or an installed package that carries one; it must be a TimeSformer.
    pretrained: True for the model's own weights, False for random ones, or where others lie.
    patches: whether rows of all patches follow CLS.
    seed: of random weights.
    """

    usual_mean, usual_std = 0.45, 0.225  # those of Kinetics

    def __init__(
        self, model: str, pretrained: bool | str = True, patches: bool = False, seed: int = 0
    ) -> None:
        super().__init__(model, pretrained, "cls", 1, seed)
        kind = self.network.config.model_type
        if kind != "timesformer" or self.network.config.attention_type != "divided_space_time":
            raise UserError(
                f"{model}: a {kind} is no TimeSformer with divided space-time attention",
                hint="encoders.video=dict(type='HFVideo', model=...) for other video transformers",
            )
        self.patches = patches

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, T, H, W, 3] to [B, 1 (+ patches), dim]; T may fall short: the last frame stands in."""
        clips, valid = self._clips(x, mask)
        tokens = self.tokens(clips)
        assert tokens.cls is not None  # a TimeSformer has one
        rows = tokens.cls[:, None]
        if self.patches:
            rows = torch.cat([rows, tokens.patches], 1)
        return Stream(rows, valid.expand(-1, rows.shape[1]))

    def _clips(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Frames as the network wants them [B, frames, H, W, 3], and whether a clip has any [B, 1]."""
        clips, valid = group_frames(x, row_mask(mask, x), self.frames)
        if clips.shape[1] != 1:
            raise UserError(
                f"TimeSformer was built for {self.frames} frames a clip and got {x.shape[1]}",
                hint=f"data.*.frames.count={self.frames}",
            )
        return clips[:, 0], valid

    @torch.no_grad()
    def attention(self, *inputs: Any) -> Tensor:
        """From CLS to the patches of each frame, in the last layer, mean over heads: [B, frames, h, w]."""
        clips, _ = self._clips(*inputs)
        maps = self.tokens(clips, attentions=True).attentions
        assert maps is not None
        # spatial attention runs frame by frame, so the layer's rows are B * frames, and its columns CLS and one frame
        last = maps[-1].mean(1)[:, 0, 1:]
        wide = self.network.config.image_size // self.network.config.patch_size
        return last.reshape(len(clips), self.frames, -1, wide)

    def describe(self) -> dict[str, Any]:
        """Also whether there are patches."""
        return {**super().describe(), "patches": self.patches}
