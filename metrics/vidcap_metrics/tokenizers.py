"""Tokenizers by name; the name stands in the signature of every number.

`ptb`   Penn Treebank, lower case, without punctuation: what captioning scores are defined on
`none`  words are what white space separates
`13a`   that of WMT's mteval-v13a, sacrebleu's default: punctuation is split off and kept, as is case
`char`  every character that is no white space: for languages that write no spaces
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vidcap_metrics import ptb
from vidcap_metrics.errors import UserError
from vidcap_metrics.references import Tokenize


@dataclass(frozen=True)
class Tokenizer:
    """Lines to lines of tokens with single spaces between them, and the name that signatures give it."""

    name: str
    tokenize: Tokenize


def split_at_spaces(lines: Iterable[str]) -> list[str]:
    """Words as they are."""
    return [" ".join(line.split()) for line in lines]


def characters(lines: Iterable[str]) -> list[str]:
    """Each character a token."""
    return [" ".join("".join(line.split())) for line in lines]


ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
ASCII_MARKS = re.compile(r"([!-&(-+/:-@[-`{-~])")
BEFORE_MARK = re.compile(r"([^0-9])([.,])")
AFTER_MARK = re.compile(r"([.,])([^0-9])")
AFTER_DIGIT = re.compile(r"([0-9])(-)")


def mteval_13a(lines: Iterable[str]) -> list[str]:
    """Marks of ASCII apart, full stops and commas too unless digits stand on both sides, dashes after digits."""
    return [_mteval_13a(line) for line in lines]


def _mteval_13a(line: str) -> str:
    line = line.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, mark in ENTITIES:
        line = line.replace(entity, mark)
    line = ASCII_MARKS.sub(r" \1 ", f" {line} ")
    line = BEFORE_MARK.sub(r"\1 \2 ", line)
    line = AFTER_MARK.sub(r" \1 \2", line)
    return " ".join(AFTER_DIGIT.sub(r"\1 \2 ", line).split())


TOKENIZERS: dict[str, Tokenizer] = {
    "ptb": Tokenizer(ptb.NAME, ptb.tokenize),
    "none": Tokenizer("none", split_at_spaces),
    "13a": Tokenizer("13a", mteval_13a),
    "char": Tokenizer("char", characters),
}


def tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a name."""
    if name not in TOKENIZERS:
        raise UserError(f"no tokenizer is named '{name}'", hint=f"one of: {', '.join(TOKENIZERS)}")
    return TOKENIZERS[name]


UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]{5}"
)
"""Five letters together of Thai, Lao, Burmese, Khmer, Japanese or Chinese: more than a word."""


def unsplit(lines: Sequence[str]) -> str:
    """What to say where most tokenised lines still hold stretches of such a script in one token; "" otherwise."""
    if all(map(str.isascii, lines)):
        return ""
    held = [line for line in lines if UNSPACED.search(line)]
    if 2 * len(held) <= len(lines):
        return ""
    return (
        f"{len(held)} of {len(lines)} references have whole phrases as one token ({held[0]:.20}): this tokenizer "
        "splits at spaces, which their language does not write; try: --tokenizer char"
    )
