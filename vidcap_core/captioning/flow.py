"""Captions of many files: threads read and encode ahead, clips are captioned side by side, files come out in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vidcap_core.captioner.captioner import Captioner, Listener
from vidcap_core.captioner.events import PROBLEM
from vidcap_core.captioner.streams import stack
from vidcap_core.captioning.clip_streams import Encoded, Reader
from vidcap_core.captioning.merge import merged
from vidcap_core.captioning.spans import Every
from vidcap_core.contracts.head import HEAD
from vidcap_core.contracts.types import Batch, Prediction
from vidcap_core.errors import UserError, VideoError
from vidcap_core.files.prefetch import Lead, ahead, threads_shared
from vidcap_core.files.remote import Source

PANELS = 40
"""Spans of a file whose panels are kept: a page of more could not be opened."""


FileListener = Callable[[Source, tuple[float, float], str], None]
"""Hears what is being written of a file: the span in seconds, and its text so far."""


@dataclass(slots=True)
class _File:
    """A file on its way: predictions of its spans so far, or why there will be none."""

    path: Source
    said: list[Prediction] = field(default_factory=list)
    waiting: int = 0  # clips that wait for their batch
    read: bool = False
    error: VideoError | None = None

    @property
    def ready(self) -> bool:
        return self.error is not None or (self.read and not self.waiting)


@dataclass(frozen=True, slots=True)
class Flow:
    """How files go through a captioner."""

    captioner: Captioner
    reader: Reader
    every: Every = None
    batch: int = 16
    workers: int | None = None
    panels: bool = False
    listener: FileListener | None = None

    def run(
        self, sources: Iterable[Source], moved: Callable[[Source, float], None] = lambda source, share: None
    ) -> Iterator[tuple[Source, Prediction | VideoError]]:
        """Each file with what is said of it, or why nothing is; `moved` hears how much of a file is done."""
        for source, clips in self.clips(sources, moved):
            yield source, clips if isinstance(clips, VideoError) else merged(source, clips)

    def clips(
        self, sources: Iterable[Source], moved: Callable[[Source, float], None] = lambda source, share: None
    ) -> Iterator[tuple[Source, list[Prediction] | VideoError]]:
        """The same with a prediction a clip: of a file that is cut into spans there are several."""
        workers = self.workers or cores()
        files: deque[_File] = deque()
        batch: list[tuple[_File, Encoded]] = []
        limit = 1  # the first caption comes at once; batches grow to what they may be

        def say() -> None:
            for file, result in self._say([entry for entry in batch if entry[0].error is None]):
                file.waiting -= 1
                if isinstance(result, VideoError):
                    file.error = result
                else:
                    file.said.append(result)
                    moved(file.path, result.clip.span[1] / (result.clip.duration or 1.0))
            batch.clear()

        lead: Lead[Encoded] = Lead()
        with threads_shared(workers) as prepare:

            def produce(numbered: tuple[int, Source], halted: Callable[[], bool]) -> Iterator[Encoded]:
                number, source = numbered
                clips = self.reader.read_safely(source, self.every, halted, self.panels)
                return lead.follow(clips, halted) if number else lead.take(clips)

            for (_, path), clips in ahead(enumerate(sources), produce, workers, prepare=prepare):
                file = _File(path)
                files.append(file)
                try:
                    for clip in clips:
                        batch.append((file, clip))
                        file.waiting += 1
                        if len(batch) >= limit:
                            say()
                            limit = min(2 * limit, self.batch)
                    file.read = True
                except VideoError as error:
                    file.error = error
                yield from _finished(files)
            say()
            yield from _finished(files)

    def _say(
        self, entries: Sequence[tuple[_File, Encoded]]
    ) -> Iterator[tuple[_File, Prediction | VideoError]]:
        panels = self.panels and any(len(file.said) < PANELS for file, _ in entries)
        heard = self._heard([file.path for file, _ in entries])
        results = side_by_side(self.captioner, [clip for _, clip in entries], panels, heard)
        for (file, _), result in zip(entries, results, strict=True):
            yield file, result

    def _heard(self, sources: Sequence[Source]) -> Listener | None:
        """Who listens, told of files in place of clips of a batch."""
        if (listener := self.listener) is None:
            return None
        return lambda index, span, text: listener(sources[index], span, text)


def side_by_side(
    captioner: Captioner, clips: Sequence[Encoded], panels: bool = False, listener: Listener | None = None
) -> Iterator[Prediction | VideoError]:
    """Predictions of clips, in their order; when one of them cannot be captioned, each by itself."""
    if not clips:
        return
    try:
        predictions = predict(captioner, clips, panels, listener)
    except UserError as error:
        if len(clips) == 1:
            yield error.wrap(_name(clips[0]), VideoError)
            return
        for index, clip in enumerate(clips):
            yield from side_by_side(captioner, [clip], panels, _of(index, listener))
        return
    for clip, prediction in zip(clips, predictions, strict=True):
        problem = prediction.extras.get(PROBLEM)
        yield prediction if problem is None else VideoError(f"{_name(clip)}: {problem}")


def _of(index: int, listener: Listener | None) -> Listener | None:
    """Who listens to a batch, told of one of its clips that is by itself."""
    return None if listener is None else lambda _, span, text: listener(index, span, text)


def _name(clip: Encoded) -> str:
    return clip.clip.path or clip.clip.id


def predict(
    captioner: Captioner, clips: Sequence[Encoded], panels: bool = False, listener: Listener | None = None
) -> list[Prediction]:
    """What a captioner says of encoded clips, side by side."""
    streams = {name: stack([clip.streams[name] for clip in clips]) for name in clips[0].streams}
    prepared = [clip.prepared for clip in clips if clip.prepared is not None]
    for_head = {HEAD: captioner.head.collate(prepared)} if prepared else {}
    batch = Batch(tuple(clip.clip for clip in clips), streams=streams, prepared=for_head)
    return captioner.predict(batch.to(captioner.device), panels, listener)


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _finished(files: deque[_File]) -> Iterator[tuple[Source, list[Prediction] | VideoError]]:
    while files and files[0].ready:
        file = files.popleft()
        yield file.path, file.error or file.said
