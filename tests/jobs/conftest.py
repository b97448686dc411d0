"""The small captioner and films of the captioning tests, for jobs too."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from caption_parts import captioner, films, model

from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.files.remote import Source
from vidcap_core.jobs.job import Done, caption
from vidcap_core.jobs.local_engine import LocalEngine
from vidcap_core.jobs.merge import merge
from vidcap_core.jobs.output import Output
from vidcap_core.jobs.share import Share

Run = Callable[..., Done]
__all__ = ["captioner", "films", "model"]


@pytest.fixture
def run(captioner: FileCaptioner) -> Run:
    """Run a job on the local engine."""

    def run(
        sources: Sequence[Source],
        out: str | Path,
        form: str = "jsonl",
        share: Share | None = None,
        **more: Any,
    ) -> Done:
        output = Output(str(out))
        output.claim(form, {"weights": "w"})
        every = more.pop("every", None)
        about = {"model": "m", "weights": "w", "decoding": None}
        engine = more.pop("engine", None) or LocalEngine(captioner, every, workers=1)
        return caption(lambda: engine, sources, output, share or Share(), form, about, **more)

    return run


@pytest.fixture
def merged(tmp_path: Path) -> Callable[[str | Path], list[dict[str, Any]]]:
    """All rows of a job, in order of their ids."""

    def rows(out: str | Path) -> list[dict[str, Any]]:
        to = tmp_path / f"merged-{os.urandom(4).hex()}.jsonl"
        merge(Output(str(out)), to)
        found = [json.loads(line) for line in to.read_text("utf-8").splitlines()]
        return sorted(found, key=lambda row: str(row["id"]))

    return rows
