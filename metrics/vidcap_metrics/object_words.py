"""Which words name which object: a list that the user gives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidcap_metrics import ptb
from vidcap_metrics.errors import DataError

EXAMPLE = '{"dog": ["dogs", "puppy"], "cell phone": ["mobile phone"]}'


class ObjectWords:
    """Objects and the words that name them; the object's own name is one of them.

    Nothing is guessed: a plural that is not in the list names no object.
    """

    def __init__(self, objects: Mapping[str, Sequence[str]]) -> None:
        names = [(name, word) for name, words in objects.items() for word in dict.fromkeys([name, *words])]
        self.objects = frozenset(objects)
        self._object_of: dict[tuple[str, ...], str] = {}
        for (name, word), line in zip(names, ptb.tokenize([word for _, word in names]), strict=True):
            words = tuple(line.split())
            if not words:
                raise DataError(f"object '{name}' has the word {word!r}, which is none", hint=EXAMPLE)
            if self._object_of.setdefault(words, name) != name:
                raise DataError(
                    f"'{word}' names both '{self._object_of[words]}' and '{name}'",
                    hint="give it to one of them",
                )
        self._longest = max(map(len, self._object_of), default=0)
        listed = sorted((" ".join(words), name) for words, name in self._object_of.items())
        self.hash = hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:8]

    def mentions(self, text: str) -> list[str]:
        """The objects that a tokenised text names, mention by mention; of two names at a position the longer one."""
        words = text.split()
        found: list[str] = []
        position = 0
        while position < len(words):
            for length in range(self._longest, 0, -1):
                name = self._object_of.get(tuple(words[position : position + length]))
                if name is not None:
                    found.append(name)
                    position += length
                    break
            else:
                position += 1
        return found


def read_object_words(words: Mapping[str, Sequence[str]] | str | Path) -> ObjectWords:
    """A list as it is, or from a JSON file."""
    data = _mapping(words, "words that name objects", EXAMPLE)
    if not data:
        raise DataError("the list of objects is empty", hint=EXAMPLE)
    return ObjectWords(data)


def read_clip_objects(
    objects: Mapping[str, Sequence[str]] | str | Path, known: ObjectWords
) -> dict[str, frozenset[str]]:
    """Which objects each clip shows, as they are or from a JSON file."""
    data = _mapping(objects, "objects by clip", '{"clip": ["dog", "ball"]}')
    for clip, names in data.items():
        strange = [name for name in names if name not in known.objects]
        if strange:
            raise DataError(
                f"clip '{clip}' shows '{strange[0]}', which the list of words does not have",
                hint="add it to the list with the words that name it",
            )
    return {clip: frozenset(names) for clip, names in data.items()}


def _mapping(
    given: Mapping[str, Sequence[str]] | str | Path, what: str, example: str
) -> Mapping[str, Sequence[str]]:
    if isinstance(given, Mapping):
        data: Any = given
        source = what
    else:
        source = str(given)
        try:
            data = json.loads(Path(given).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{source} cannot be read as {what}: {error}", hint=example) from None
    fits = isinstance(data, Mapping) and all(
        isinstance(each, (list, tuple)) and all(isinstance(word, str) for word in each)
        for each in data.values()
    )
    if not fits:
        raise DataError(f"{source}: holds no {what}", hint=example)
    checked: Mapping[str, Sequence[str]] = data
    return checked
