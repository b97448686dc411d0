"""Captioners of Hugging Face as they come, to compare with: one for videos, one for pictures, frame by frame.

They read frames through their own image processor and are not trained here: their configs have no phases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoImageProcessor, AutoModelForImageTextToText
from transformers.modeling_outputs import BaseModelOutput

from vidcap_core.contracts.head import Decode, Head, whole_clips
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Batch, RawClip, Stream, View
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.heads import processor_config
from vidcap_core.heads.model_config import ModelConfig
from vidcap_core.heads.prefix_cache import Pair, cache_in, cache_of, given_cache, words_of
from vidcap_core.heads.processor_config import ProcessorConfig
from vidcap_core.pretrained.load import from_hub, model_from_hub
from vidcap_core.pretrained.locate import CONFIG, WEIGHTS, missing_model
from vidcap_core.zoo.arguments import at_least

BEGIN = ("bos_token_id", "decoder_start_token_id")
"""Keys of a generation config that say what a text begins with."""


class ReadyMade(Head):
    """A pretrained image-text-to-text model, and its image processor, which runs where files are read.

    model: a name on Hugging Face's hub, a folder, or an installed package that carries one.
    frames: of each clip; None: as many as the model knows.
    crop: "center" asks for squares, as data sets give them unless told otherwise; None for whole pictures.
    """

    comes_trained = True
    reads = frozenset({"frames"})
    kinds: ClassVar[tuple[str, ...]]
    """Model types whose inner parts are known."""

    def __init__(
        self, model: str, frames: int | None = None, crop: Literal["center"] | None = "center"
    ) -> None:
        super().__init__()
        self.model = _made(model)
        self.kind = str(self.model.config.model_type)
        if self.kind not in self.kinds:
            raise UserError(
                f"{model} is a {self.kind} model; {type(self).__name__} runs {', '.join(self.kinds)}",
                hint="HFVideoCaptioner for GIT, HFFrameCaptioner for models of single pictures",
            )
        at_least(1, frames=frames)
        self.frames = frames or self.most or 1
        if self.most is not None and self.frames > self.most:
            raise ConfigError(
                f"{model} knows {self.most} frames, not {self.frames}", hint=f"frames={self.most}"
            )
        self.processor = _processor(model)
        pictures = self._pixels(np.zeros((1, 64, 64, 3), np.uint8))
        self.sampling = {"kind": "uniform", "count": self.frames}
        self.short_side, self.crop = min(pictures.shape[-2:]), crop

    @property
    def most(self) -> int | None:
        """How many frames the model knows; None: it captions each by itself."""
        return None

    @classmethod
    def missing(cls, model: str, **_: Any) -> Iterator[Missing]:
        """The model's weights, and what says how its pictures are prepared."""
        yield from missing_model("captioning model", model, "model", CONFIG, WEIGHTS, processor_config.FILES)

    def assets(self) -> dict[str, Any]:
        """The model's config, what its texts begin with, and its image processor."""
        generation = self.model.generation_config.to_dict() if self.model.can_generate() else {}
        return {
            "model": {
                **ModelConfig.of(self.model),
                "generation": {key: generation.get(key) for key in BEGIN},
                "processor": ProcessorConfig.of(self.processor),
            }
        }

    @classmethod
    def load_assets(cls, assets: Mapping[str, Any], **arguments: Any) -> Head:
        """The captioner on a model of that config."""
        return cls(**{**arguments, "model": ModelConfig(assets["model"])})

    def prepare(self, raw: RawClip) -> Mapping[str, Any]:
        """Pixels [frames, 3, H, W]; of a clip with other numbers of frames, the middles of equal parts."""
        assert raw.frames is not None
        middles = (2 * np.arange(self.frames) + 1) * len(raw.frames) // (2 * self.frames)
        return {"pixels": self._pixels(raw.frames[middles])}

    def _pixels(self, frames: np.ndarray) -> Tensor:
        return self.processor(list(frames), return_tensors="pt")["pixel_values"]  # type: ignore[no-any-return]


def _processor(model: str | ModelConfig) -> Any:
    """The image processor of a pretrained model, or a stored one."""
    if isinstance(model, ModelConfig):
        return ProcessorConfig(model["processor"]).build()
    return from_hub(AutoImageProcessor.from_pretrained, model, f"the image processor of '{model}'")


def _made(model: str | ModelConfig) -> Any:
    """The pretrained model of a name, or the one of a stored config."""
    if not isinstance(model, ModelConfig):
        return model_from_hub(AutoModelForImageTextToText.from_pretrained, model, f"'{model}'")
    made = model.build(AutoModelForImageTextToText.from_config)
    for key in BEGIN if made.can_generate() else ():
        setattr(made.generation_config, key, model["generation"][key])
    return made


class HFVideoCaptioner(ReadyMade):
    """GIT (https://arxiv.org/abs/2205.14100): all frames are a prefix of its language model."""

    kinds = ("git",)

    @property
    def most(self) -> int:
        """Places of frames; a GIT of pictures has none."""
        return int(self.model.config.num_image_with_embedding or 1)

    def start(self, view: View) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
        """Keys and values of the frames; the model insists on a word beside them, which is cut off again."""
        pictures = view.inputs["pixels"][list(view.clips)]
        if self.model.config.num_image_with_embedding is None:
            pictures = pictures[:, 0]
        first = torch.full((len(pictures), 1), int(self.model.config.bos_token_id), device=pictures.device)
        out = self.model(input_ids=first, pixel_values=pictures, use_cache=True)
        pairs = words_of(cache_in(out))
        none = tuple((keys[:, :, :0], values[:, :, :0]) for keys, values in pairs)
        return tuple((keys[:, :, :-1], values[:, :, :-1]) for keys, values in pairs), none

    def step(
        self, tokens: Tensor, memory: tuple[Pair, ...], state: tuple[Pair, ...]
    ) -> tuple[Tensor, tuple[Pair, ...]]:
        """One word; its place counts words alone."""
        cache = cache_of(memory, state)
        position = torch.full((1, 1), state[0][0].shape[2], device=tokens.device)
        out = self.model(
            input_ids=tokens[:, None],
            position_ids=position,
            use_cache=True,
            **given_cache(self.model, cache),
        )
        return out.logits[:, -1], words_of(cache)


class HFFrameCaptioner(ReadyMade):
    """A captioner of single pictures, frame by frame.

    say: "best" keeps the text of which the model is surest; "each" makes every frame an event of its stretch.
    """

    kinds = ("vision-encoder-decoder", "blip")

    def __init__(
        self,
        model: str,
        frames: int = 3,
        crop: Literal["center"] | None = "center",
        say: Literal["best", "each"] = "best",
    ) -> None:
        super().__init__(model, frames, crop)
        self.say = say

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Decode) -> list[View]:
        """A row a frame; for "best", once all are written, one row a clip."""
        whole = whole_clips(streams, batch)
        clips = range(len(batch))
        every = [(clip, frame) for clip in clips for frame in range(self.frames)]
        view = self._of_frames(whole, batch, every, timed=self.say == "each")
        if self.say == "each":
            return [view]
        scores = torch.tensor([row[0].score for row in decode(view)]).view(len(clips), self.frames)
        return [self._of_frames(whole, batch, list(enumerate(scores.argmax(1).tolist())), timed=False)]

    def _of_frames(self, whole: View, batch: Batch, chosen: list[tuple[int, int]], timed: bool) -> View:
        """A row for each of the chosen frames (clip, frame); timed: its event is the frame's part of the clip."""
        spans = []
        for clip, frame in chosen:
            start, end = batch.clips[clip].span
            length = (end - start) / self.frames
            spans.append((start + frame * length, start + (frame + 1) * length) if timed else None)
        return replace(
            whole,
            clips=tuple(clip for clip, _ in chosen),
            spans=tuple(spans),
            extras={"frames": [frame for _, frame in chosen]},
        )

    def start(self, view: View) -> tuple[Tensor, Tensor]:
        """What the vision tower sees of each row's frame, the first where `plan` chose none; no words yet."""
        clips = list(view.clips)
        pictures = view.inputs["pixels"][clips, view.extras.get("frames", [0] * len(clips))]
        tower: nn.Module = self.model.vision_model if self.kind == "blip" else self.model.encoder
        seen = tower(pixel_values=pictures).last_hidden_state
        return seen, torch.empty((len(pictures), 0), dtype=torch.long, device=pictures.device)

    def step(self, tokens: Tensor, memory: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One word, from all words so far: captions of pictures are short."""
        words = torch.cat([state, tokens[:, None]], 1)
        words[:, 0] = self._first
        seen = memory.repeat_interleave(len(words) // len(memory), 0)
        if self.kind == "blip":
            out = self.model.text_decoder(input_ids=words, encoder_hidden_states=seen)
        else:
            out = self.model(encoder_outputs=BaseModelOutput(last_hidden_state=seen), decoder_input_ids=words)
        return out.logits[:, -1], words

    @property
    def _first(self) -> int:
        """What the model's texts begin with, which need not be what its tokenizer begins with."""
        config = self.model.config
        begin = config.text_config.bos_token_id if self.kind == "blip" else config.decoder_start_token_id
        return int(begin if begin is not None else self.model.generation_config.decoder_start_token_id)
