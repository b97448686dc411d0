"""Whether weights and tokenizer belong together: other words, or the same in another order, are other captions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidcap_core.errors import CheckpointError
from vidcap_core.files.hashing import hash_of


def digest(state: Mapping[str, Any]) -> str:
    """A hash of a tokenizer's state; in which order its keys stand does not count, the order of its words does."""
    return hash_of([json.dumps(state, sort_keys=True).encode()])


def check(state: Mapping[str, Any], known: str | None, file: Path) -> None:
    """Refuse a stored tokenizer that is not the one that a checkpoint was trained with."""
    if known is not None and digest(state) != known:
        raise CheckpointError(
            f"{file} is not the tokenizer that the weights were trained with: words would come out as others",
            hint="put a copy of the run's own file there",
        )
