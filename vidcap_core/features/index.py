"""The index of a feature store: its recipe and its shards, under a seal that is checked whenever it is read.

What a shard holds stands in an index of its own (`shard_index`), whose hash is here. Stores of version 2 have all
clips here; they are read as ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidcap_core.errors import DataError
from vidcap_core.files.hashing import hash_of
from vidcap_metrics.files.atomic import write_text

INDEX, FORMAT, VERSION, LISTED = "index.json", "vidcap-features", 3, 2
SEALED = re.compile(rb'\{"sha256":"([0-9a-f]{64})",')
"""How an index begins; the hash is that of the same text without it."""
AGAIN = "vidcap features extract, or import, into a new folder"


def write_index(folder: Path, index: Mapping[str, Any]) -> None:
    """Put it in place, whole."""
    text = json.dumps(index, separators=(",", ":"))
    write_text(folder / INDEX, f'{{"sha256":"{hash_of([text.encode()])}",{text[1:]}', durable=True)


def read_index(folder: Path) -> dict[str, Any]:
    """The index of a store; a store without one is none, or not finished."""
    file = folder / INDEX
    if not file.is_file():
        unfinished = (folder / "journal.jsonl").is_file()
        raise DataError(
            f"{folder}: "
            + ("this store is not finished" if unfinished else f"is no feature store: it has no {INDEX}"),
            hint="the same `vidcap features extract` again goes on"
            if unfinished
            else "vidcap features extract --help",
        )
    try:
        raw = file.read_bytes()
        index = json.loads(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file}: is damaged: {error}", hint=AGAIN) from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise DataError(f"{file}: is not the index of a feature store, or is damaged", hint=AGAIN)
    if index.get("version") not in (VERSION, LISTED):
        raise DataError(
            f"{file}: has version {index.get('version')}, this vidcap reads {LISTED} and {VERSION}",
            hint=AGAIN,
        )
    sealed = SEALED.match(raw)
    if sealed is None or hash_of([b"{", raw[sealed.end() :]]) != sealed[1].decode():
        raise DataError(f"{file}: is damaged: its sha256 is not the one that was written", hint=AGAIN)
    del index["sha256"]
    return index
