"""What a metric of events takes and gives: many events a clip, from one or several annotators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from vidcap_metrics.baselines import last_ends
from vidcap_metrics.coverage import (
    annotators,
    check_predictions,
    check_references,
    scored_clips,
    some,
    tell,
)
from vidcap_metrics.intervals import Events
from vidcap_metrics.metric import Score, Values
from vidcap_metrics.scorer import HARDLY, NOTHING, ZERO, Missing, Scores
from vidcap_metrics.signature import Signature, hash_captions, hash_ids


@dataclass(frozen=True)
class EventReferences:
    """Events by clip, one mapping per annotator, and how long the clips are."""

    files: tuple[Events, ...]
    given: Mapping[str, float]

    @cached_property
    def clips(self) -> list[str]:
        """Every clip that some annotator has described."""
        return list(dict.fromkeys(clip for file in self.files for clip in file))

    @cached_property
    def digest(self) -> str:
        """A hash of their times and texts, annotator by annotator."""
        events = {
            f"{number}\0{clip}": [f"{event.start!r} {event.end!r} {event.text}" for event in clip_events]
            for number, file in enumerate(self.files)
            for clip, clip_events in file.items()
        }
        return hash_captions(events)

    @cached_property
    def durations(self) -> dict[str, float]:
        """Durations in seconds; the last annotated second where none is known."""
        return {clip: self.given.get(clip, last) for clip, last in last_ends(self.files).items()}


@dataclass(frozen=True)
class Part:
    """Some of an event metric's numbers, with what their signature must say."""

    metric: str
    tokenizer: str
    values: Values
    clips: int
    """clips that count in the numbers"""
    settings: Mapping[str, str] = field(default_factory=dict)
    """what else moves these numbers"""


class EventMetric(ABC):
    """A metric that reads events, not captions.

    missing: what becomes of clips without a prediction: "error", "skip" (they do not count) or "zero" (they count 0).
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    reads_events: ClassVar[bool] = True
    reads_texts: ClassVar[bool] = True
    reads_durations: ClassVar[bool] = True
    describes: ClassVar[Sequence[str]] = ()
    """values that are no match with the references"""
    absent: ClassVar[str] = ""
    """what is to be known of this metric where clips have no prediction"""
    missing: Missing

    @property
    def settings(self) -> dict[str, str]:
        """What else moves all its numbers, for signatures."""
        return {}

    @abstractmethod
    def prepare(self, references: EventReferences) -> Any:
        """Do once what depends on the references alone."""

    @abstractmethod
    def parts(self, prepared: Any, clips: Sequence[str], predictions: Events) -> list[Part]:
        """The numbers over these clips; a clip without a prediction counts 0."""

    def scorer(
        self, references: Events | Sequence[Events], durations: Mapping[str, float] | None = None
    ) -> EventScorer:
        """References checked and prepared, to score predictions against again and again."""
        return EventScorer(self, references, durations)


class EventScorer:
    """One event metric with its references ready."""

    def __init__(
        self,
        metric: EventMetric,
        references: Events | Sequence[Events],
        durations: Mapping[str, float] | None,
    ) -> None:
        self.metric = metric
        self.references = EventReferences(annotators(references), durations or {})
        self._notes: list[str] = []
        check_references(self.references.files, self._notes)
        known = self.references.clips
        unknown = [clip for clip in known if clip not in self.references.given]
        if unknown and metric.reads_durations:
            self._notes.append(
                f"{len(unknown)} of {len(known)} clips have no duration ({some(unknown)}): "
                "the last annotated second stands in for blind baselines"
            )
        self._prepared = metric.prepare(self.references)

    def score(self, predictions: Events) -> Scores:
        """All numbers of the metric, each with its signature; what is odd about the files is warned of."""
        notes = list(self._notes)
        check_predictions(predictions, notes, self.metric.reads_texts)
        clips = scored_clips(predictions, self.references.files, self.metric.missing, notes)
        parts = self.metric.parts(self._prepared, clips, predictions)
        if self.metric.absent and any(clip not in predictions for clip in self.references.clips):
            notes.append(self.metric.absent)
        annotated = [sum(clip in file for file in self.references.files) for clip in clips]
        known = self.references.clips
        absent = hash_ids(clip for clip in known if clip not in predictions)
        scores = tuple(
            Score(
                part.values.corpus,
                part.values.clips,
                additive=part.values.additive,
                signature=Signature(
                    part.metric,
                    self.metric.version,
                    part.tokenizer,
                    (min(annotated), max(annotated)),
                    self.metric.missing,
                    part.clips,
                    len(known),
                    absent,
                    self.references.digest,
                    {**self.metric.settings, **part.settings},
                ),
            )
            for part in parts
        )
        own = [
            value
            for score in scores
            for name, value in score.values.items()
            if ":" not in name and name not in self.metric.describes
        ]
        if empty := self._empty(clips, predictions):
            notes.append(f"no clip has {empty}: {NOTHING}")
        elif own and max(own) < HARDLY:
            notes.append(ZERO)
        return Scores(scores, tell(notes))

    def _empty(self, clips: Sequence[str], predictions: Events) -> str:
        """Which sides have not one event in any of the clips."""
        files = self.references.files
        sides = {
            "a predicted event": any(predictions.get(clip) for clip in clips),
            "a reference event": any(file.get(clip) for file in files for clip in clips),
        }
        return " or ".join(side for side, there in sides.items() if not there)
