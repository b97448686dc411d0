"""Paragraph scores: all sentences of a clip as one caption, against one paragraph per annotator.

Sentences are joined by ". ", what is no letter becomes a space, capitals become small.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vidcap_core.contracts.metric import Metric
from vidcap_core.errors import DataError
from vidcap_core.metrics.intervals import Events
from vidcap_core.metrics.localisation import by_start
from vidcap_core.metrics.scorer import DEFAULT, Missing, Scorer, Scores

OTHER = re.compile(r"[^a-z]+")


def paragraph(sentences: Sequence[str]) -> str:
    """One paragraph's words."""
    return OTHER.sub(" ", ". ".join(sentences).lower()).strip()


def paragraphs(events: Events) -> dict[str, str]:
    """Each clip's sentences in the order of their starts."""
    return {clip: paragraph([event.text for event in one]) for clip, one in by_start(events).items()}


def references(files: Sequence[Mapping[str, str] | Events]) -> dict[str, list[str]]:
    """Paragraphs by clip from annotators' events, or from files of ready paragraphs."""
    out: dict[str, list[str]] = {}
    for file in files:
        for clip, given in file.items():
            if not given:
                raise DataError(
                    f"clip '{clip}' has an empty paragraph", hint="leave the clip out of the references"
                )
            text = given if isinstance(given, str) else paragraphs({clip: given})[clip]
            out.setdefault(clip, []).append(paragraph([text]))
    return out


class ParagraphScorer:
    """Caption metrics over paragraphs; predictions are events."""

    def __init__(
        self,
        files: Sequence[Mapping[str, str] | Events],
        metrics: Sequence[str | Metric] = DEFAULT,
        missing: Missing = "error",
    ) -> None:
        self._scorer = Scorer(references(files), metrics, missing=missing)

    def score(self, predictions: Events) -> Scores:
        """Every metric, with signatures."""
        return self._scorer.score(paragraphs(predictions))
