"""SODA_c (Fujita et al., 2020): how well a video's story is told, in order and in time.

    W[g, p] = METEOR(g, p) · tIoU(g, p)
    D[i, j] = max(D[i−1, j], D[i, j−1], D[i−1, j−1] + W[i, j])       events of both sides sorted by start
    P = D / #predictions,  R = D / #references,  F1 = 2 P R / (P + R);  SODA_c = mean F1 over clips

Published numbers give METEOR the prediction as the reference and the reference as the caption; so do these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np

from vidcap_metrics import ptb
from vidcap_metrics.arrays import Floats
from vidcap_metrics.dense import tokenised
from vidcap_metrics.errors import DataError
from vidcap_metrics.event_metric import EventMetric, EventReferences, Part
from vidcap_metrics.intervals import Events, Pairs, Spans
from vidcap_metrics.localisation import by_start, f1
from vidcap_metrics.metric import Values
from vidcap_metrics.pair_meteor import Backend, PairMeteor, engine_setting, load
from vidcap_metrics.scorer import Missing

Annotators = Literal["mean", "merged", "multi"]


@dataclass(frozen=True)
class Story:
    """One annotator's events in the order in which they are told, with their tokens."""

    events: Events
    tokens: dict[str, list[str]]


class SodaC(EventMetric):
    """SODA_c: how well a video's story is told.

    annotators: "mean" scores each annotator alone and averages, as papers do; "merged" takes all
        events as one annotator's; "multi" takes each clip's best annotator, references in their file's order, as
        published numbers of that kind do. The three differ by points: compare like with like.
    missing: clips without a prediction do not count under "zero" either, as the official script leaves them out.
    meteor: "python", "java" (the published jar), or an engine.
    """

    name = "soda_c"
    version = "2"
    reads_durations = False
    absent = "SODA_c leaves out clips without a prediction, as its official script does"

    def __init__(
        self,
        missing: Missing = "error",
        annotators: Annotators = "mean",
        meteor: Backend | PairMeteor = "python",
    ) -> None:
        self.missing: Missing = "skip" if missing == "zero" else missing
        self.annotators: Annotators = annotators
        self.meteor = load(meteor) if isinstance(meteor, str) else meteor

    @property
    def settings(self) -> dict[str, str]:
        """Another METEOR than the usual one."""
        return engine_setting(self.meteor)

    def prepare(self, references: EventReferences) -> list[Story]:
        """Each annotator's story, or one of them all."""
        files: Sequence[Events] = references.files
        if self.annotators == "merged":
            files = [{c: list(chain.from_iterable(f.get(c, ()) for f in files)) for c in references.clips}]
        return [_story(file, in_time=self.annotators != "multi") for file in files]

    def parts(self, prepared: list[Story], clips: Sequence[str], predictions: Events) -> list[Part]:
        """P, R and F1, over all annotators and for each."""
        predicted = _story({clip: predictions.get(clip, ()) for clip in clips})
        scored = [[clip for clip in clips if clip in story.events] for story in prepared]
        tables = [
            self._table(chosen, story, predicted)
            for chosen, story in zip(scored, prepared, strict=True)
            if chosen
        ]
        if not tables:
            raise DataError("no clip has both predictions and references", hint="check the ids of both files")
        names = ("P", "R", "F1")
        by_clip: dict[str, list[Floats]] = {}
        for chosen, table in zip(filter(None, scored), tables, strict=True):
            for clip, row in zip(chosen, table, strict=True):
                by_clip.setdefault(clip, []).append(row)
        if self.annotators == "multi":
            best = {clip: max(rows, key=lambda row: row[2]) for clip, rows in by_clip.items()}
            total = np.mean(list(best.values()), axis=0)
        else:
            best = {clip: np.mean(rows, axis=0) for clip, rows in by_clip.items()}
            total = np.mean([table.mean(0) for table in tables], axis=0)
        corpus = {"SODA_c": float(total[2]), "SODA_c-P": float(total[0]), "SODA_c-R": float(total[1])}
        if len(tables) > 1 and self.annotators == "mean":
            for number, table in enumerate(tables, start=1):
                means = table.mean(0)
                corpus |= {f"SODA_c-{name}@{number}": float(x) for name, x in zip(names, means, strict=True)}
        per_clip = {"SODA_c": {clip: float(row[2]) for clip, row in best.items()}}
        return [Part(f"soda_c-{self.annotators}", ptb.NAME, Values(corpus, per_clip), len(best))]

    def _table(self, clips: Sequence[str], story: Story, predicted: Story) -> Floats:
        """Rows of P, R, F1, one per clip."""
        predictions, references = Spans.of(clips, predicted.events), Spans.of(clips, story.events)
        pairs = Pairs.of(predictions, references)
        hypotheses = [line for clip in clips for line in predicted.tokens[clip]]
        true = [line for clip in clips for line in story.tokens[clip]]
        weight = np.zeros(len(pairs.clip))
        self.meteor.prepare_all([*hypotheses, *true])
        for pair in np.flatnonzero(pairs.tiou > 0):
            stats = self.meteor.stats(true[pairs.reference[pair]], [hypotheses[pairs.prediction[pair]]])
            weight[pair] = self.meteor.segment_score(stats) * pairs.tiou[pair]
        sizes = predictions.counts * references.counts
        last = np.cumsum(sizes)
        matched = np.array(
            [
                best_in_order(weight[end - size : end].reshape(-1, max(1, n)))
                for end, size, n in zip(last, sizes, references.counts, strict=True)
            ]
        )
        precision = matched / np.maximum(1, predictions.counts)
        recall = matched / np.maximum(1, references.counts)
        return np.stack([precision, recall, f1(precision, recall)], axis=1)


def best_in_order(weight: Floats) -> float:
    """Largest sum of weights over one-to-one matches that keep both orders."""
    best = [0.0] * (weight.shape[1] + 1)
    for row in weight.tolist():
        before = 0.0
        for column, value in enumerate(row, start=1):
            above = best[column]
            best[column] = max(above, best[column - 1], before + value)
            before = above
    return best[-1]


def _story(events: Events, in_time: bool = True) -> Story:
    ordered: Events = by_start(events) if in_time else events
    lines = tokenised([[event.text for event in clip_events] for clip_events in ordered.values()])
    return Story(ordered, dict(zip(ordered, lines, strict=True)))
