"""METEOR's own tokenisation (option -norm): punctuation apart, hyphenated words in parts, lower case."""

from __future__ import annotations

import re
from collections.abc import Collection

STEPS = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"``|''|[“”]", '"'),
        (r"[`‘’]", "'"),
        ("–", "-"),
        (r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])", r" \1 "),
        (r"([^\W_])-+([^\W_])", r"\1 \2"),
        (r"((?:[^\w\s.'`,\-]|_))", r" \1 "),
        (r"(\.{2,})", r" \1 "),
        (r"([^\d]),([^\d])", r"\1 , \2"),
        (r"(\d),([^\d])", r"\1 , \2"),
        (r"([^\d]),(\d)", r"\1 , \2"),
        (r"(\W|\d)'(\W|\d)", r"\1 ' \2"),
        (r"([^\w])'([^\W\d_])", r"\1 ' \2"),
        (r"([^\W\d_])'([^\w]|\d)", r"\1 ' \2"),
        (r"([^\W\d_])'([^\W\d_])", r"\1 '\2"),
        (r"(\d)'(s)", r"\1 '\2"),
    )
)
PLAIN = re.compile(r"[a-z0-9 ]*")


def normalize(text: str, abbreviations: Collection[str]) -> list[str]:
    """Lower-case tokens of a caption."""
    if PLAIN.fullmatch(text):
        return text.split()
    text = f" {text.strip()} "
    for pattern, into in STEPS:
        text = pattern.sub(into, text)
    words = text.split()
    out: list[str] = []
    for position, word in enumerate(words):
        following = words[position + 1] if position + 1 < len(words) else ""
        out += _without_stop(word, following, abbreviations)
    return [word.lower() for word in out]


def _without_stop(word: str, following: str, abbreviations: Collection[str]) -> list[str]:
    """The word and the full stop that ends a sentence, where it is one."""
    base = word[:-1]
    if not word.endswith(".") or not base or base.endswith("."):
        return [word]
    inner = "." in base and any(letter.isalpha() for letter in base)
    if inner or base in abbreviations or following[:1].islower():
        return [word]
    return [base, "."]
