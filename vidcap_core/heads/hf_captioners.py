"""Captioners of Hugging Face as they come, to compare with: one for videos, one for pictures, frame by frame.

They read a stream of pixels (the encoder `Pixels`) and are not trained here: their configs have no phases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from transformers import AutoModelForImageTextToText
from transformers.modeling_outputs import BaseModelOutput

from vidcap_core.contracts.head import Decode, Head
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Batch, Stream, View
from vidcap_core.errors import UserError
from vidcap_core.heads.model_config import ModelConfig
from vidcap_core.heads.prefix_cache import Pair, cache_of, words_of
from vidcap_core.pretrained.load import from_hub
from vidcap_core.pretrained.locate import CONFIG, WEIGHTS, missing_model

BEGIN = ("bos_token_id", "decoder_start_token_id")
"""Keys of a generation config that say what a text begins with."""


class ReadyMade(Head):
    """A pretrained image-text-to-text model, and the stream that holds its pixels."""

    comes_trained = True
    kinds: ClassVar[tuple[str, ...]]
    """Model types whose inner parts are known."""

    def __init__(self, model: str, stream: str = "pixels") -> None:
        super().__init__()
        self.stream = stream
        self.model = _made(model)
        self.kind = str(self.model.config.model_type)
        if self.kind not in self.kinds:
            raise UserError(
                f"{model} is a {self.kind} model; {type(self).__name__} runs {', '.join(self.kinds)}",
                hint="HFVideoCaptioner for GIT, HFFrameCaptioner for models of single pictures",
            )

    @classmethod
    def missing(cls, model: str, **_: Any) -> Iterator[Missing]:
        """The model's weights."""
        yield from missing_model("captioning model", model, "model", CONFIG, WEIGHTS)

    def assets(self) -> dict[str, Any]:
        """The model's config, and what its texts begin with."""
        generation = self.model.generation_config.to_dict() if self.model.can_generate() else {}
        return {
            "model": {**ModelConfig.of(self.model), "generation": {key: generation.get(key) for key in BEGIN}}
        }

    @classmethod
    def load_assets(cls, assets: Mapping[str, Any], **arguments: Any) -> Head:
        """The captioner on a model of that config."""
        return cls(**{**arguments, "model": ModelConfig(assets["model"])})

    def pictures(self, view: View) -> Tensor:
        """Pixels [R, T, 3, H, W]."""
        rows = view.streams[self.stream].values
        side = round((rows.shape[-1] // 3) ** 0.5)
        return rows.unflatten(-1, (3, side, side))  # type: ignore[no-any-return]


def _made(model: str | ModelConfig) -> Any:
    """The pretrained model of a name, or the one of a stored config."""
    if not isinstance(model, ModelConfig):
        return from_hub(AutoModelForImageTextToText.from_pretrained, model, f"'{model}'")
    made = model.build(AutoModelForImageTextToText.from_config)
    for key in BEGIN if made.can_generate() else ():
        setattr(made.generation_config, key, model["generation"][key])
    return made


class HFVideoCaptioner(ReadyMade):
    """GIT (https://arxiv.org/abs/2205.14100): all frames are a prefix of its language model."""

    kinds = ("git",)

    def start(self, view: View) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
        """Keys and values of the frames; the model insists on a word beside them, which is cut off again."""
        pictures = self.pictures(view)
        first = torch.full((len(pictures), 1), int(self.model.config.bos_token_id), device=pictures.device)
        out = self.model(input_ids=first, pixel_values=pictures, use_cache=True)
        pairs = words_of(out.past_key_values)
        none = tuple((keys[:, :, :0], values[:, :, :0]) for keys, values in pairs)
        return tuple((keys[:, :, :-1], values[:, :, :-1]) for keys, values in pairs), none

    def step(
        self, tokens: Tensor, memory: tuple[Pair, ...], state: tuple[Pair, ...]
    ) -> tuple[Tensor, tuple[Pair, ...]]:
        """One word; its place counts words alone."""
        cache = cache_of(memory, state)
        position = torch.full((1, 1), state[0][0].shape[2], device=tokens.device)
        out = self.model(
            input_ids=tokens[:, None], position_ids=position, past_key_values=cache, use_cache=True
        )
        return out.logits[:, -1], words_of(cache)


class HFFrameCaptioner(ReadyMade):
    """A captioner of single pictures, frame by frame.

    say: "best" keeps the text of which the model is surest; "each" makes every frame an event of its stretch.
    """

    kinds = ("vision-encoder-decoder", "blip")

    def __init__(self, model: str, stream: str = "pixels", say: Literal["best", "each"] = "best") -> None:
        super().__init__(model, stream)
        self.say = say

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Decode) -> list[View]:
        """A row a frame; for "best", once all are written, one row a clip."""
        stream = streams[self.stream]
        clips, count = stream.values.shape[:2]
        every = [(clip, frame) for clip in range(clips) for frame in range(count)]
        view = self._frames(stream, batch, every, timed=self.say == "each")
        if self.say == "each":
            return [view]
        scores = torch.tensor([row[0].score for row in decode(view)]).view(clips, count)
        return [self._frames(stream, batch, list(enumerate(scores.argmax(1).tolist())), timed=False)]

    def _frames(self, stream: Stream, batch: Batch, chosen: list[tuple[int, int]], timed: bool) -> View:
        at = [clip for clip, _ in chosen], [frame for _, frame in chosen]
        frames = Stream(stream.values[at][:, None], stream.mask[at][:, None])
        spans = []
        for clip, frame in chosen:
            start, end = batch.clips[clip].span
            length = (end - start) / stream.values.shape[1]
            spans.append((start + frame * length, start + (frame + 1) * length) if timed else None)
        return View(streams={self.stream: frames}, clips=tuple(at[0]), spans=tuple(spans))

    def start(self, view: View) -> tuple[Tensor, Tensor]:
        """What the vision tower sees; no words yet."""
        pictures = self.pictures(view)[:, 0]
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
