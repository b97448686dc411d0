"""Paragraph scores: the published way and ours, told apart by their signature."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from vidcap_metrics.bleu import Bleu
from vidcap_metrics.cider import CiderD
from vidcap_metrics.event import Event
from vidcap_metrics.formats_dense import read_predictions, read_references
from vidcap_metrics.paragraph import Paragraph, letters
from vidcap_metrics.rouge import Rouge
from vidcap_metrics.scorer import ScoreWarning

PUBLISHED = {
    "para-METEOR": 0.12177348794130569,
    "para-BLEU-1": 0.2905615756265634,
    "para-BLEU-2": 0.15593041588303658,
    "para-BLEU-3": 0.0879176886401152,
    "para-BLEU-4": 0.05111123921687832,
    "para-ROUGE-L": 0.2123273042813265,
    "para-CIDEr-D": 0.13934789821652244,
}
"""what the published script gives for the files below"""
REFERENCES = {
    "a": [Event(5, 9, "He (quickly) runs 2 miles."), Event(0, 5, "A man's dog sits.")],
    "b": [Event(0, 9, "The cat sleeps.")],
}
PREDICTIONS = {"a": [Event(5, 9, "he runs"), Event(0, 5, "A dog sits")]}


def test_letters() -> None:
    assert letters(["A man's dog, 2 cats — naïve.", "", "7"]) == ["a man s dog cats na ve", "", ""]


@pytest.mark.parametrize(
    ("protocol", "start", "tokens"),
    [
        ("published", "he quickly runs miles a man s dog sits", "letters"),
        ("ptb", "a man 's dog sits he -lrb- quickly -rrb- runs 2 miles", "ptb-3.4.1"),
    ],
)
def test_protocols(protocol: Any, start: str, tokens: str) -> None:
    """File order and letters alone, or by start and PTB tokens."""
    metric = Paragraph(protocol, "zero", meteor=None)
    scorer = metric.scorer(REFERENCES)
    assert scorer._prepared["a"] == [start]
    with pytest.warns(ScoreWarning, match="1 of 2 clips have no prediction"):
        scores = scorer.score(PREDICTIONS)
    signature = str(scores.scores[0].signature)
    assert signature.startswith(
        f"paragraph-{protocol}|v:1|tok:{tokens}|refs:1|missing:zero|clips:2/2|without:"
    )
    assert scores.clips["para-ROUGE-L"]["b"] == 0
    assert scores.values["para-CIDEr-D"] > 0


def test_published_is_what_the_parts_give() -> None:
    """Each number is the caption metric over the published script's own words."""
    references = {
        clip: [" ".join(re.sub("[^a-zA-Z]", " ", " ".join(e.text for e in events)).strip().lower().split())]
        for clip, events in REFERENCES.items()
    }
    captions = {"a": "he runs a dog sits", "b": ""}
    with pytest.warns(ScoreWarning):
        found = Paragraph("published", "zero", meteor=None).scorer(REFERENCES).score(PREDICTIONS).values
    for metric in (Bleu(), Rouge(), CiderD()):
        for name, value in metric.score(metric.prepare(references), captions).corpus.items():
            assert found[f"para-{name}"] == value


def test_paragraph_file_of_youcook2(shared_data: Path) -> None:
    """The published paragraph file holds what we make of the events of the file of events."""
    [events] = read_references(shared_data / "youcook2" / "yc2_val.json.gz")
    published = json.loads(gzip.decompress((shared_data / "youcook2" / "para_yc2_val.json.gz").read_bytes()))
    published = {clip.removeprefix("v_"): text for clip, text in published.items()}
    scorer = Paragraph(meteor=None).scorer(events.events)
    ours = {clip.removeprefix("v_"): lines[0] for clip, lines in scorer._prepared.items()}
    assert ours == dict(zip(published, letters(published.values()), strict=True))


def test_published_predictions(shared_data: Path) -> None:
    """A real file: frozen from the published script run on the same files."""
    [references] = read_references(shared_data / "activitynet" / "val_2.json.gz")
    predictions = read_predictions(shared_data / "oracles" / "bmt_captioning_results_val_1_e26.json.gz")
    with pytest.warns(ScoreWarning):
        found = Paragraph("published", "zero").scorer(references.events).score(predictions.events).values
    assert found == pytest.approx(PUBLISHED, abs=1e-12)
