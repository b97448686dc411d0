"""Checks of a tokenizer that has seen the training captions: texts to ids and back."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vidcap_core.errors import UserError
from vidcap_core.testing.check import Broken, Checks, expect

TEXTS = 12


@dataclass(frozen=True)
class Subject:
    """A tokenizer, fitted where it learns, and some training captions."""

    tokenizer: Any
    captions: Sequence[str]

    @property
    def texts(self) -> list[str]:
        """Captions of which it knows all words."""
        unknown = self.tokenizer.unknown_id
        texts = list(dict.fromkeys(text for text in self.captions if text.strip()))
        return [text for text in texts if unknown not in self.tokenizer.encode(text)][:TEXTS]


def ids(subject: Subject) -> None:
    """Ids lie below `len`, pad, begin and end among them, and no caption has pad, begin or end inside."""
    tokenizer, size = subject.tokenizer, len(subject.tokenizer)
    for name in ("pad_id", "bos_id", "eos_id"):
        value = getattr(tokenizer, name)
        expect(
            isinstance(value, int) and 0 <= value < size,
            f"`{name}` asked for",
            f"that it is an id below {size}; it is {value!r}",
        )
    specials = {tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id}
    for text in subject.captions[:TEXTS]:
        given = tokenizer.encode(text)
        stray = [number for number in given if not 0 <= number < size]
        expect(not stray, f"'{text}' encoded", f"that ids lie below {size}, its length; {stray}")
        inside = specials & set(given)
        expect(
            not inside,
            f"'{text}' encoded",
            f"that no special id is inside: they are added around it; {sorted(inside)}",
        )
        expect(bool(given) or not text.strip(), f"'{text}' encoded", "that there is an id")


def there_and_back(subject: Subject) -> None:
    """`decode` of `encode` is the text, but for case, spaces and punctuation; encoded again it has the same ids."""
    tokenizer = subject.tokenizer
    expect(bool(subject.texts), "training captions encoded", "that it knows all words of one of them")
    for text in subject.texts:
        given = tokenizer.encode(text)
        back = tokenizer.decode(given)
        expect(_letters(back) == _letters(text), f"'{text}' encoded and decoded", f"the text; it is '{back}'")
        again = tokenizer.encode(back)
        expect(
            list(again) == list(given),
            f"'{text}' encoded, decoded and encoded",
            f"the ids; {given} became {again}",
        )


def specials(subject: Subject) -> None:
    """Begin, end and padding around ids are left out of the text."""
    tokenizer = subject.tokenizer
    for text in subject.texts[:4]:
        given = list(tokenizer.encode(text))
        around = [tokenizer.bos_id, *given, tokenizer.eos_id, tokenizer.pad_id, tokenizer.pad_id]
        plain, full = tokenizer.decode(given), tokenizer.decode(around)
        expect(plain == full, f"begin, end and padding put around '{text}'", f"the text; it is '{full}'")
    named = tokenizer.special_ids
    lacking = [name for name in ("pad_id", "bos_id", "eos_id") if getattr(tokenizer, name) not in named]
    expect(not lacking, "`special_ids` asked for", f"that {', '.join(lacking)} are among them")
    words = {number for text in subject.texts for number in tokenizer.encode(text)} & named
    expect(
        not words, "`special_ids` asked for", f"that no word of a caption is among them; {sorted(words)[:3]}"
    )
    unknown = tokenizer.unknown_id
    expect(
        unknown is None or unknown != tokenizer.eos_id,
        "`unknown_id` asked for",
        "that it is not the end: it is never written",
    )


def state(subject: Subject) -> None:
    """`state()` is plain JSON, and `from_state` makes a tokenizer of it that gives the same ids, texts and length."""
    tokenizer = subject.tokenizer
    try:
        plain = json.loads(json.dumps(tokenizer.state()))
    except (TypeError, ValueError) as error:
        raise Broken("its state written as JSON", f"that it is plain data; {error}") from None
    other = type(tokenizer).from_state(plain)
    changed = "its state written as JSON, and a tokenizer made of it"
    expect(len(other) == len(tokenizer), changed, f"its length; {len(tokenizer)} became {len(other)}")
    for name in ("pad_id", "bos_id", "eos_id", "unknown_id"):
        first, second = getattr(tokenizer, name, None), getattr(other, name, None)
        expect(first == second, changed, f"{name}; {first} became {second}")
    for text in [*subject.captions[:TEXTS], "zyxwv A b, c."]:
        given, again = list(tokenizer.encode(text)), list(other.encode(text))
        expect(given == again, changed, f"the ids of '{text}'; {given} became {again}")
        first, second = tokenizer.decode(given), other.decode(given)
        expect(first == second, changed, f"the text of {given}; '{first}' became '{second}'")


def tokens(subject: Subject) -> None:
    """`token_id` of a token that is not there is a ConfigError, not another token's id."""
    try:
        number = subject.tokenizer.token_id("<no such token, I think>")
    except UserError:
        return
    raise Broken(
        "`token_id` of a token that is not there asked for",
        f"that it is refused by a ConfigError; it is {number}",
    )


CHECKS: Checks = {
    "ids": ids,
    "text and back": there_and_back,
    "special ids": specials,
    "state": state,
    "unknown token": tokens,
}


def _letters(text: str) -> str:
    return "".join(re.findall(r"\w+", text.lower()))
