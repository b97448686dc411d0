"""Whole words as ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidcap_core.errors import ConfigError, DataError
from vidcap_core.tokenizers.vocabulary import Vocabulary

CAPTIONS = ["A man runs.", "a man, a dog", "the dog runs", "it's a zebra"]


def fitted(**arguments: object) -> Vocabulary:
    vocabulary = Vocabulary(**arguments)  # type: ignore[arg-type]
    vocabulary.fit(CAPTIONS)
    return vocabulary


def test_specials_come_first_and_words_by_frequency() -> None:
    words = fitted().words
    assert words[:4] == ["<pad>", "<bos>", "<eos>", "<unk>"]
    assert words[4:] == ["a", "dog", "man", "runs", "its", "the", "zebra"]


def test_rare_words_are_unknown_and_counted() -> None:
    vocabulary = fitted(min_count=2)
    assert vocabulary.words[4:] == ["a", "dog", "man", "runs"]
    assert vocabulary.encode("The man runs!") == [3, 6, 7]
    assert vocabulary.seen == {"types": 7, "words": 13, "unknown": 3}
    assert vocabulary.statistics(CAPTIONS) == {"size": 8, "words": 13, "unknown": 3 / 13, "touched": 0.5}


def test_forced_words_and_further_specials(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("joy\nzebra\n\n")
    for forced in (["joy", "zebra"], str(tmp_path / "words.txt")):
        vocabulary = fitted(min_count=2, forced=forced, specials=["<mask>"])
        assert vocabulary.words[4:] == ["<mask>", "a", "dog", "man", "runs", "zebra", "joy"]
        assert vocabulary.token_id("<mask>") == 4
    with pytest.raises(ConfigError, match="no file"):
        Vocabulary(forced=str(tmp_path / "none.txt"))
    with pytest.raises(ConfigError, match="<vis>"):
        fitted().token_id("<vis>")


def test_max_size_counts_specials() -> None:
    assert len(fitted(max_size=6)) == 6


def test_words_that_look_like_specials_stay_single() -> None:
    vocabulary = Vocabulary(normalize="none")
    vocabulary.fit(["<pad> a <unk>"])
    assert vocabulary.words == ["<pad>", "<bos>", "<eos>", "<unk>", "a"]


def test_decode_leaves_out_what_stands_around() -> None:
    vocabulary = fitted()
    ids = vocabulary.encode("a man runs")
    assert vocabulary.decode([1, *ids, 2, 0, 0]) == "a man runs"
    assert vocabulary.decode([3]) == "<unk>"


def test_state_survives_json() -> None:
    vocabulary = fitted(min_count=2, specials=["<mask>"], normalize="lower")
    copy = Vocabulary.from_state(json.loads(json.dumps(vocabulary.state())))
    assert copy.state() == vocabulary.state()
    assert copy.encode("A man <mask> zebra") == vocabulary.encode("A man <mask> zebra")


def test_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match="not one word"):
        Vocabulary().fit(["...", ""])


def test_the_order_of_captions_does_not_matter() -> None:
    one, other = Vocabulary(), Vocabulary()
    one.fit(CAPTIONS)
    other.fit(CAPTIONS[::-1])
    assert one.words == other.words
