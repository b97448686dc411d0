"""The words that a checkpoint's ids stand for, from the file that lies beside it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidcap_care.vocabulary import SPECIALS
from vidcap_core.api import UserError

FORMS = "a text file with a word a line, in the order of ids; JSON: a list, or id -> word; the authors' info_corpus.pkl"
_DEEPEST = 4


def read_words(path: Path, size: int) -> list[str]:
    """All words of a vocabulary of this size, the special ones first."""
    words = _listed(path)
    if len(words) == size - len(SPECIALS):
        words = [*SPECIALS, *words]
    if len(words) != size:
        raise UserError(
            f"{path} has {len(words)} words, and the checkpoint knows {size}, of which {len(SPECIALS)} are special",
            hint="the list of words of the data set that it was trained on",
        )
    return [*SPECIALS, *words[len(SPECIALS) :]]


def _listed(path: Path) -> list[str]:
    try:
        if path.suffix == ".json":
            return _in_order(json.loads(path.read_text(encoding="utf-8")), path)
        if path.suffix in (".pkl", ".pickle"):
            return _in_order(_table(_plain(path), _DEEPEST, path), path)
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no list of words can be read: {error}", hint=FORMS) from error


def _in_order(table: Any, path: Path) -> list[str]:
    if isinstance(table, list):
        return [str(word) for word in table]
    if not isinstance(table, Mapping):
        raise UserError(f"{path} holds no list of words", hint=FORMS)
    by_id = {int(number): str(word) for number, word in table.items()}
    first = 0 if 0 in by_id else len(SPECIALS)  # special words are not always listed
    lacking = next(
        (number for number in range(first, max(by_id, default=-1) + 1) if number not in by_id), None
    )
    if lacking is not None and lacking < len(SPECIALS):
        return [by_id[number] for number in range(len(SPECIALS), max(by_id) + 1)]
    if lacking is not None or not by_id:
        raise UserError(f"{path} has no word for the id {lacking}", hint=FORMS)
    return [by_id[number] for number in range(first, max(by_id) + 1)]


def _table(content: Any, deep: int, path: Path) -> Any:
    """The authors' table `itow`, however deep it lies."""
    if isinstance(content, Mapping) and deep:
        if "itow" in content:
            return content["itow"]
        for value in content.values():
            if isinstance(value, Mapping) and (inner := _table(value, deep - 1, path)) is not None:
                return inner
    if deep < _DEEPEST:
        return None
    raise UserError(f"{path} has no table 'itow' of words", hint=FORMS)


class _PlainData(pickle.Unpickler):
    """Reads lists, tables, texts and numbers; nothing is imported, so nothing can run."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def _plain(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return _PlainData(file).load()
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path} is refused: it holds more than plain data, so loading it could run code ({error})",
            hint="its table itow as JSON: id -> word",
        ) from error
    except (EOFError, IndexError, KeyError, AttributeError, TypeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is damaged: {error}", hint=FORMS) from error
