"""What is made of a chat model's answer: a caption without chatter, or why it is none."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from vidcap_core.api import ConfigError, at_least

FENCE = re.compile(r"^```\w*\s*|\s*```$")
MARKDOWN = re.compile(r"(\*\*|__|`|^#+\s*|^[-*]\s+)", re.MULTILINE)
OPENINGS = re.compile(
    r"^((sure|certainly|of course|okay|here is|here's)\b[^.:!\n]{0,60}[:!]\s*|(caption|answer|description)\s*:\s*)+",
    re.IGNORECASE,
)
"""What chat models say before they answer."""
SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[^\W\d_a-z])")
THOUGHT = re.compile(r"<think>.*?(</think>|$)", re.DOTALL)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What a terminal obeys, and halves of letters that no file takes."""
SCRIPTS = re.findall(
    r"\w+",
    """ADLAM ARABIC ARMENIAN BALINESE BENGALI BOPOMOFO CANADIAN CHAKMA CHEROKEE CJK COPTIC CYRILLIC DEVANAGARI ETHIOPIC
    GEORGIAN GREEK GUJARATI GURMUKHI HANGUL HEBREW HIRAGANA JAVANESE KANNADA KATAKANA KHMER LAO LATIN LISU MALAYALAM
    MEETEI MONGOLIAN MYANMAR NKO OL ORIYA SINHALA SUNDANESE SYRIAC TAMIL TELUGU THAANA THAI TIBETAN TIFINAGH VAI YI""",
)
"""As names of their letters begin in Unicode; those that languages of today are written in."""
FOREIGN = 0.5
"""Share of letters of another script than the wanted one beyond which a text is in another language."""


@dataclass(frozen=True)
class Tidy:
    """How an answer becomes a caption.

    sentences: only so many, the first ones; None: all.
    script: of the letters that are expected, as Unicode names it ("LATIN"); None: any.
    """

    sentences: int | None = None
    script: str | None = "LATIN"

    def __post_init__(self) -> None:
        at_least(1, sentences=self.sentences)
        if self.script is not None and self.script.upper() not in SCRIPTS:
            raise ConfigError(
                f"head.script={self.script!r} is no script", hint=f"None, or one of {', '.join(SCRIPTS)}"
            )

    @property
    def described(self) -> str:
        """In a line."""
        parts = {None: "all sentences", 1: "the first sentence"}.get(
            self.sentences, f"{self.sentences} sentences"
        )
        return (
            f"texts: {parts} of a model's answer, without chatter, quotes, markdown and an end that was cut off; "
            "case and punctuation are the metrics' to drop"
        )

    @property
    def mark(self) -> str:
        """In a word, for the signatures of scores."""
        parts = {None: "all-sentences", 1: "first-sentence"}.get(
            self.sentences, f"{self.sentences}-sentences"
        )
        return f"{parts}-without-chatter,case-as-written"

    def __call__(self, answer: str, whole: bool = True) -> str:
        """The caption; whole=False: the answer was cut off, and its last sentence goes where there is another."""
        text = THOUGHT.sub("", CONTROL.sub(" ", answer)).strip()
        text = MARKDOWN.sub("", FENCE.sub("", text))
        text = OPENINGS.sub("", " ".join(text.split())).strip()
        if len(text) > 1 and text[0] in "\"'“" and text[-1] in "\"'”":
            text = text[1:-1].strip()
        parts = SENTENCE.split(text)
        if not whole and len(parts) > 1:
            parts = parts[:-1]
        return " ".join(parts[: self.sentences])

    def problem(self, text: str, answer: str) -> str | None:
        """Why a caption is none, in a line."""
        if not text:
            shown = " ".join(answer.split())[:60]
            return f"the model's answer is empty: {shown!r}" if shown else "the model's answer is empty"
        if self.script is not None and _foreign(text, self.script.upper()) > FOREIGN:
            return f"the model answers in another script than {self.script.title()}: {text[:60]!r}"
        return None


def _foreign(text: str, script: str) -> float:
    letters = [sign for sign in text if sign.isalpha()]
    others = sum(not unicodedata.name(sign, "").startswith(script) for sign in letters)
    return others / len(letters) if letters else 0.0
