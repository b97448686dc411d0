"""A video-language model of transformers as a head: its own processor, chat template and `generate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidcap_core.api import (
    Batch,
    Head,
    Hyp,
    Missing,
    Named,
    Output,
    RawClip,
    Rows,
    Stream,
    Tokenizer,
    UserError,
    View,
    WriteSettings,
    at_least,
    caption_tokens,
    whole_clips,
)
from vidcap_vlm import adapters, loading, search
from vidcap_vlm.answer import Tidy
from vidcap_vlm.asking import Asking
from vidcap_vlm.conversation import Conversation, Visual
from vidcap_vlm.prompt import Answer
from vidcap_vlm.seen import KEY, Seen, without_pixels
from vidcap_vlm.side_by_side import TEXT, joined, with_words


class ChatModel(Asking):
    """Any image-text-to-text model of transformers, which reads a clip's frames and a question, and answers.

    model: a name on Hugging Face's hub, a folder, or an installed package that carries one.
    prompt: caption, detailed, audience or events; or the question itself. {{duration}} in it becomes seconds.
    frames: of each clip, evenly, with their times. short_side: pixels at which files are read.
    visual: "video" or "pictures"; None: as a video where the model's processor takes one.
    answer: "text", or "events" for JSON with times; None: as the prompt has it.
    system: a message before the question.
    examples: captions whose manner is to be followed; or dict(data=dict(type=...), count=5, seed=0), whose training
        split they come from.
    transcripts: a folder with ID.txt, ID.srt or ID.vtt of a clip, which is what is said in it.
    sentences: of an answer only so many; script: of its letters, None for any.
    load: dtype, device_map, attn_implementation, quantization_config, as `from_pretrained` has them.
    lora: arguments of peft's LoraConfig; None: no adapters.
    vision_cache: MiB of memory for what a frozen vision tower makes of frames, which training then makes once a clip.
    """

    comes_trained = True
    decodes = search.HEEDED

    def __init__(
        self,
        model: str,
        tokenizer: Tokenizer,
        prompt: str = "caption",
        frames: int = 8,
        short_side: int | None = 512,
        visual: Visual | None = None,
        answer: Answer | None = None,
        system: str | None = None,
        examples: list[str] | dict[str, Any] | None = None,
        transcripts: str | None = None,
        sentences: int | None = None,
        script: str | None = "LATIN",
        load: dict[str, Any] | None = None,
        lora: dict[str, Any] | None = None,
        vision_cache: int = 0,
    ) -> None:
        super().__init__(
            prompt, answer, system, examples, transcripts, Tidy(sentences, script), frames, short_side
        )
        self.stays = bool(load and load.get("device_map"))
        name = model
        if isinstance(model, Mapping):
            name = "a stored model"
            self.model, processor = loading.stored(model)
        else:
            self.model, processor = loading.pretrained(model, load or {})
        self.chat = Conversation(processor, self.prompt, visual, name)
        self.chat.refuse_other(tokenizer)
        self.chat.try_out(frames)
        if lora is not None:
            adapters.add(self.model, lora)
        self.pad, self.end, self.room = tokenizer.pad_id, tokenizer.eos_id, loading.room_of(self.model)
        self.encode_raw = tokenizer.encode_raw
        at_least(0, vision_cache=vision_cache)
        self.seen = Seen(self.model, vision_cache) if vision_cache else None

    @classmethod
    def missing(cls, model: str, **_: Any) -> Iterator[Missing]:
        """The model's weights, its processor and its tokenizer."""
        yield from loading.missing(model, "model")

    def notes(self) -> list[str]:
        """What was made of answers, and what of the clip the model got."""
        return [*super().notes(), *self.chat.notes]

    def assets(self) -> dict[str, Any]:
        """Settings of model, processor and search: a bundle of all weights needs no folder. None if quantised."""
        return (
            {}
            if loading.is_quantised(self.model)
            else {"model": loading.to_store(self.model, self.chat.processor)}
        )

    @classmethod
    def load_assets(cls, assets: Mapping[str, Any], **arguments: Any) -> Head:
        """The head on a model of those settings."""
        return cls(**{**arguments, "model": dict(assets["model"])})

    def write_model(self, folder: Path) -> None:
        """A folder of transformers, with the processor; adapters are folded in, here too."""
        adapters.fold(self.model)
        self.model.save_pretrained(folder)
        self.chat.processor.save_pretrained(folder)

    def prepare(self, raw: RawClip) -> Mapping[str, Any]:
        """What the model reads of a clip: token ids, and pixels as its processor makes them."""
        assert raw.frames is not None
        times, duration = self.seconds(raw)
        made = self.chat.inputs(raw.frames, times, duration, self.transcript(raw.clip))
        length = made["input_ids"].shape[1]
        if self.room is not None and length >= self.room:
            raise UserError(
                f"prompt and frames are {length} tokens, and the model has room for {self.room}",
                hint=f"head.frames={max(1, self.frames // 2)}, a smaller head.short_side, or a shorter prompt",
            )
        return made if self.seen is None else {**made, KEY: self.seen.key(made)}

    def write_answers(self, view: View, settings: WriteSettings) -> Rows:
        """The model's own search over the clips of a view, side by side."""
        rows = [view.inputs["rows"][index] for index in view.clips]
        if settings.prompt is not None:
            begun = torch.tensor(self.encode_raw(settings.prompt))
            rows = [with_words(row, begun, torch.ones_like(begun), self.chat.kind_of_answers) for row in rows]
        if settings.mode == "sample":
            rows = [row for row in rows for _ in range(settings.n_best)]
        inputs = self._given(joined(rows, self.pad))
        if self.room is not None and inputs["input_ids"].shape[1] + settings.max_length > self.room:
            raise UserError(
                f"{inputs['input_ids'].shape[1]} tokens of prompt and frames and {settings.max_length} of the answer "
                f"are more than the {self.room} that the model has room for",
                hint="a lower generate.max_length, or fewer head.frames",
            )
        ends = loading.ends_of(self.model, self.end)
        try:
            with torch.no_grad():
                return search.write(self.model, inputs, settings, ends, self.pad)
        except (ValueError, IndexError, RuntimeError) as error:
            # a model that wants another number of frames says it here; so does a device that gives up
            given_up = isinstance(error, (torch.OutOfMemoryError, torch.AcceleratorError))
            if given_up or "allocate memory" in str(error):
                raise
            raise UserError(
                f"the model does not take {self.frames} frames of such a clip: {' '.join(str(error).split())[:300]}",
                hint="head.frames=N, as the model's page has it (4, or 1 for a model of single pictures)",
            ) from error

    def text_of(self, hyp: Hyp) -> str:
        """An answer's words."""
        return str(self.chat.tokenizer.decode(hyp.tokens, skip_special_tokens=True)).strip()

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """Teacher forcing on the answer alone: rows of prompt, frames and answer, padded on the right."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        words, target, counts = tokens[:, 1:-1], tokens[:, 1:], mask[:, 1:]  # BOS is no part of an answer
        view = whole_clips(streams, batch)
        prompts = [view.inputs["rows"][index] for index in view.clips]
        features: dict[str, Any] = {}
        if self.seen is not None:
            features = self.seen.of(prompts, self.model.device, self.model.dtype)
            prompts = [without_pixels(row) for row in prompts] if features else prompts
        kind = self.chat.kind_of_answers
        rows = [with_words(*row, kind) for row in zip(prompts, words, mask[:, 1:-1], strict=True)]
        inputs = {**self._given(joined(rows, self.pad, left=False)), **features}
        starts = [row["input_ids"].shape[1] - 1 for row in prompts]
        first = min(starts)
        last = inputs["input_ids"].shape[1] - first
        logits = self.model(**inputs, use_cache=False, logits_to_keep=last).logits
        answers = [logits[row, start - first :][: target.shape[1]] for row, start in enumerate(starts)]
        return Output(tokens=Named(torch.stack(answers), target, counts))

    def _given(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Where the model is, and pixels in its type of numbers."""
        device, kind = self.model.device, self.model.dtype
        return {
            name: value.to(device, kind if value.is_floating_point() and name not in TEXT else None)
            for name, value in inputs.items()
        }

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> ChatModel:
        """A model that `device_map` has put somewhere stays there."""
        return self if self.stays else super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
