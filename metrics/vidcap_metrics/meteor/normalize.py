"""METEOR's own tokenisation (option -norm): punctuation apart, hyphenated words in parts, lower case.

Found from the Java program's answers, character by character and on lines made to be hard. Its letters are a list of
ranges: what lies outside (Greek, Arabic, Thai, a ligature, º) stands alone, as a symbol does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LETTERS = "A-Za-zÀ-ÖØ-öø-ž\u0400-\u0527\u1d00-\u1d7f\ua640-\ua66e\ua67e-\ua697"
STEPS = tuple(
    (re.compile(pattern, re.ASCII), into)
    for pattern, into in (
        (r"[`‘’]", "'"),
        (r"''|[“”]", '"'),
        ("–", " - "),
        (r"(\.{2,})", r" \1 "),
        (rf"([^{LETTERS}\d\s.',\-])", r" \1 "),
        (r"([^\d]),([^\d])", r"\1 , \2"),
        (r"(\d),([^\d])", r"\1 , \2"),
        (r"([^\d]),(\d)", r"\1 , \2"),
        ("--", "-"),
        (rf"([{LETTERS}\d.])-([{LETTERS}\d])", r"\1 \2"),
        (rf"([^{LETTERS}])'([^{LETTERS}])", r"\1 ' \2"),
        (rf"([^{LETTERS}\d])'([{LETTERS}])", r"\1 ' \2"),
        (rf"([{LETTERS}])'([^{LETTERS}])", r"\1 ' \2"),
        (rf"([{LETTERS}])'([{LETTERS}])", r"\1 '\2"),
        (r"(\d)'(s)", r"\1 '\2"),
    )
)
PLAIN = re.compile(r"[a-z0-9 ]*")
LETTER = re.compile(f"[{LETTERS}]")
SPACE = re.compile(r"[ \t\n\r\f]+")
ENDS = "".join(map(chr, range(33)))
"""What is cut off at both ends of a text."""
BLANK = frozenset("\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000")
"""Spaces that count as words until full stops are settled, and are then dropped."""


def normalize(text: str, abbreviations: Mapping[str, bool]) -> list[str]:
    """Lower-case tokens of a caption; an abbreviation may be one only before a number."""
    if PLAIN.fullmatch(text):
        return text.split()
    text = f" {text.strip(ENDS)} "
    for pattern, into in STEPS:
        text = pattern.sub(into, text)
    words = [word for word in SPACE.split(text) if word]
    out: list[str] = []
    for word, following in zip(words, [*words, ""][1:], strict=True):
        out += _without_stop(word, following, abbreviations)
    return [word.lower() for word in out if word not in BLANK]


def _without_stop(word: str, following: str, abbreviations: Mapping[str, bool]) -> list[str]:
    """The word and the full stop that ends a sentence, where it is one; an acronym loses its stops."""
    base = word[:-1]
    if not word.endswith(".") or not base or base.endswith("."):
        return [word]
    if "." in base and LETTER.search(base):
        return [word.replace(".", "")]
    first = following[:1]
    if first.isascii() and first.islower():
        return [word]
    if base in abbreviations and (not abbreviations[base] or (first.isascii() and first.isdigit())):
        return [word]
    return [base, "."]
