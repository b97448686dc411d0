"""Whatever moves a number moves its signature; nothing else does."""

from __future__ import annotations

import pytest

from vidcap_metrics import Scorer, ScoreWarning
from vidcap_metrics.cider import CiderD
from vidcap_metrics.dense import Dense
from vidcap_metrics.diversity import Diversity
from vidcap_metrics.emotion import Emotion, Lexicon
from vidcap_metrics.event import Event
from vidcap_metrics.event_metric import EventMetric
from vidcap_metrics.located import Localisation
from vidcap_metrics.metric import Metric
from vidcap_metrics.soda import SodaC

REFERENCES = {"a": ["a happy man runs", "he runs"], "b": ["a dog sits", "the sad dog"]}
PREDICTIONS = {"a": "a happy man", "b": "a dog sits here"}
OTHER = {"x": ["a man"], "y": ["the dog runs"]}


def signature(metric: Metric, references: dict[str, list[str]] = REFERENCES) -> str:
    return str(Scorer(references, [metric]).score(PREDICTIONS).scores[0].signature)


def test_the_references_are_hashed_whatever_their_order() -> None:
    same = {clip: REFERENCES[clip][::-1] for clip in reversed(REFERENCES)}
    other = REFERENCES | {"b": ["a dog sits", "the dog"]}
    swapped = {"a": REFERENCES["b"], "b": REFERENCES["a"]}
    assert signature(CiderD()) == signature(CiderD(), same)
    assert len({signature(CiderD()), signature(CiderD(), other), signature(CiderD(), swapped)}) == 3
    assert "|refs:2|" in signature(CiderD(), other)


def test_a_corpus_of_document_frequencies_moves_it() -> None:
    plain, some, others = CiderD(), CiderD(corpus=OTHER), CiderD(corpus=OTHER | {"z": ["a"]})
    assert len({signature(metric) for metric in (plain, some, others)}) == 3
    assert "|corpus:" in signature(some)
    assert "corpus" not in signature(plain)


def test_training_captions_move_it() -> None:
    assert len({signature(metric) for metric in (Diversity(), Diversity(OTHER), Diversity(REFERENCES))}) == 3
    assert "|training:" in signature(Diversity(OTHER))


def test_a_lexicon_of_ones_own_moves_it() -> None:
    assert "|lexicon:" in signature(Emotion(Lexicon({"joy": ("happy",)}, "own")))
    assert "lexicon" not in signature(Emotion())


EVENTS = {"v": [Event(0, 5, "a man runs"), Event(5, 9, "a dog sits")]}


class Nothing:
    """An engine that counts nothing."""

    def prepare_all(self, sentences: object) -> None:
        """There is nothing to look up."""

    def stats(self, hypothesis: str, references: object) -> float:
        return 0.0

    def segment_score(self, stats: float) -> float:
        return stats

    def aggregate(self, stats: object) -> float:
        return 0.0


def event_signature(
    metric: EventMetric, events: dict[str, list[Event]] = EVENTS, seconds: float = 9.0
) -> str:
    return str(metric.scorer(events, {"v": seconds}).score(EVENTS).scores[-1].signature)


def test_events_are_hashed_with_their_times() -> None:
    later = {"v": [Event(0, 5, "a man runs"), Event(5, 8.9, "a dog sits")]}
    assert event_signature(SodaC()) != event_signature(SodaC(), later)
    assert event_signature(SodaC()) == event_signature(SodaC(), seconds=10)


def test_durations_move_localisation_which_compares_with_blind_predictions() -> None:
    assert event_signature(Localisation()) != event_signature(Localisation(), seconds=10)


@pytest.mark.parametrize("kind", [Dense, SodaC])
def test_another_engine_moves_it(kind: type[Dense] | type[SodaC]) -> None:
    assert "|meteor:Nothing|" in event_signature(kind(meteor=Nothing()))
    assert "meteor:" not in event_signature(kind())


@pytest.mark.parametrize("metrics", [["bleu"], ["bleu", "rouge", "cider-d", "diversity"], ["meteor"]])
def test_nothing_in_common_is_said(metrics: list[str]) -> None:
    with pytest.warns(ScoreWarning, match="every score is 0: are these the references"):
        Scorer(REFERENCES, metrics).score({"a": "xx yy zz ww vv", "b": "uu tt ss"})


def test_numbers_that_compare_nothing_are_never_called_zero(recwarn: pytest.WarningsRecorder) -> None:
    Scorer(REFERENCES, [Diversity(REFERENCES)]).score({"a": "he runs", "b": "the sad dog"})
    Scorer(REFERENCES, ["rouge", "diversity"]).score({"a": "he", "b": "xx"})
    assert len(recwarn) == 0
