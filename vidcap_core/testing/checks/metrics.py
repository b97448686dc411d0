"""Checks of a metric on a few texts, or on events of a few clips: bounds, odd clips, signature."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from vidcap_core.contracts.types import Clip, Event
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Broken, Checks, Skipped, expect
from vidcap_core.testing.videos import write_video
from vidcap_core.video.by_clip import videos_by_clip
from vidcap_metrics.scorer import Scorer, Scores

REFERENCES = {
    "clip0": ["a happy man runs in the park", "someone is running outside in a park"],
    "clip1": ["two dogs play with a red ball", "dogs are playing with a ball on grass"],
    "clip2": ["the woman cuts an onion in the kitchen", "a woman slices a white onion"],
    "clip3": ["a child sings on a stage at school", "a young girl sings a song to people"],
}
IDENTICAL = {clip: texts[0] for clip, texts in REFERENCES.items()}
DISJOINT = dict.fromkeys(REFERENCES, "zebras whisper quietly beneath twelve purple mountains tonight")
MIXED = {
    **IDENTICAL,
    "clip1": "a dog plays in the kitchen",
    "clip3": "zebras sing",
    "clip0": "a happy man runs",
}
SECONDS = 10.0
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Subject:
    """How a metric is made."""

    build: Callable[[], Any]

    @cached_property
    def _folder(self) -> TemporaryDirectory[str]:
        """A film of each clip; the folder goes when the subject goes."""
        folder = TemporaryDirectory()
        for index, clip in enumerate(REFERENCES):
            write_video(
                Path(folder.name) / f"{clip}.mp4", seconds=0.5, colour=(60 * index, 200, 40), sound=False
            )
        return folder

    def clips(self) -> dict[str, Clip]:
        """Films of the clips, for a metric that looks at them."""
        return videos_by_clip(self._folder.name)

    def scorer(
        self, references: Mapping[str, Sequence[str]] = REFERENCES
    ) -> Callable[[Mapping[str, str]], Scores]:
        """Scores of predictions against these references."""
        metric = self.build()
        if getattr(metric, "reads_events", False):
            count = max(map(len, references.values()))
            events = [
                {c: [Event(0.0, SECONDS, texts[i % len(texts)])] for c, texts in references.items()}
                for i in range(count)
            ]
            made = metric.scorer(events, dict.fromkeys(references, SECONDS))
            return lambda texts: made.score(
                {clip: [Event(0.0, SECONDS, text)] for clip, text in texts.items()}
            )
        if getattr(metric, "reads_samples", False):
            samples = metric.scorer(references)
            return lambda texts: samples.score({c: [text, references[c][0]] for c, text in texts.items()})
        clips = self.clips() if getattr(metric, "reads_clips", False) else None
        return Scorer(references, [metric], clips=clips).score

    def score(
        self, predictions: Mapping[str, str], references: Mapping[str, Sequence[str]] = REFERENCES
    ) -> Scores:
        """Scores of predictions, once; what is odd about the texts is meant."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.scorer(references)(predictions)


def signature(subject: Subject) -> None:
    """Every value has a name of its own and a signature with the metric's name and version."""
    scores = subject.score(MIXED)
    metric = subject.build()
    for name in ("name", "version"):
        expect(
            bool(getattr(metric, name, "")),
            f"its `{name}` asked for",
            "that it has one: signatures tell numbers apart by it",
        )
    expect(bool(scores.values), "four clips scored", "that there is a value")
    expect(
        len(scores.values) == sum(len(score.values) for score in scores.scores),
        "four clips scored",
        f"that each value has a name of its own; {', '.join(scores.values)}",
    )
    for score in scores.scores:
        expect(
            bool(score.signature.metric and score.signature.version),
            "four clips scored",
            f"that the signature has name and version; it is {score.signature}",
        )


def bounds(subject: Subject) -> None:
    """Where it declares `bounds` (name -> worst, best): disjoint texts score the worst, identical ones the best."""
    declared: Mapping[str, tuple[float, float]] = getattr(subject.build(), "bounds", {})
    if not declared:
        raise Skipped("it declares no `bounds`, as {'BLEU-1': (0, 1)}")
    results = {
        what: subject.score(p).values
        for what, p in (("disjoint", DISJOINT), ("identical", IDENTICAL), ("mixed", MIXED))
    }
    for name, (worst, best) in declared.items():
        changed = "predictions that {} scored"
        expect(
            name in results["mixed"],
            changed.format("are partly right"),
            f"that there is a value '{name}'; there is {', '.join(results['mixed'])}",
        )
        low, high = min(worst, best), max(worst, best)
        for what, wanted in (("disjoint", worst), ("identical", best)):
            value = results[what][name]
            words = {"disjoint": "share no word with the references", "identical": "are the references"}[what]
            expect(
                math.isclose(value, wanted, abs_tol=1e-3),
                changed.format(words),
                f"that {name} is {wanted:g}; it is {value:.4g}",
            )
        expect(
            low - TOLERANCE <= results["mixed"][name] <= high + TOLERANCE,
            changed.format("are partly right"),
            f"that {name} lies in {low:g} to {high:g}; it is {results['mixed'][name]:.4g}",
        )


def odd_clips(subject: Subject) -> None:
    """One clip alone, and predictions without words, have finite scores, or are refused."""
    one = {"clip0": MIXED["clip0"]}
    empty = {**MIXED, "clip2": ""}
    for changed, predictions, references in (
        ("one clip alone scored", one, {"clip0": REFERENCES["clip0"]}),
        ("a prediction without a word scored", empty, REFERENCES),
        ("only predictions without a word scored", dict.fromkeys(REFERENCES, ""), REFERENCES),
    ):
        try:
            scores = subject.score(predictions, references)
        except UserError:
            continue  # it says that this has no score
        for name, value in scores.values.items():
            expect(math.isfinite(value), changed, f"that {name} is finite; it is {value}")
        for name, clips in scores.clips.items():
            stray = next((clip for clip, value in clips.items() if not math.isfinite(value)), None)
            expect(stray is None, changed, f"that {name} of each clip is finite; that of {stray} is not")


def any_order(subject: Subject) -> None:
    """The order of clips changes nothing: neither the scores nor which clip has which."""
    first = subject.score(MIXED)
    turned = dict(reversed(MIXED.items()))
    second = subject.score(turned, dict(reversed(REFERENCES.items())))
    _same(first, second, "clips in the opposite order")
    for name, clips in first.clips.items():
        stray = sorted(set(clips) - set(MIXED))
        expect(
            not stray, "four clips scored", f"that {name} is of clips that were scored; {', '.join(stray)}"
        )


def score_again(subject: Subject) -> None:
    """Scoring others in between changes nothing: `score` is called often with the same references."""
    scorer = subject.scorer()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = scorer(MIXED)
        scorer(DISJOINT)
        _same(first, scorer(MIXED), "other predictions scored in between")


def resampled(subject: Subject) -> None:
    """`additive.combine` of the summed parts is the value: intervals are made of it."""
    looked = False
    for score in subject.score(MIXED).scores:
        if score.additive is None:
            continue
        looked = True
        for name, values in score.additive.combine(
            np.asarray(score.additive.parts).sum(0, keepdims=True)
        ).items():
            value = score.values.get(name, math.nan)
            expect(
                math.isclose(float(values[0]), value, rel_tol=TOLERANCE, abs_tol=TOLERANCE),
                "the sums over all clips combined",
                f"{name}; {value:.6g} became {float(values[0]):.6g}",
            )
    if not looked:
        raise Skipped("its values are not functions of sums (`Values.additive`)")


CHECKS: Checks = {
    "signature": signature,
    "bounds": bounds,
    "odd clips": odd_clips,
    "any order": any_order,
    "score again": score_again,
    "resampled": resampled,
}


def _same(first: Scores, second: Scores, changed: str) -> None:
    for name, value in first.values.items():
        again = second.values.get(name, math.nan)
        same = math.isclose(value, again, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        expect(same, changed, f"{name}; {value:.6g} became {again:.6g}")
    for name, clips in first.clips.items():
        for clip, value in clips.items():
            again = second.clips.get(name, {}).get(clip, math.nan)
            if not math.isclose(value, again, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
                raise Broken(changed, f"{name} of {clip}; {value:.6g} became {again:.6g}")
