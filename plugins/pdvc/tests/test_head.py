"""What PDVC does with events, queries, and clips that are odd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from vidcap_pdvc.deformable import between_rows
from vidcap_pdvc.losses import EventCountLoss, EventScoreLoss, EventSpanLoss, EventTokenLoss
from vidcap_pdvc.matching import cheapest_pairs, costs
from vidcap_pdvc.spans import overlaps
from vidcap_pdvc.targets import CrowdWarning
from vidcap_pdvc.vocabulary import PDVCVocabulary

from vidcap_core.api import Batch, Clip, DataError, Stream, UserError
from vidcap_core.testing import tiny_captioner

ALL = {"scores": EventScoreLoss, "spans": EventSpanLoss, "count": EventCountLoss, "tokens": EventTokenLoss}
HeadOf = Callable[..., Any]
BatchOf = Callable[..., Batch]


def losses_of(head: Any, batch: Batch) -> dict[str, tuple[float, float]]:
    """Sum and weight of each."""
    captioner = tiny_captioner(head, head.tokenizer, {name: loss() for name, loss in ALL.items()})
    return {
        name: (float(total.detach()), float(weight))
        for name, (total, weight) in captioner(batch, list(ALL)).items()
    }


def test_more_events_than_queries_are_refused_by_name(make_head: HeadOf, make_batch: BatchOf) -> None:
    with pytest.raises(UserError, match=r"PDVCHead has 5 queries.*clip1: 6.*never be taught") as refused:
        losses_of(make_head(), make_batch(2, 6))
    assert "head.queries=6" in str(refused.value.hint)


def test_or_those_that_cost_least_are_taught(make_head: HeadOf, make_batch: BatchOf) -> None:
    """Five of six, in every layer; all that is counted is counted of five."""
    with pytest.warns(CrowdWarning, match=r"5 queries.*clip1: 6.*teach nothing"):
        found = losses_of(make_head(crowded="cheapest"), make_batch(2, 6))
    assert {name: weight for name, (_, weight) in found.items()} == {
        "scores": 7.0,
        "spans": 7.0,
        "count": 2.0,
        "tokens": 7.0,
    }


@pytest.mark.parametrize("captioner", ["looking", "light"])
def test_clips_without_events_teach_that_there_is_none(
    make_head: HeadOf, make_batch: BatchOf, captioner: str
) -> None:
    found = losses_of(make_head(captioner=captioner), make_batch(0, 0))
    assert found["scores"][0] > 0
    assert found["count"][0] > 0
    assert found["spans"] == found["tokens"] == (0.0, 0.0)
    assert losses_of(make_head(captioner=captioner), make_batch(0, 2))["tokens"][1] == 2.0


@pytest.mark.parametrize("frames", [12, None])
def test_a_clip_of_one_frame_has_events(make_head: HeadOf, make_batch: BatchOf, frames: int | None) -> None:
    head, batch = make_head(frames=frames), make_batch(1, 1, rows=1)
    captioner = tiny_captioner(head, head.tokenizer)
    for prediction in captioner.predict(replace(batch, events=None)):
        assert prediction.events
        assert all(0 <= event.start <= event.end <= 20 for event in prediction.events)
    assert all(total >= 0 for total, _ in losses_of(head, batch).values())


def test_what_cannot_be_placed_is_refused(make_head: HeadOf, make_batch: BatchOf) -> None:
    head, batch = make_head(), replace(make_batch(1), clips=(Clip("endless"),))
    captioner = tiny_captioner(head, head.tokenizer)
    with pytest.raises(UserError, match="'endless' has no known duration"):
        captioner.predict(batch)
    stream = batch.streams["image"]
    empty = replace(make_batch(1), streams={"image": Stream(stream.values, torch.zeros_like(stream.mask))})
    for act in (lambda: captioner.predict(empty), lambda: losses_of(head, empty)):
        with pytest.raises(UserError, match="'image', of which there is nothing for clip0"):
            act()
    with pytest.raises(UserError, match="events with their times"):
        losses_of(head, replace(make_batch(1), events=None))
    with pytest.raises(DataError, match="there is no clip"):
        EventCountLoss().rates_of([])


def test_as_many_events_as_the_counter_says(make_head: HeadOf, make_batch: BatchOf) -> None:
    head, batch = make_head(), replace(make_batch(1, 1), events=None)
    captioner = tiny_captioner(head, head.tokenizer)
    for number in (0, 1, 3):
        with torch.no_grad():
            head.network.counts[-1].bias.copy_(torch.nn.functional.one_hot(torch.tensor(number), 5) * 99.0)
        assert [len(one.events) for one in captioner.predict(batch)] == [max(1, number)] * 2


def test_the_cheapest_pairs(make_head: HeadOf) -> None:
    """Sure queries at an event cost less than unsure ones, and those elsewhere more."""
    scores = torch.tensor([[2.0, -2.0, 2.0]])
    spans = torch.tensor([[[0.2, 0.2], [0.2, 0.2], [0.8, 0.2]]])
    price = costs(scores, spans, torch.tensor([[[0.2, 0.2], [0.8, 0.2]]]))
    assert cheapest_pairs(price.numpy(), [2]) == [[0, 2]]
    assert cheapest_pairs(price[..., :1].numpy(), [1]) == [[0]]
    assert cheapest_pairs(price.transpose(1, 2).numpy(), [3]) == [[0, -1, 1]]


def test_overlaps() -> None:
    span, other = torch.tensor([0.5, 0.2]), torch.tensor([[0.5, 0.2], [0.6, 0.2], [0.9, 0.2]])
    expected = torch.tensor([1.0, 1 / 3, -0.2 / 0.6])
    assert torch.allclose(overlaps(span, other), expected, atol=1e-3)


def test_places_outside_of_a_level_hold_nothing_or_more_of_its_end() -> None:
    places = torch.tensor([-0.5, 0.125, 0.25, 1.5]).view(1, 1, 4)  # of a level of 4 rows
    index, share = between_rows(places, [4], "zeros")
    assert share.sum(-1).flatten().tolist() == [0.0, 1.0, 1.0, 0.0]
    assert index[0, 0, 1, 0] == 0
    assert share[0, 0, 2].tolist() == [0.5, 0.5]
    index, share = between_rows(places, [4], "edge")
    assert share.sum(-1).flatten().tolist() == [1.0] * 4
    rows = (index.float() * share).sum(-1).flatten().tolist()
    assert rows == [0.0, 0.0, 0.5, 3.0]


def test_words_of_the_authors() -> None:
    made = PDVCVocabulary()
    made.fit(["A man's dog runs, runs!", "a cat-fish"])
    assert made.words[0] == "<end>"
    assert made.encode("A man's cat") == [made.token_id(word) for word in ("a", "man's", "cat")]
    assert made.encode("zebra") == [made.unknown_id] == [len(made) - 1]
    assert made.decode([0, *made.encode("a cat-fish."), 0]) == "a cat fish"
    assert PDVCVocabulary.from_state(made.state()).words == made.words
