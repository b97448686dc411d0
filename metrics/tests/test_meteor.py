"""METEOR: frozen answers of the Java program, the parts by themselves, and real captions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidcap_metrics.errors import UserError
from vidcap_metrics.meteor.align import align
from vidcap_metrics.meteor.cache import compiled
from vidcap_metrics.meteor.engine import MeteorEngine
from vidcap_metrics.meteor.metric import Meteor
from vidcap_metrics.meteor.normalize import normalize
from vidcap_metrics.meteor.phrases import line_hashes, longer, word_hash
from vidcap_metrics.meteor.stem import stem
from vidcap_metrics.meteor.tables import Source, load_tables
from vidcap_metrics.meteor.words import java_hash

GOLDENS = Path(__file__).parent / "goldens"
GOLDEN = json.loads((GOLDENS / "meteor.json").read_text(encoding="utf-8"))
ALIGNMENTS = json.loads((GOLDENS / "meteor_alignments.json").read_text(encoding="utf-8"))

HOSTILE = json.loads((GOLDENS / "meteor_hostile.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def engine() -> MeteorEngine:
    """One engine for all tests."""
    return MeteorEngine()


@pytest.mark.parametrize("one", GOLDEN["segments"], ids=lambda one: one["caption"] or "empty")
def test_segment(one: dict[str, Any], engine: MeteorEngine) -> None:
    """Counts and score are the Java program's."""
    stats = engine.stats(one["caption"], one["references"])
    assert list(stats) == one["stats"]
    assert engine.segment_score(stats) == pytest.approx(one["score"], abs=1e-12)


def test_corpus(engine: MeteorEngine) -> None:
    """The corpus score of the Java program's own counts is the Java program's."""
    counts = [tuple(one["stats"]) for one in GOLDEN["segments"]]
    assert engine.aggregate(counts) == pytest.approx(GOLDEN["corpus"], abs=1e-12)
    assert engine.aggregate([]) == 0.0


def test_metric(engine: MeteorEngine) -> None:
    """Per clip the best reference counts; the corpus value is that of the summed counts, not the mean."""
    references = {"a": ["a red kite", "the blue boat"], "b": ["children run"]}
    values = Meteor()
    found = values.score(values.prepare(references), {"a": "the blue boat", "b": "zebra"})
    assert found.clips["METEOR"] == {"a": 1.0, "b": 0.0}
    counts = [engine.stats("the blue boat", references["a"]), engine.stats("zebra", references["b"])]
    assert found.corpus["METEOR"] == engine.aggregate(counts)
    assert 0 < found.corpus["METEOR"] < 1


def test_order_does_not_matter(engine: MeteorEngine) -> None:
    """A fresh engine that meets words late gives what one gives that knows them."""
    pairs = [(one["caption"], one["references"]) for one in GOLDEN["segments"]]
    fresh = MeteorEngine()
    backwards = [fresh.stats(*pair) for pair in reversed(pairs)]
    assert backwards[::-1] == [engine.stats(*pair) for pair in pairs]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("running", "run"),
        ("skies", "sky"),
        ("generously", "generous"),
        ("hopping", "hop"),
        ("hoping", "hope"),
        ("cries", "cri"),
        ("ties", "tie"),
        ("relational", "relat"),
        ("happily", "happili"),
        ("inning", "inning"),
        ("dog's", "dog"),
        ("by", "by"),
        ("agreed", "agre"),
        ("sensational", "sensat"),
        ("youth", "youth"),
    ],
)
def test_stem(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_synonyms_of_forms() -> None:
    """A form is looked up by its base; an irregular one by the list; an ending only where it gives a word."""
    sets = load_tables().synonym_sets
    assert sets("dogs") == sets("dog") != frozenset()
    assert sets("children") >= sets("child")
    assert sets("discuss").isdisjoint(sets("discus"))
    assert sets("qqzz") == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A well-known Dog", "a well known dog"),
        ("it does n't rain", "it does n 't rain"),
        ("the boy 's kite", "the boy ' s kite"),
        ("1,000 or a,b", "1,000 or a , b"),
        ("red/blue", "red / blue"),
        ("mr. x saw the u.s. today.", "mr. x saw the us today ."),
        ("No. 5 or No. X", "no. 5 or no . x"),
        ("Assn. мир. Θ", "assn . мир . θ"),
        (":--lrb- a--b a---b –", ": -lrb- a b a--b -"),
        ("naïve Tiếng ﬁn º", "naïve ti ế ng ﬁ n º"),
        ("a.\u3000b a\xa0b\u200b", "a . b a b \u200b"),
        ("“so”", '" so "'),
        ("-lrb- x", "-lrb- x"),
        ("", ""),
    ],
)
def test_normalize(text: str, expected: str) -> None:
    assert normalize(text, load_tables().abbreviations) == expected.split()


@pytest.mark.parametrize("half", [0, 1], ids=["as they are", "PTB tokens"])
def test_hostile_pairs(half: int, engine: MeteorEngine) -> None:
    """The Java program's counts where scripts, dashes, stops and odd spaces meet."""
    size = len(HOSTILE) // 2
    for caption, reference, stats in HOSTILE[half * size :][:size]:
        assert list(engine.stats(caption, [reference])) == stats, (caption, reference)


def test_words_that_share_a_hash_are_the_same(engine: MeteorEngine) -> None:
    """The Java program compares words and stems by a hash of 32 bits, but looks synonyms up by the word."""
    assert java_hash("as") == java_hash("\u0c32") == 3122
    assert java_hash("polygenelubricants") == 1 << 31
    assert engine.alignment("\u0c32", "as") == [(0, 1, 0, 1, 0)]
    assert engine.alignment("walkc0s", "walkan") == [(0, 1, 0, 1, 1)]
    assert [match[4] for match in engine.alignment("x plan y", "x program y")] == [0, 2, 0]
    assert [match[4] for match in engine.alignment("x plc0 y", "x program y")] == [0, 0]


def test_phrase_hashes() -> None:
    """The hash of a phrase is that of its words put together, and of its line in a text."""
    text = np.frombuffer(b"in order to\nso\n", np.uint8)
    lines = line_hashes(text, np.array([0, 12]), np.array([11, 14]))
    assert lines.tolist() == [word_hash("in order to")[0], word_hash("so")[0]]
    first, power = (np.array([x], np.uint64) for x in word_hash("in"))
    rest = np.array([word_hash("order to")[0]], np.uint64)
    assert longer(first, power, rest).tolist() == lines[:1].tolist()


def test_align_prefers_cover_then_few_chunks() -> None:
    """Two chunks that cover more beat one; of equal cover the one chunk."""
    assert align([], 3) == ([], 0)
    two = [(0, 1, 2, 1, 0), (2, 1, 0, 1, 0)]
    assert align(two, 3) == (two, 2)
    repeated = [(0, 1, 0, 1, 0), (0, 1, 2, 1, 0), (1, 1, 3, 1, 0)]
    assert align(repeated, 2) == ([(0, 1, 2, 1, 0), (1, 1, 3, 1, 0)], 1)


def test_align_counts_what_is_passed_over() -> None:
    """Of equals: the first place of the reference, unless it is the caption's own; then the first of the caption."""
    assert align([(1, 1, 0, 1, 0), (2, 1, 0, 1, 0)], 3) == ([(1, 1, 0, 1, 0)], 1)
    assert align([(0, 1, 0, 1, 0), (2, 1, 0, 1, 0)], 3) == ([(2, 1, 0, 1, 0)], 1)
    assert align([(0, 1, 0, 1, 0), (0, 1, 2, 1, 0)], 1) == ([(0, 1, 0, 1, 0)], 1)


def test_align_half_of_what_is_not_exact() -> None:
    """A paraphrase of five words covers two, as the exact match does, which here needs no chunk; of seven, three."""
    first, exact = (0, 1, 0, 1, 0), (1, 1, 1, 1, 0)
    assert align([first, exact, (1, 5, 3, 1, 3)], 8) == ([first, exact], 1)
    assert align([first, exact, (1, 7, 3, 1, 3)], 8) == ([first, (1, 7, 3, 1, 3)], 2)


def test_alignments(engine: MeteorEngine) -> None:
    """The matches that the Java program takes, where there are many to choose from."""
    for caption, reference, matches in ALIGNMENTS:
        assert [list(match) for match in engine.alignment(caption, reference)] == matches, (
            caption,
            reference,
        )


def test_cache_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed compilation leaves nothing; a finished one is not made again."""
    monkeypatch.setenv("VIDCAP_CACHE", str(tmp_path))

    def fails() -> dict[str, Any]:
        return {"a": np.arange(3), "b": np.array([object()])}

    with pytest.raises(ValueError, match="Object arrays"):
        compiled("meteor/part", fails)
    assert [path.name for path in (tmp_path / "meteor").iterdir()] == [".part.lock"]
    assert compiled("meteor/part", lambda: {"a": np.arange(3)})["a"].tolist() == [0, 1, 2]
    assert compiled("meteor/part", fails)["a"].tolist() == [0, 1, 2]


def test_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the folder and the variable."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VIDCAP_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="VIDCAP_CACHE"):
        compiled("meteor/part", lambda: {"a": np.arange(3)})


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pycocoevalcap the error says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install pycocoevalcap"):
        Source.installed()


def test_msrvtt_corpus(shared_data: Path) -> None:
    """The published corpus score of real predictions."""
    import gzip

    from vidcap_metrics.formats import load_references
    from vidcap_metrics.scorer import Scorer

    oracles = shared_data / "oracles"
    rows = json.loads(gzip.decompress((oracles / "msrvtt_chris5zk_test_pred.json.gz").read_bytes()))
    predictions = {row["video_id"]: row["pred"] for row in rows.values()}
    references = load_references(shared_data / "msrvtt" / "test_videodatainfo.json.zip")
    published = json.loads((oracles / "msrvtt_chris5zk_scores.json").read_text())
    found = Scorer(references, ["meteor"]).score(predictions).values["METEOR"]
    assert found == pytest.approx(published["scores"]["METEOR"], abs=1e-12)
