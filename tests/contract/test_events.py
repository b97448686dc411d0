"""Events after decoding: ranked, dropped, checked; a head that finds none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from vidcap_core.api import Batch, Clip, Decode, Rows, Stream, UserError, View
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.tokenizers.vocabulary import Vocabulary

Spans = Sequence[tuple[int, tuple[float, float], float]]


class Proposer(MeanPoolGRU):
    """Proposals with scores; those below a threshold are dropped once their texts are known."""

    proposals: Spans = ()
    least = 0.0

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Decode) -> list[View]:
        """A row a proposal."""
        clips, spans, scores = tuple(zip(*self.proposals, strict=True)) or ((), (), ())
        rows = {name: streams[name].rows(list(clips)) for name in self.streams}
        return [View(rows, tuple(clips), tuple(spans), scores=tuple(scores))]

    def rank(self, view: View, rows: Rows) -> list[float | None]:
        """The proposal's score, unless it is too low."""
        assert view.scores is not None
        assert len(rows) == len(view.scores)
        return [score if score >= self.least else None for score in view.scores]


@pytest.fixture
def captioner() -> Captioner:
    torch.manual_seed(0)
    words = Vocabulary()
    words.fit(["a man runs", "a dog sleeps"])
    head = Proposer(streams={"image": 4}, tokenizer=words, width=8)
    return Captioner(head, words, generate=GenerateSettings(min_length=1, max_length=4)).eval()


@pytest.fixture
def batch() -> Batch:
    values = torch.randn(2, 5, 4)
    clips = (Clip("a", duration=10.0), Clip("b", start=20.0, end=30.0, duration=60.0))
    return Batch(clips, {"image": Stream(values, torch.ones(2, 5, dtype=torch.bool))})


def test_events_have_the_score_of_their_proposal_and_low_ones_go(captioner: Captioner, batch: Batch) -> None:
    captioner.head.proposals = [(0, (4.0, 6.0), 0.9), (1, (21.0, 22.0), 0.2), (0, (1.0, 2.0), 0.6)]
    captioner.head.least = 0.5
    first, second = captioner.predict(batch)
    assert [(e.start, e.end, e.score) for e in first.events] == [(1.0, 2.0, 0.6), (4.0, 6.0, 0.9)]
    assert len(first.extras["words"]) == 2
    assert second.events == ()
    assert second.extras["words"] == []
    assert second.text == ""


@pytest.mark.parametrize("how", ["no view", "no row"])
def test_no_event_at_all_is_a_prediction_too(how: str, captioner: Captioner, batch: Batch) -> None:
    if how == "no view":
        captioner.head.plan = lambda streams, batch, decode: []  # type: ignore[method-assign]
    assert [p.events for p in captioner.predict(batch, panels=True)] == [(), ()]


@pytest.mark.parametrize(
    "span", [(2.0, 1.0), (math.nan, 1.0), (0.0, math.inf), (-3.0, 1.0), (9.0, 12.0), (0.5, 60.5)]
)
def test_a_span_that_cannot_be_is_named(
    span: tuple[float, float], captioner: Captioner, batch: Batch
) -> None:
    captioner.head.proposals = [(0, span, 1.0)]
    with pytest.raises(
        UserError, match=r"Proposer: the span .* of 'a', which lasts from 0 to 10 s"
    ) as caught:
        captioner.predict(batch)
    assert "seconds of the file" in str(caught.value)


def test_spans_are_seconds_in_the_file_and_roundings_are_cut(captioner: Captioner, batch: Batch) -> None:
    captioner.head.proposals = [(1, (19.99, 30.01), 1.0)]
    [event] = captioner.predict(batch)[1].events
    assert (event.start, event.end) == (20.0, 30.0)
    captioner.head.proposals = [(1, (1.0, 2.0), 1.0)]  # counted from the clip's start: not the file's
    with pytest.raises(UserError, match="lasts from 20 to 30 s"):
        captioner.predict(batch)


def test_a_rank_of_the_wrong_length_is_named(captioner: Captioner, batch: Batch) -> None:
    captioner.head.proposals = [(0, (1.0, 2.0), 1.0), (1, (21.0, 22.0), 1.0)]
    captioner.head.rank = lambda view, rows: [1.0]  # type: ignore[method-assign]
    with pytest.raises(UserError, match="2 texts and 1 scores"):
        captioner.predict(batch)


def test_explain_sees_the_views_of_its_own_batch(captioner: Captioner, batch: Batch) -> None:
    """Nothing is kept between calls: the views of `plan` come back, whatever was planned in between."""
    seen: list[Any] = []

    def explain(views: Any, streams: Any, batch: Any, events: Any) -> list[list[Any]]:
        seen.append([view.spans for view in views])
        return [[] for _ in batch.clips]

    captioner.head.explain = explain  # type: ignore[method-assign]
    captioner.head.proposals = [(0, (1.0, 2.0), 1.0)]
    captioner.predict(batch, panels=True)
    captioner.head.proposals = [(0, (3.0, 4.0), 1.0)]
    captioner.predict(batch, panels=True)
    assert seen == [[((1.0, 2.0),)], [((3.0, 4.0),)]]


def test_numbers_of_any_kind_will_do_as_spans(captioner: Captioner, batch: Batch) -> None:
    captioner.head.proposals = [(0, (np.float32(1.0), torch.tensor(2.0)), 1.0)]  # type: ignore[list-item]
    [event] = captioner.predict(batch)[0].events
    assert (type(event.start), event.start, event.end) == (float, 1.0, 2.0)
