"""The engine of a cluster: Ray Data decodes in tasks, captions in actors that hold the model, and holds back.

What bounds the memory is Ray Data's: a stage waits while what it made fills its share of the object store.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from vidcap_core.captioning.decode import Wanted, safely
from vidcap_core.captioning.model_recipe import ModelRecipe
from vidcap_core.captioning.spans import Every
from vidcap_core.errors import UserError, VideoError
from vidcap_core.files.remote import Source
from vidcap_core.jobs.ray_cluster import CAPTIONING, DECODING, cluster, parts_of
from vidcap_core.jobs.rows import Row, error_row

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
        with cluster(self.address) as data:
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
        gpus = {"num_gpus": self.gpus} if self.gpus else {}
        clips = data.from_arrow(parts_of(sources)).flat_map(
            _Decode(self.wanted, self.every), num_cpus=DECODING
        )
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


def everywhere(recipe: ModelRecipe) -> ModelRecipe:
    """A recipe whose folder is found from any working directory."""
    there = Path(recipe.name).exists()
    return replace(recipe, name=os.path.abspath(recipe.name)) if there else recipe
