"""The engine of one machine: threads read and encode ahead, clips are captioned side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.captioning.flow import Flow, cores
from vidcap_core.captioning.spans import Every
from vidcap_core.files.remote import Source
from vidcap_core.jobs.rows import Row, rows_of


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """As `vidcap caption` works without a cluster."""

    captioner: FileCaptioner
    every: Every = None
    batch: int = 16
    workers: int | None = None

    def run(self, sources: Sequence[Source]) -> Iterator[tuple[Source, list[Row]]]:
        """Files in their order."""
        workers = max(1, min(len(sources), self.workers or cores()))
        flow = Flow(self.captioner.captioner, self.captioner.reader, self.every, self.batch, workers)
        for source, said in flow.clips(sources):
            yield source, rows_of(source, said)
