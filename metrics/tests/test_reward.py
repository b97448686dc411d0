"""The self-critical reward against pycocoevalcap's CIDEr-D of the same batch."""

from __future__ import annotations

import random

import numpy as np
import pytest
from pycocoevalcap.cider.cider import Cider as TheirCider

from vidcap_metrics.errors import DataError
from vidcap_metrics.ptb import tokenize
from vidcap_metrics.reward import CiderReward

WORDS = ["a", "the", "man", "woman", "dog", "runs", "sits", "plays", "with", "ball", "guitar", "and"]


def test_equals_pycocoevalcap_on_a_batch_of_its_own() -> None:
    chance = random.Random(0)

    def caption() -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(3, 9)))

    references = {f"clip{n}": [caption() for _ in range(5)] for n in range(16)}
    samples = {clip: caption() for clip in references}
    rewards = CiderReward(references)(list(samples), list(samples.values()))
    _, theirs = TheirCider().compute_score(references, {clip: [text] for clip, text in samples.items()})
    np.testing.assert_allclose(rewards, theirs, rtol=0, atol=1e-9)


def test_several_samples_a_clip_strings_or_words() -> None:
    references = {"a": ["A man runs.", "a runner"], "b": ["a dog sits"]}
    reward = CiderReward(references)
    rewards = reward(["a", "a", "b", "a"], ["a man runs", ["a", "man", "runs"], "a dog sits", "a dog"])
    assert rewards.shape == (4,)
    assert rewards[0] == rewards[1] > rewards[3]
    assert rewards[2] == reward(["b"], ["a dog sits"])[0] > 0


def test_empty_samples_and_no_samples() -> None:
    reward = CiderReward({"a": ["a man runs"], "b": ["a dog sits"]})
    assert reward(["a", "b"], ["", "zzz"]).tolist() == [0, 0]
    assert reward([], []).shape == (0,)


def test_references_are_tokenized_samples_are_not() -> None:
    assert tokenize(["it's a dog.", "x"])[0] == "it 's a dog"
    reward = CiderReward({"a": ["it's a dog."], "b": ["a man"]})
    good, bad = reward(["a", "a"], ["it 's a dog", "it's a dog."])
    assert good > bad


def test_bad_input() -> None:
    reward = CiderReward({"a": ["x"], "b": ["y"]})
    with pytest.raises(DataError, match="2 clips but 1 captions"):
        reward(["a", "b"], ["x"])
    with pytest.raises(DataError, match="clip 'c' has no references"):
        reward(["c"], ["x"])
    with pytest.raises(DataError, match="single clip"):
        CiderReward({"a": ["x"]})
