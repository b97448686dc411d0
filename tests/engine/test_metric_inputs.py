"""What a run gives to metrics that read more than tokenised texts: its clips, and texts as they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from vidcap_core.contracts.types import Clip, Event, Prediction
from vidcap_core.engine.caption_metric import CaptionMetric
from vidcap_core.errors import UserError
from vidcap_core.testing import TinyClips
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.registry import component_of
from vidcap_metrics.metric import Values


class Watching:
    """Counts the clips that it is given, and full stops."""

    name = "watching"
    version = "1"
    reads_as_written = True
    reads_clips = True

    def prepare(self, references: Mapping[str, Sequence[str]], clips: Mapping[str, Clip]) -> list[str]:
        assert list(references) == list(clips)
        return [clip.id for clip in clips.values()]

    def score(self, prepared: list[str], predictions: Mapping[str, str]) -> Values:
        stops = sum(text.endswith(".") for text in predictions.values())
        return Values({"Clips": float(len(prepared)), "Stops": float(stops)})


def test_clips_and_texts_as_written() -> None:
    dataset = TinyClips()
    metric = CaptionMetric(
        dataset, [Component("watching", Watching, {}), component_of("metrics", {"type": "rouge"})]
    )
    predictions = [Prediction(clip, (Event(0, 10, f"A man runs, {clip.id}."),)) for clip in dataset.clips]
    scores = metric.score(predictions)
    assert scores.values["Clips"] == scores.values["Stops"] == len(dataset.clips)
    assert "tok:none" in scores.signatures["Stops"]
    assert "tok:ptb" in scores.signatures["ROUGE-L"]


def test_a_metric_of_several_captions_is_refused() -> None:
    metric = CaptionMetric(TinyClips(), [component_of("metrics", {"type": "samples"})])
    with pytest.raises(UserError, match="several captions a clip, and a run writes one"):
        metric.prepare()
