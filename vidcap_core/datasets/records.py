"""What an annotation file says, before any feature or video is looked at."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vidcap_core.contracts.types import Clip, Event

CLIP = "clip"
"""Group of an event that is a clip of its own: the id of the clip that it is of."""
SOURCE = "source"
"""Group of a clip that was cut from a longer video: that video."""


@dataclass(frozen=True, slots=True)
class Record:
    """One clip as annotated: captions, or events by one or several annotators."""

    clip: Clip
    captions: tuple[str, ...] = ()
    annotators: tuple[tuple[Event, ...], ...] = ()
    names: tuple[str, ...] = ()  # other names under which its video or features may lie
    groups: Mapping[str, str] = field(
        default_factory=dict
    )  # what it belongs to: category, source video, fold

    @property
    def id(self) -> str:
        """The clip's id."""
        return self.clip.id

    def known_as(self, store: Container[str]) -> str | None:
        """The name under which a store or an archive has this clip; an event lies under its clip's name."""
        names = (self.groups.get(CLIP, self.id), *self.names)
        return next((name for name in names if name in store), None)

    @property
    def events(self) -> tuple[Event, ...]:
        """What the first annotator wrote."""
        return self.annotators[0] if self.annotators else ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text of the clip."""
        return self.captions or tuple(event.text for events in self.annotators for event in events)


@dataclass(frozen=True, slots=True)
class Defect:
    """Something odd in the data: what, where, and what becomes of it or what to do."""

    what: str
    ids: tuple[str, ...]
    mend: str
    known: bool = False  # part of the official files, and dealt with
    reasons: Mapping[str, str] = field(default_factory=dict)  # id -> why, where each has its own


def broken_videos(reasons: Mapping[str, str]) -> list[Defect]:
    """What is said of videos that cannot be read, by the reason of each; nothing where there are none."""
    if not reasons:
        return []
    mend = "get them again, or leave them out with ids="
    return [Defect("videos that cannot be read", tuple(reasons), mend, reasons=reasons)]


@dataclass(frozen=True, slots=True)
class Official:
    """How much a split officially holds; None where no number is known."""

    clips: int | None = None
    captions: int | None = None


Counts = Mapping[str, Official]
"""By split."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A split as read: its records, all ids it officially has (as far as known), its defects and its files."""

    records: Sequence[Record]
    everything: Sequence[str] = ()
    defects: Sequence[Defect] = ()
    files: Sequence[Path] = ()
    unread: Mapping[str, str] = field(default_factory=dict)  # id -> why its video tells nothing


@dataclass(frozen=True, slots=True)
class Annotated:
    """How much the annotation files of a split hold, whatever is used of it."""

    clips: int
    captions: int
    ids: frozenset[str]

    @classmethod
    def of(cls, records: Sequence[Record]) -> Annotated:
        """Counts over clips that have a text."""
        captioned = [record for record in records if record.texts]
        return cls(
            len(captioned),
            sum(len(record.texts) for record in captioned),
            frozenset(record.id for record in captioned),
        )
