"""Localisation as a metric: P, R, F1, and next to them what blind predictions score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vidcap_metrics import baselines
from vidcap_metrics.arrays import Floats
from vidcap_metrics.errors import UserError
from vidcap_metrics.event_metric import EventMetric, EventReferences, Part
from vidcap_metrics.intervals import Events
from vidcap_metrics.localisation import SECONDS, TIOUS, Located, Timing, at, f1
from vidcap_metrics.metric import Additive, Values
from vidcap_metrics.scorer import Missing
from vidcap_metrics.signature import hash_captions


class Localisation(EventMetric):
    """P, R, F1 of intervals, tIoU in order, and the same for predictions that never saw a video.

    tious: thresholds of tIoU; P and R are means over them.
    segments: into how many equal segments a blind baseline cuts a clip; None: the references' commonest number
        and their mean.
    detail: the values at each tIoU too, and navigation scores by seconds.
    """

    name = "localisation"
    reads_texts = False

    def __init__(
        self,
        missing: Missing = "error",
        tious: Sequence[float] = TIOUS,
        segments: int | None = None,
        detail: bool = False,
    ) -> None:
        self.missing: Missing = missing
        if not tious or not all(0 <= level <= 1 for level in tious):
            raise UserError(
                f"tious={list(tious)!r:.60}: thresholds of tIoU are numbers between 0 and 1",
                hint="--tious 0.5,0.7",
            )
        if segments is not None and segments < 1:
            raise UserError(f"segments={segments}: a clip has at least 1 segment", hint="--segments 3")
        self.tious = tuple(tious)
        self.segments = segments
        self.detail = detail

    def prepare(self, references: EventReferences) -> EventReferences:
        """Nothing to do: intervals are cheap."""
        return references

    def parts(self, prepared: EventReferences, clips: Sequence[str], predictions: Events) -> list[Part]:
        """One part."""
        timing = Timing(clips, prepared.files)
        located = timing.locate(predictions, self.tious)
        order = timing.in_order(predictions)
        additive = Additive(
            np.concatenate([located.precision, located.recall, [order]]).T / len(clips), _combine
        )
        corpus = {name: float(scores[0]) for name, scores in _combine(additive.parts.sum(0)[None]).items()}
        if self.detail:
            corpus |= _rows("loc", [f"{level:g}" for level in self.tious], located)
            corpus |= _rows("start", [f"{limit}s" for limit in SECONDS], timing.navigate(predictions))
        for name, blind in self.blind(prepared, clips, predictions).items():
            values = timing.locate(blind, self.tious).values
            corpus |= {f"loc-{key}:{name}": values[key] for key in ("P", "R", "F1")}
            corpus[f"loc-order-tIoU:{name}"] = float(timing.in_order(blind).mean())
        p, r = located.precision.mean(0), located.recall.mean(0)
        by_clip = {"loc-P": p, "loc-R": r, "loc-F1": f1(p, r), "loc-order-tIoU": order}
        per_clip = {name: dict(zip(clips, values.tolist(), strict=True)) for name, values in by_clip.items()}
        lengths = hash_captions(
            {clip: [repr(prepared.durations[clip])] for clip in clips}
        )  # of blind predictions
        return [
            Part(
                f"localisation{at(self.tious)}",
                "none",
                Values(corpus, per_clip, additive),
                len(clips),
                {"durations": lengths},
            )
        ]

    def blind(
        self, references: EventReferences, clips: Sequence[str], predictions: Events
    ) -> dict[str, Events]:
        """Equal segments, as many as were predicted or N everywhere, and the whole with its halves."""
        durations = {clip: references.durations[clip] for clip in clips}
        counts = {clip: len(predictions.get(clip, ())) for clip in clips}
        files = references.files
        sizes = {baselines.usual_count(*files), baselines.mean_count(*files)}
        out: dict[str, Events] = {"segments-as-many": baselines.equal_segments(durations, counts)}
        for n in sorted({self.segments} if self.segments else sizes):
            out[f"segments-{n}"] = baselines.equal_segments(durations, n)
        return out | {"whole-and-halves": baselines.whole_and_halves(durations)}


def _combine(sums: Floats) -> dict[str, Floats]:
    """P, R, both kinds of F1 and the tIoU in order, from their means: P by θ, R by θ, tIoU."""
    p, r = np.split(sums[:, :-1], 2, axis=1)
    return {
        "loc-P": p.mean(1),
        "loc-R": r.mean(1),
        "loc-F1": f1(p.mean(1), r.mean(1)),
        "loc-F1-mean": f1(p, r).mean(1),
        "loc-order-tIoU": sums[:, -1],
    }


def _rows(prefix: str, names: Sequence[str], located: Located) -> dict[str, float]:
    """P, R and F1 at each threshold."""
    out: dict[str, float] = {}
    for name, p, r in zip(names, located.precision.mean(1), located.recall.mean(1), strict=True):
        out |= {
            f"{prefix}-P@{name}": float(p),
            f"{prefix}-R@{name}": float(r),
            f"{prefix}-F1@{name}": float(f1(p, r)),
        }
    return out
