"""A job: what is not finished goes through an engine, and its rows into shards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from vidcap_core.files.remote import Source
from vidcap_core.jobs.digests import joined, packed
from vidcap_core.jobs.output import Output
from vidcap_core.jobs.rows import Row, digest
from vidcap_core.jobs.share import Share
from vidcap_core.jobs.turn import Turn

FILES = 256
"""Files of a shard."""
LONGEST = 300.0
"""Seconds of work that a kill may cost: after so many a shard is written, however small."""


class Engine(Protocol):
    """Runs the stages (probe, cut, decode, encode, write) over files; gives each file's rows when it is finished."""

    def run(self, sources: Sequence[Source]) -> Iterator[tuple[Source, list[Row]]]:
        """Each file once, in any order; one that fails has a row with its error."""
        ...


@dataclass(slots=True)
class Done:
    """What came of a job: files finished now, before, and not at all."""

    made: int = 0
    kept: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def caption(
    engine: Callable[[], Engine],
    sources: Sequence[Source],
    output: Output,
    share: Share,
    form: str,
    about: Mapping[str, str | None],
    finished: Callable[[], None] = lambda: None,
    retry: bool = False,
    files: int = FILES,
) -> Done:
    """Caption what no manifest names yet, and write shards of `files` files each.

    engine: made only where there is something to do. retry: try those again that failed before.
    """
    done = Done()
    with Turn(output, share, len(sources)):
        mine = share.of(sources)
        todo = _unfinished(mine, output, retry)
        done.kept = len(mine) - len(todo)
        for _ in range(done.kept):
            finished()
        rows: list[Row] = []
        waiting: list[Source] = []

        def write() -> None:
            if waiting:
                output.add(form, rows, about, waiting)
            rows.clear()
            waiting.clear()

        began = time.monotonic()
        try:
            for source, made in engine().run(todo) if todo else ():
                rows += made
                waiting.append(source)
                if error := next((row["error"] for row in made if row["error"] is not None), None):
                    done.failed.append((str(source), error))
                else:
                    done.made += 1
                finished()
                if len(waiting) >= files or time.monotonic() - began > LONGEST:
                    write()
                    began = time.monotonic()
        except KeyboardInterrupt:
            write()
            raise
        write()
    return done


def _unfinished(sources: Sequence[Source], output: Output, retry: bool) -> list[Source]:
    """Files that no manifest names."""
    before = joined(
        packed(entry.done if retry else (*entry.done, *entry.failed)) for entry in output.entries()
    )
    if not len(before):
        return list(sources)
    finished = np.isin(packed(map(digest, sources)), before)
    return [source for source, is_in in zip(sources, finished.tolist(), strict=True) if not is_in]
