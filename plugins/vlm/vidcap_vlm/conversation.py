"""From a clip's frames and a question to what a model reads: its own chat template, its own processor."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from torch import Tensor

from vidcap_core.api import ConfigError, Tokenizer, UserError
from vidcap_vlm.prompt import Prompt

Visual = Literal["video", "pictures"]
MARK = "\u2063answer\u2063"
"""Stands for an answer while a template is looked at."""
PROBE = "A red ball's 12 bounces; un caf\u00e9, \u4f60\u597d!"
"""A text whose ids tell tokenizers apart."""
TRIED = 256
"""Frames of a blank clip that are prepared, to see whether a model takes so many."""


class Conversation:
    """A processor of transformers, and how it is asked.

    visual: "video" hands all frames over as a video, with their times; "pictures" as pictures, each with its time
    in words. None: as a video where the processor takes one.
    """

    def __init__(self, processor: Any, prompt: Prompt, visual: Visual | None, name: str) -> None:
        self.processor, self.prompt, self.name = processor, prompt, name
        self.tokenizer: Any = getattr(processor, "tokenizer", None)
        if self.tokenizer is None:
            raise UserError(
                f"'{name}' has no processor of pictures and texts, but a {type(processor).__name__}",
                hint="a folder with processor_config.json or preprocessor_config.json beside its tokenizer",
            )
        takes_video = getattr(processor, "video_processor", None) is not None
        if visual == "video" and not takes_video:
            raise ConfigError(
                f"'{name}' takes no video: its processor is a {type(processor).__name__}",
                hint="head.visual='pictures'",
            )
        self.visual: Visual = visual or ("video" if takes_video else "pictures")
        self.named_videos = "videos" in inspect.signature(type(processor).__call__).parameters
        self.has_template = getattr(processor, "chat_template", None) is not None

    @property
    def notes(self) -> list[str]:
        """What is worth knowing of how this model is asked."""
        notes = []
        if not self.has_template:
            notes.append("it has no chat template: it gets the prompt as plain text")
        if self.visual == "pictures":
            notes.append("it takes no video: it gets the frames as pictures")
        return notes

    def inputs(
        self, frames: np.ndarray, times: np.ndarray | None, duration: float, transcript: str | None = None
    ) -> dict[str, Any]:
        """What the model reads of one clip, a batch of one. times: seconds from the clip's start."""
        question = self.prompt.question(duration, transcript)
        text = self.rendered(question, len(frames), times)
        begin = self.tokenizer.bos_token
        given: dict[str, Any] = {"text": [text], "return_tensors": "pt"}
        if self.has_template and begin is not None and text.startswith(begin):
            given["add_special_tokens"] = False  # the template wrote it
        if self.visual == "video" and self.named_videos:
            given |= {"videos": [list(frames)], "do_sample_frames": False}
            given["video_metadata"] = [_metadata(frames, times, duration)]
        else:
            given["images"] = [list(frames)]
        try:
            self._refuse_other_than_room(len(frames))
            made = self.processor(**given)
        except UserError:
            raise
        except Exception as error:  # whatever a processor's own code raises
            first = " ".join(str(error).split())[:300] or type(error).__name__
            if not self.has_template:
                raise UserError(
                    f"'{self.name}' has no chat template, and takes no plain text beside frames: {first}",
                    hint="the model's chat_template.jinja in its folder",
                ) from error
            raise UserError(
                f"{type(self.processor).__name__} does not take {len(frames)} frames: {first}",
                hint=self._other_than(len(frames)),
            ) from error
        return {name: value for name, value in made.items() if isinstance(value, Tensor) and name != "labels"}

    @property
    def kind_of_answers(self) -> int:
        """The token type of what is written: 1 where the prompt, of type 0, is read in both directions."""
        return int("labels" in self.processor.model_input_names)  # PaliGemma's marks what is to be learned

    def try_out(self, frames: int) -> None:
        """Refuse a number of frames that no clip could be read with."""
        if frames <= TRIED:
            self.inputs(np.zeros((frames, 64, 64, 3), np.uint8), None, float(frames))

    def refuse_other(self, tokenizer: Tokenizer) -> None:
        """A run's tokenizer gives the ids that this model knows, or is refused."""
        own = self.tokenizer
        tail = own.encode(self.around_answer()[1], add_special_tokens=False)[:1]
        usual = (own.eos_token_id, own.sep_token_id)
        same = tokenizer.encode_raw(PROBE) == own.encode(PROBE, add_special_tokens=False)
        if not (
            same and tokenizer.eos_id in (*usual, *tail) and tokenizer.pad_id in (own.pad_token_id, *usual)
        ):
            raise ConfigError(
                f"tokenizer.name is of another model than head.model, which is '{self.name}': ids differ",
                hint="both --set head.model=X --set tokenizer.name=X",
            )

    def _refuse_other_than_room(self, frames: int) -> None:
        by_marks = self.visual == "video" and self.named_videos
        asks = hasattr(self.processor, "num_query_tokens") or not self.has_template
        if by_marks or not asks or self._room in (None, frames):
            return
        taken = "one picture" if self._room == 1 else f"{self._room} frames"
        raise UserError(
            f"'{self.name}' takes {taken}, and not {frames} frames", hint=f"head.frames={self._room}"
        )

    @cached_property
    def _room(self) -> int | None:
        """The one number of frames that the text has room for: of more, the model would not see the rest."""
        one, two = (
            self.processor(
                images=[[np.zeros((32, 32, 3), np.uint8)] * count],
                text=[self.rendered("?", count)],
                return_tensors="pt",
            )["input_ids"][0]
            for count in (1, 2)
        )
        if len(one) != len(two):
            return None
        each = getattr(self.processor, "num_query_tokens", None)
        if not each:
            return 1
        mark = str(getattr(self.processor, "video_token", None) or self.processor.image_token)
        return int((one == self.tokenizer.convert_tokens_to_ids(mark)).sum()) // int(each)

    def _other_than(self, frames: int) -> str:
        """What to set in place of a number of frames that a processor does not take."""
        even = max(2, frames + frames % 2)
        hints = [f"head.frames={even}"] if even != frames else []
        if self.visual == "video":
            hints.append("head.visual='pictures'")
        return ", or ".join(hints) or "fewer head.frames, or the chat_template.jinja of the model's page"

    def rendered(self, question: str, frames: int, times: Sequence[float] | np.ndarray | None = None) -> str:
        """The whole text up to where the answer begins, with the processor's own marks of pictures or videos."""
        if not self.has_template:
            return f"{self.processor.image_token * frames if self.kind_of_answers else ''}{question}"
        return self._template(self._messages(question, frames, times), add_generation_prompt=True)

    def around_answer(self) -> tuple[str, str]:
        """What the template writes before an answer, beyond what it writes to ask for one, and behind it."""
        if not self.has_template:
            return "", ""
        asked = self._messages("?", 1, None)
        before = self._template(asked, add_generation_prompt=True)
        answer = {"role": "assistant", "content": [{"type": "text", "text": MARK}]}
        whole = self._template([*asked, answer], add_generation_prompt=False)
        lead, _, tail = whole.partition(MARK)
        return (lead.removeprefix(before) if lead.startswith(before) else ""), tail

    def _messages(
        self, question: str, frames: int, times: Sequence[float] | np.ndarray | None
    ) -> list[dict[str, Any]]:
        content: list[Mapping[str, Any]] = []
        if self.visual == "video":
            content.append({"type": "video"})
        for index in range(frames if self.visual == "pictures" else 0):
            if times is not None:
                content.append({"type": "text", "text": f"{times[index]:.1f} s:"})
            content.append({"type": "image"})
        content.append({"type": "text", "text": question})
        messages: list[dict[str, Any]] = []
        if self.prompt.system:
            messages.append({"role": "system", "content": [{"type": "text", "text": self.prompt.system}]})
        return [*messages, {"role": "user", "content": content}]

    def _template(self, messages: Sequence[Mapping[str, Any]], add_generation_prompt: bool) -> str:
        try:
            made = self.processor.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=add_generation_prompt
            )
        except Exception as error:  # a template is code of its own
            first = " ".join(str(error).split())[:300]
            raise UserError(
                f"the chat template does not take this conversation: {first}",
                hint="head.system=None, head.visual='pictures', or a chat_template.jinja in the model's folder",
            ) from error
        return str(made)


def _metadata(frames: np.ndarray, times: np.ndarray | None, duration: float) -> dict[str, Any]:
    """Real times as transformers asks for them: a row's index over `fps` is its second."""
    count = len(frames)
    length = duration if duration > 0 else float(count)
    rate = count / length
    seconds = (np.arange(count) + 0.5) / rate if times is None else np.asarray(times, float)
    return {
        "total_num_frames": count,
        "fps": rate,
        "duration": length,
        "frames_indices": [float(second * rate) for second in seconds],
        "height": int(frames.shape[1]),
        "width": int(frames.shape[2]),
    }
