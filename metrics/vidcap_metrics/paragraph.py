"""Paragraph scores of dense captions: all sentences of a clip as one caption, each annotator's as one reference.

Published numbers of this kind come from a script that takes sentences in their file's order, keeps ASCII letters alone
and uses no PTB tokens; a clip without a prediction is an empty caption. Ours tells them by their start, in PTB tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from vidcap_metrics import ptb
from vidcap_metrics.bleu import Bleu
from vidcap_metrics.cider import CiderD
from vidcap_metrics.event import Event
from vidcap_metrics.event_metric import EventMetric, EventReferences, Part
from vidcap_metrics.intervals import Events
from vidcap_metrics.localisation import by_start
from vidcap_metrics.meteor.metric import Meteor
from vidcap_metrics.metric import Metric, Values
from vidcap_metrics.pair_meteor import Backend
from vidcap_metrics.references import Predictions, References
from vidcap_metrics.rouge import Rouge
from vidcap_metrics.scorer import Missing

Protocol = Literal["published", "ptb"]
LETTERS = re.compile("[^a-zA-Z]")


def letters(lines: Iterable[str]) -> list[str]:
    """Lower-case words of ASCII letters; everything else is a space."""
    return [" ".join(LETTERS.sub(" ", line).lower().split()) for line in lines]


TOKENIZERS: dict[Protocol, tuple[str, Callable[[Iterable[str]], list[str]]]] = {
    "published": ("letters", letters),
    "ptb": (ptb.NAME, ptb.tokenize),
}


class Paragraph(EventMetric):
    """METEOR, CIDEr-D, BLEU and ROUGE-L of whole paragraphs.

    protocol: "published", what papers of dense captioning print (file order, letters alone), or "ptb": events by
        their start, PTB tokens, as for captions of whole clips. The signature tells which.
    missing: "zero" is the published policy: a clip without a prediction is an empty caption.
    meteor: "python", "java" (the published jar), or None for a run without METEOR.
    """

    name = "paragraph"
    reads_durations = False

    def __init__(
        self, protocol: Protocol = "published", missing: Missing = "error", meteor: Backend | None = "python"
    ) -> None:
        self.protocol: Protocol = protocol
        self.missing: Missing = missing
        self.metrics: list[Metric] = [Bleu(), Rouge(), CiderD(single_clip="zero")]
        if meteor is not None:
            self.metrics.insert(0, Meteor(meteor))

    def prepare(self, references: EventReferences) -> dict[str, list[str]]:
        """Each annotator's paragraph, as tokens, by clip."""
        texts = {
            clip: [self._text(file[clip]) for file in references.files if clip in file]
            for clip in references.clips
        }
        tokens = iter(self._tokens([text for paragraphs in texts.values() for text in paragraphs]))
        return {clip: [next(tokens) for _ in paragraphs] for clip, paragraphs in texts.items()}

    def parts(
        self, prepared: Mapping[str, Sequence[str]], clips: Sequence[str], predictions: Events
    ) -> list[Part]:
        """One part for all numbers."""
        lines = self._tokens([self._text(predictions.get(clip, ())) for clip in clips])
        captions = Predictions(dict(zip(clips, lines, strict=True)))
        references = References({clip: prepared[clip] for clip in clips})
        corpus: dict[str, float] = {}
        by_clip: dict[str, dict[str, float]] = {}
        for metric in self.metrics:
            values = metric.score(metric.prepare(references), captions)
            corpus |= {f"para-{name}": value for name, value in values.corpus.items()}
            by_clip |= {f"para-{name}": value for name, value in values.clips.items()}
        tokenizer = TOKENIZERS[self.protocol][0]
        return [Part(f"paragraph-{self.protocol}", tokenizer, Values(corpus, by_clip), len(clips))]

    def _text(self, events: Sequence[Event]) -> str:
        ordered = by_start({"": events})[""] if self.protocol == "ptb" else events
        return " ".join(event.text.strip() for event in ordered)

    def _tokens(self, texts: Sequence[str]) -> list[str]:
        return TOKENIZERS[self.protocol][1](texts)
