"""BLEU, ROUGE-L, CIDEr-D and CIDEr against pycocoevalcap's own Python, clip by clip."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
from pathlib import Path

import numpy as np
import pytest
from pycocoevalcap.bleu.bleu import Bleu as TheirBleu
from pycocoevalcap.cider.cider import Cider as TheirCider
from pycocoevalcap.cider.cider_scorer import CiderScorer
from pycocoevalcap.rouge.rouge import Rouge as TheirRouge

from vidcap_metrics.bleu import Bleu
from vidcap_metrics.cider import Cider, CiderD
from vidcap_metrics.errors import DataError
from vidcap_metrics.formats import load_references
from vidcap_metrics.references import Predictions, References
from vidcap_metrics.rouge import Rouge
from vidcap_metrics.scorer import Scorer

WORDS = [
    "a",
    "the",
    "man",
    "woman",
    "dog",
    "cat",
    "runs",
    "sits",
    "on",
    "in",
    "with",
    "ball",
    "guitar",
    "and",
    "plays",
    "it",
    "'s",
    "-lrb-",
    "x1",
    "éa",
]
Texts = dict[str, list[str]]


def corpus(seed: int, clips: int, longest: int = 14, odd: bool = False) -> tuple[Texts, dict[str, str]]:
    """Random tokenised captions, some empty, some repetitive; odd ones hold no-break spaces."""
    chance = random.Random(seed)

    def caption() -> str:
        size = chance.choice([0, 1, 2, 3, *range(4, longest + 1)])
        words = [chance.choice(WORDS[: chance.randint(1, len(WORDS))]) for _ in range(size)]
        return ("\xa0" if odd and chance.random() < 0.2 else " ").join(words)

    references = {f"clip{n}": [caption() for _ in range(chance.randint(1, 6))] for n in range(clips)}
    return references, {
        clip: caption() + chance.choice(["", " unseen", " unseen unseen"]) for clip in references
    }


def theirs(references: Texts, predictions: dict[str, str]) -> dict[str, tuple[float, np.ndarray]]:
    results = {clip: [text] for clip, text in predictions.items()}
    with contextlib.redirect_stdout(io.StringIO()):
        bleu, clips = TheirBleu(4).compute_score(references, results)
    out = {f"BLEU-{n + 1}": (bleu[n], np.array(clips[n])) for n in range(4)}
    out["ROUGE-L"] = TheirRouge().compute_score(references, results)
    out["CIDEr-D"] = TheirCider().compute_score(references, results)
    return out


def assert_same(references: Texts, predictions: dict[str, str]) -> None:
    for name, (value, by_clip) in theirs(references, predictions).items():
        kind = {"B": Bleu, "R": Rouge, "C": CiderD}[name[0]]()
        for refs, preds in ((references, predictions), (References(references), Predictions(predictions))):
            found = kind.score(kind.prepare(refs), preds)
            assert found.corpus[name] == pytest.approx(value, abs=1e-9), name
            np.testing.assert_allclose(
                list(found.clips[name].values()), by_clip, rtol=0, atol=1e-9, err_msg=name
            )
            assert list(found.clips[name]) == list(predictions)


@pytest.mark.parametrize("seed", range(12))
def test_random_captions(seed: int) -> None:
    assert_same(*corpus(seed, clips=2 + seed * 3))


@pytest.mark.parametrize("seed", range(4))
def test_no_break_spaces(seed: int) -> None:
    """BLEU and CIDEr split at them, ROUGE-L does not: pycocoevalcap's split() and split(' ')."""
    assert_same(*corpus(seed, clips=12, odd=True))


def test_captions_longer_than_a_machine_word() -> None:
    assert_same(*corpus(5, clips=8, longest=150))


def test_real_captions(shared_data: Path) -> None:
    oracle = json.loads(
        gzip.decompress((shared_data / "oracles/msrvtt_chris5zk_test_pred.json.gz").read_bytes())
    )
    predictions = {one["video_id"]: one["pred"] for one in oracle.values()}
    references = load_references(shared_data / "msrvtt" / "test_videodatainfo.json.zip")
    known = json.loads((shared_data / "oracles" / "msrvtt_chris5zk_scores.json").read_text())["scores"]
    values = Scorer(references, ["bleu", "rouge", "cider-d"]).score(predictions).values
    assert values["BLEU-4"] == pytest.approx(known["BLEU"][3], abs=1e-9)
    assert values["ROUGE-L"] == pytest.approx(known["ROUGE_L"], abs=1e-12)
    assert values["CIDEr-D"] == pytest.approx(known["CIDEr"], abs=1e-12)


def test_cider_without_the_d() -> None:
    """By hand: two clips, one reference each, the prediction of `a` is its reference twice."""
    references = {"a": ["x y"], "b": ["z w"]}
    metric = Cider()
    found = metric.score(metric.prepare(references), {"a": "x y", "b": "q"})
    assert found.clips["CIDEr"] == pytest.approx({"a": 5.0, "b": 0.0})  # two of four orders exist, cosine 1
    metric = CiderD()
    repeated = {"a": "x y x y", "b": "q"}
    plain, clipped = (
        Cider().score(Cider().prepare(references), repeated),
        metric.score(metric.prepare(references), repeated),
    )
    assert plain.corpus["CIDEr"] > clipped.corpus["CIDEr-D"]


def test_one_clip_is_refused() -> None:
    with pytest.raises(DataError, match="single clip means nothing"):
        CiderD().prepare({"a": ["x y"]})
    single = CiderD(single_clip="zero")
    assert single.score(single.prepare({"a": ["x y"]}), {"a": "x y"}).corpus["CIDEr-D"] == 0


def test_one_clip_with_the_document_frequencies_of_many() -> None:
    """Scored with the corpus it belongs to, a clip gets exactly what it gets in the whole set."""
    references, predictions = corpus(3, clips=20)
    whole = CiderD()
    all_clips = whole.score(whole.prepare(references), predictions).clips["CIDEr-D"]
    one = CiderD(corpus=references)
    for clip in list(references)[:5]:
        alone = one.score(one.prepare({clip: references[clip]}), {clip: predictions[clip]})
        assert alone.clips["CIDEr-D"][clip] == pytest.approx(all_clips[clip], abs=1e-12)


def test_foreign_document_frequencies() -> None:
    """The corpus does not hold the scored clip; pycocoevalcap's formula with its counts put in."""
    references, predictions = corpus(7, clips=15)
    clip, others = "clip0", {c: lines for c, lines in references.items() if c != "clip0"}
    scorer = CiderScorer()
    for other, lines in others.items():
        scorer += (predictions[other], lines)
    scorer.compute_doc_freq()
    counts = dict(scorer.document_frequency)
    scorer = CiderScorer(predictions[clip], references[clip])
    scorer.document_frequency.update(counts)
    size = len(others)
    scorer.crefs, held = _Sized(scorer.crefs, size), scorer.crefs
    assert held
    expected = scorer.compute_cider()[0]
    metric = CiderD(corpus=others)
    found = metric.score(metric.prepare({clip: references[clip]}), {clip: predictions[clip]})
    assert found.corpus["CIDEr-D"] == pytest.approx(expected, abs=1e-9)


class _Sized(list):  # type: ignore[type-arg]
    """References that say they are as many as the corpus: pycocoevalcap takes log N from their number."""

    def __init__(self, items: list[object], size: int) -> None:
        super().__init__(items)
        self.size = size

    def __len__(self) -> int:
        return self.size
