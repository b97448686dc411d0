"""How far a job is, what failed in it, and whether its shards are what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vidcap_core.errors import DataError, UserError
from vidcap_core.files.hashing import hash_of
from vidcap_core.files.json_text import loads
from vidcap_core.jobs.digests import joined, packed
from vidcap_core.jobs.output import SHARDS, Entry, Output
from vidcap_core.jobs.shards import decoded
from vidcap_core.jobs.turn import DRIVERS

SHOWN = 10
"""Reasons of failures that are told."""


@dataclass(slots=True)
class Status:
    """Figures of a job; `inputs` is what its drivers were given, where they said so."""

    facts: dict[str, Any]
    inputs: int | None = None
    done: int = 0
    failed: int = 0
    rows: int = 0
    shards: int = 0
    bytes: int = 0
    reasons: list[tuple[str, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def status(output: Output, verify: bool = False) -> Status:
    """What the manifests say; `verify` reads every shard, too."""
    facts = facts_of(output)
    found = Status(facts, _inputs(output))
    done: list[np.ndarray] = []
    failed: list[np.ndarray] = []
    reasons: Counter[str] = Counter()
    for entry in output.entries():
        done.append(packed(entry.done))
        failed.append(packed(entry.failed))
        found.rows, found.shards = found.rows + entry.rows, found.shards + 1
        found.bytes += entry.bytes
        if not verify and not entry.failed:
            continue
        try:
            rows = list(rows_of_shard(output, facts["rows"], entry))
        except DataError as error:
            found.wrong.append(error.line)
            continue
        reasons.update(row["error"] for row in rows if row["error"] is not None)
    captioned = np.unique(joined(done))
    found.done, found.failed = len(captioned), len(np.setdiff1d(joined(failed), captioned))
    found.reasons = reasons.most_common(SHOWN)
    return found


def facts_of(output: Output) -> dict[str, Any]:
    """What made a job's rows; a folder without a job is none."""
    facts = output.facts()
    if facts is None or "rows" not in facts:
        raise UserError(
            f"{output} holds no job of rows", hint="vidcap caption VIDEOS --rows jsonl --out DIR makes one"
        )
    return facts


def rows_of_shard(output: Output, form: str, entry: Entry) -> Iterator[dict[str, Any]]:
    """The rows of a shard, which is what its manifest says."""
    where = f"{output}/{SHARDS}/{entry.file}"
    content = output.get(f"{SHARDS}/{entry.file}")
    if content is None or hash_of([content]) != entry.sha256:
        what = "is not there" if content is None else "is not what its manifest says"
        name = entry.file.rpartition(".")[0]
        raise DataError(
            f"{where}: {what}", hint=f"remove {output}/manifest/{name}.json: its files are captioned again"
        )
    return decoded(form, content, where)


def _inputs(output: Output) -> int | None:
    counts = []
    for name in output.names(DRIVERS):
        try:
            counts.append(int(loads(output.get(f"{DRIVERS}/{name}") or b"")["inputs"]))
        except (ValueError, KeyError, TypeError):
            continue
    return max(counts, default=None)
