"""The words that a checkpoint's ids stand for, from the file that lies beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidcap_core.api import UserError
from vidcap_pdvc.vocabulary import END

FORMS = (
    "the authors' vocabulary_activitynet.json; JSON: a list, or id -> word; a text file with a word a line"
)


def read_words(path: Path, size: int) -> list[str]:
    """All words of a vocabulary of this size, in the order of ids, after the one that ends texts."""
    try:
        text = path.read_text(encoding="utf-8")
        words = _in_order(json.loads(text), path) if path.suffix == ".json" else text.split()
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no list of words can be read: {error}", hint=FORMS) from error
    if len(words) != size - 1:
        raise UserError(
            f"{path} has {len(words)} words, and the checkpoint knows {size - 1} besides the one that ends texts",
            hint="the list of words of the data set that it was trained on",
        )
    return [END, *words]


def _in_order(table: Any, path: Path) -> list[str]:
    table = table.get("ix_to_word", table) if isinstance(table, Mapping) else table
    if isinstance(table, list):
        return [str(word) for word in table]
    if not isinstance(table, Mapping):
        raise UserError(f"{path} holds no list of words", hint=FORMS)
    by_id = {int(number): str(word) for number, word in table.items() if int(number)}
    lacking = next((number for number in range(1, len(by_id) + 1) if number not in by_id), None)
    if lacking is not None:
        raise UserError(f"{path} has no word for the id {lacking}", hint=FORMS)
    return [by_id[number] for number in range(1, len(by_id) + 1)]
