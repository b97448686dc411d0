"""The engine of a cluster: Ray Data decodes in tasks, captions in actors that hold the model, and holds back.

What bounds the memory is Ray Data's: a stage waits while what it made fills its share of the object store.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from vidcap_core.captioning.decode import Wanted, safely
from vidcap_core.captioning.model_recipe import ModelRecipe
from vidcap_core.captioning.spans import Every
from vidcap_core.errors import UserError, VideoError, in_a_line
from vidcap_core.files.remote import Source
from vidcap_core.jobs.rows import Row, error_row

TASKS, SMALLEST = 2048, 4
"""Decoding tasks of a job, and files of the smallest: the cluster's books grow with tasks, what is lost with files."""
DECODING, CAPTIONING = 0.5, 0.25
"""of a processor, as Ray books them: each waits for the other, and actors must leave room for tasks."""
PATIENCE = 10.0
"""Seconds for a cluster to answer."""
LOST = "what read or captioned it died, or failed, each time it was tried; the others went on"


@dataclass(frozen=True, slots=True)
class RayEngine:
    """Actors make the captioner of its recipe; tasks know what is wanted of a file, and no network."""

    recipe: ModelRecipe
    wanted: Wanted
    every: Every = None
    batch: int = 16
    actors: int = 2
    gpus: float = 0.0
    address: str | None = None

    def run(self, sources: Sequence[Source]) -> Iterator[tuple[Source, list[Row]]]:
        """Files as they are finished; one whose processes died has a row that says so."""
        missing = dict(enumerate(sources))
        parts: dict[int, dict[int, Row]] = {}
        ends: dict[int, int] = {}
        with _cluster(self.address) as data:
            for made in self._rows(data, sources):
                index, part = int(made["index"]), int(made["part"])
                if index not in missing:
                    continue  # read again after its machine died, and finished before
                parts.setdefault(index, {})[part] = json.loads(made["row"])
                if made["last"]:
                    ends[index] = part + 1
                if len(parts[index]) == ends.get(index):
                    rows = parts.pop(index)
                    del ends[index]
                    yield missing.pop(index), _whole([rows[number] for number in sorted(rows)])
        if missing and len(missing) == len(sources):  # rows that blame each file would help nobody
            raise UserError(
                "the cluster captioned nothing: no task or actor came to an end",
                hint="are model and videos found on its machines? their logs: /tmp/ray/session_latest/logs",
            )
        for source in missing.values():
            yield source, [error_row(source, LOST)]

    def _rows(self, data: ModuleType, sources: Sequence[Source]) -> Iterator[dict[str, Any]]:
        import pyarrow as pa

        size = max(SMALLEST, -(-len(sources) // TASKS))
        tables = [
            pa.table(
                {
                    "index": range(first, min(first + size, len(sources))),
                    "source": [pickle.dumps(source) for source in sources[first : first + size]],
                }
            )
            for first in range(0, len(sources), size)
        ]
        gpus = {"num_gpus": self.gpus} if self.gpus else {}
        clips = data.from_arrow(tables).flat_map(_Decode(self.wanted, self.every), num_cpus=DECODING)
        rows = clips.map_batches(
            _Caption,
            fn_constructor_args=(self.recipe,),
            batch_size=self.batch,
            compute=data.ActorPoolStrategy(size=self.actors),
            num_cpus=CAPTIONING,
            **gpus,
        )
        yield from rows.iter_rows()


@dataclass(frozen=True, slots=True)
class _Decode:
    """A task: the clips of a file, pickled; an error in place of those that cannot be read."""

    wanted: Wanted
    every: Every

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        source: Source = pickle.loads(row["source"])
        held: bytes | None = None
        part = 0

        def made(content: bytes, last: bool) -> dict[str, Any]:
            return {"index": row["index"], "part": part, "last": last, "clip": content}

        try:
            for decoded in safely(source, self.wanted.read(source, self.every)):
                if held is not None:
                    yield made(held, False)
                    part += 1
                held = pickle.dumps((source, replace(decoded, file=None)), protocol=5)
        except VideoError as error:
            if held is not None:
                yield made(held, False)
                part += 1
            held = pickle.dumps((source, error.line))
        if held is not None:
            yield made(held, True)


class _Caption:
    """An actor: it loads the captioner once, and captions batches of clips."""

    def __init__(self, recipe: ModelRecipe) -> None:
        from vidcap_core.jobs.actor import Actor

        self._actor = Actor(recipe)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        rows = self._actor.caption([pickle.loads(clip) for clip in batch["clip"]])
        kept = {key: batch[key] for key in ("index", "part", "last")}
        return {**kept, "row": [json.dumps(row) for row in rows]}


def _whole(rows: list[Row]) -> list[Row]:
    """The rows of a file; one that fails in its midst has failed, as with the local engine."""
    failed = [row for row in rows if row["error"] is not None]
    return failed[:1] or rows


@contextmanager
def _cluster(address: str | None) -> Iterator[ModuleType]:
    """Ray Data, on a cluster that runs, or on one that is begun here and ends here."""
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # read when Ray is imported
    try:
        import ray
        import ray.data
        import ray.exceptions
    except ImportError as error:
        raise UserError(
            f"--engine ray needs Ray, which is not installed: {error}",
            hint="pip install 'vidcap-core[ray]'; or without --engine: on this machine alone",
        ) from error
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
    try:
        _check_there(address)
        if address is None:
            ray.init(address="local", num_cpus=_cores(), **quiet)
        else:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # of many kinds: no cluster, another Python or Ray there, no memory
        where = f"the cluster at '{address}'" if address else "a cluster on this machine"
        raise UserError(
            f"{where} cannot be used: {in_a_line(error)[:500]}",
            hint="ray status, and the same versions of Python and Ray on all machines; "
            "without --address one is begun here",
        ) from error
    try:
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        settings = ray.data.DataContext.get_current()
        settings.enable_progress_bars = False
        settings.max_errored_blocks = -1  # files of a lost block get rows of their own
        yield ray.data
    except ray.exceptions.RayError as error:
        raise UserError(f"the cluster gave up: {_cause(error)}", hint="the same command goes on") from error
    finally:
        ray.shutdown()


def _check_there(address: str | None) -> None:
    """Ask whether anybody listens: Ray itself would ask for minutes."""
    host, _, port = (address or "").rpartition(":")
    if host and port.isdigit() and "//" not in host:
        socket.create_connection((host, int(port)), PATIENCE).close()


def _cause(error: BaseException) -> str:
    """The last line of what a process of the cluster raised: the lines before are its traceback."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return (lines[-1].strip() if lines else type(error).__name__)[:500]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def everywhere(recipe: ModelRecipe) -> ModelRecipe:
    """A recipe whose folder is found from any working directory."""
    there = Path(recipe.name).exists()
    return replace(recipe, name=os.path.abspath(recipe.name)) if there else recipe
