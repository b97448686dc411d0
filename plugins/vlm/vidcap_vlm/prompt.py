"""What a model is asked: a text, of this package's files or of a config."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from vidcap_core.api import ConfigError

Answer = Literal["text", "events"]


@dataclass(frozen=True)
class Prompt:
    """A question with what goes with it. {{duration}} in its text becomes the clip's length in seconds.

    answer: "text" for a caption, "events" for JSON with times.
    examples: captions of other clips, whose manner is to be followed.
    """

    text: str
    answer: Answer
    system: str | None = None
    examples: Sequence[str] = ()

    @classmethod
    def of(cls, text: str, answer: Answer | None, system: str | None, examples: Sequence[str]) -> Prompt:
        """By the name of one of `prompts/*.txt`, or as the text itself."""
        if not text.strip():
            raise ConfigError(
                "head.prompt is empty", hint=f"one of {', '.join(names())}, or a text of your own"
            )
        known = text in names()
        if not known and len(text.split()) == 1:
            raise ConfigError(
                f"head.prompt='{text}' is neither a sentence nor a known prompt",
                hint=f"one of {', '.join(names())}",
            )
        words = _file(text) if known else text.strip()
        return cls(words, answer or ("events" if text == "events" else "text"), system, tuple(examples))

    def question(self, duration: float, transcript: str | None = None) -> str:
        """The text that is put to the model beside the frames of a clip."""
        parts = [re.sub(r"\{\{duration\}\}", f"{duration:.1f}", self.text)]
        if self.examples:
            parts.append("Captions of other videos, whose manner to follow:")
            parts += [f"- {' '.join(example.split())}" for example in self.examples]
        if transcript:
            parts.append(f'What is said in the video: "{" ".join(transcript.split())}"')
        return "\n".join(parts)


def names() -> list[str]:
    """The prompts of this package."""
    folder = resources.files("vidcap_vlm") / "prompts"
    return sorted(file.name.removesuffix(".txt") for file in folder.iterdir() if file.name.endswith(".txt"))


def _file(name: str) -> str:
    return (resources.files("vidcap_vlm") / "prompts" / f"{name}.txt").read_text(encoding="utf-8").strip()
