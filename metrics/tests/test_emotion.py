"""Acc_sw, Acc_c, BFS and CFS: twenty clips counted by hand, the guards, both protocols, both CSV formats."""

from __future__ import annotations

import math
import random
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from vidcap_metrics.bootstrap import intervals
from vidcap_metrics.emotion import Emotion, accuracies, emotion_scorer, epan_tokens, lexicon
from vidcap_metrics.errors import DataError
from vidcap_metrics.formats import load_predictions, load_references
from vidcap_metrics.scorer import Scorer, ScoreWarning

# references | prediction | right categories | wrong categories, found by hand in the lexicon.
# annoying = anger + annoyance, worried = annoyance + worry, hopeful = anticipation + optimistic,
# timid = fear + shy: both in a reference, the first in a prediction.
BY_HAND = [
    (["A man smiles happily.", "a sad man"], "a man is playing happily", {"joy"}, set()),
    (["a man talks"], "a happy man talks", set(), {"joy"}),
    (["a girl is sad"], "a sad girl is crying happily", {"sadness"}, {"joy"}),
    (["a dog barks angrily"], "a dog barks", set(), set()),
    (["an annoying boy"], "an annoying boy", {"anger"}, set()),
    (["a confused boy"], "an annoying boy", set(), {"anger"}),
    (["an angry boy"], "an annoying boy", {"anger"}, set()),
    (["a worried woman"], "an anxious woman", {"worry"}, set()),
    (["a timid child"], "a shy child and an afraid dog", {"shy", "fear"}, set()),
    (["a happy boy"], "a happy joyful boy laughs gladly", {"joy"}, set()),
    (["a calm lake"], "a sad angry man", set(), {"sadness", "anger"}),
    (["a peaceful lake", "a horrible storm"], "a quiet and terrible lake", {"calm", "terrible"}, set()),
    (["a surprised cat"], "a cat", set(), set()),
    (["a man looks at a dog"], "a man looks at a dog", set(), set()),
    (["a lovely cat"], "an adorable cat", {"love"}, set()),
    (["a disgusting meal"], "a disgusted happy cook with a horrible meal", {"disgust"}, {"joy", "terrible"}),
    (["people cheer joyfully"], "happiness", set(), set()),
    (["a hopeful boy"], "a hopeful boy", {"anticipation"}, set()),
    (["an angry cat"], "Happily, a cat sings.", set(), {"joy"}),
    (["a shy girl"], "a timid girl", set(), {"fear"}),
]
REFERENCES = {f"vid{n}": refs for n, (refs, *_) in enumerate(BY_HAND)}
PREDICTIONS = {f"vid{n}": said for n, (_, said, *_) in enumerate(BY_HAND)}


def test_twenty_clips_by_hand() -> None:
    """Right: 1+1+1+1+1+2+1+2+1+1+1 = 13.  Wrong: 1+1+1+2+2+1+1 = 9.  Without: clips 4, 13, 14, 17 = 4.

    Acc_sw = 13 / (13 + 9 + 4) = 0.5.  11 captions have a right one, clips 3 and 16 a wrong one too:
    Acc_c = exp(−2 / (11 − 2 − 0.0001)) · 11 / 20 = 0.80073 · 0.55 = 0.44040.
    """
    scores = emotion_scorer(REFERENCES).score(PREDICTIONS)
    for n, (_, _, right, wrong) in enumerate(BY_HAND):
        assert scores.clips["emotion-right"][f"vid{n}"] == len(right), n
        assert scores.clips["emotion-wrong"][f"vid{n}"] == len(wrong), n
    assert scores.values["Acc_sw"] == 0.5
    assert scores.values["Acc_c"] == pytest.approx(0.80073 * 0.55, abs=1e-5)
    assert scores.values["no-emotion"] == 4 / 20


def test_which_categories() -> None:
    """Not only how many: the very sets of the table."""
    metric = Emotion()
    prepared = Scorer(REFERENCES, [metric])._prepared[0]
    from vidcap_metrics.ptb import tokenize

    for n, (_, said, right, wrong) in enumerate(BY_HAND):
        assert metric._sides(prepared.categories[f"vid{n}"], tokenize([said])[0]) == (right, wrong)


BLEU = (0.548780487798, 0.364375455886, 0.278553918244, 0.225671785668)
CIDER = 2.322169199917
"""What pycocoevalcap 1.2 with Java's PTB tokenizer says of these twenty clips."""


def test_bfs_and_cfs_of_pycocoevalcaps_values() -> None:
    """BFS = 0.8 (0.1 B1 + 0.2 B2 + 0.3 B3 + 0.4 B4) + 0.1 (Acc_sw + Acc_c);  CFS = 0.8 CIDEr-D + the same."""
    found = emotion_scorer(REFERENCES).score(PREDICTIONS).values
    emotional = 0.1 * (0.5 + math.exp(-2 / 8.9999) * 11 / 20)
    b1, b2, b3, b4 = BLEU
    assert found["BFS"] == pytest.approx(0.08 * b1 + 0.16 * b2 + 0.24 * b3 + 0.32 * b4 + emotional, abs=1e-9)
    assert found["CFS"] == pytest.approx(0.8 * CIDER + emotional, abs=1e-9)


def test_guards() -> None:
    """No mixed caption: the factor is 1. Every hit mixed: 0 instead of an overflow. No hit: 0."""
    rows = np.array([[3, 1, 0, 3, 0, 4], [3, 3, 0, 3, 3, 3], [0, 0, 2, 0, 0, 2]], np.float64)
    acc_sw, acc_c = accuracies(rows)
    assert acc_sw.tolist() == [3 / 4, 1 / 2, 0]
    assert acc_c.tolist() == [3 / 4, 0, 0]


def test_intervals_hold_the_values() -> None:
    """Every corpus value is resampled as what it is, not as a mean over clips."""
    scores = emotion_scorer(REFERENCES).score(PREDICTIONS)
    found = intervals(scores.scores[0], samples=200)
    assert found.keys() == scores.values.keys()
    assert all(found[name].low <= value <= found[name].high for name, value in scores.values.items())


def test_one_caption_for_every_clip() -> None:
    """ "happily" everywhere is right where joy is, and both accuracies are that share of the clips."""
    references = {f"v{n}": ["a happy dog"] if n < 7 else ["a sad dog runs"] for n in range(10)}
    found = emotion_scorer(references).score(dict.fromkeys(references, "a man is playing happily")).values
    assert found["Acc_sw"] == found["Acc_c"] == 0.7
    mixed = emotion_scorer(references).score(dict.fromkeys(references, "a sad man is crying happily")).values
    assert mixed["Acc_sw"] == 0.5
    assert mixed["Acc_c"] == 0


def test_without_emotion_words_it_says_so() -> None:
    """In predictions: a warning. In references: refused. Never a silent 0."""
    scorer = emotion_scorer({"a": ["a happy dog"], "b": ["a sad cat"]})
    with pytest.warns(ScoreWarning, match="no prediction has an emotion word"):
        assert scorer.score({"a": "a dog", "b": "a cat"}).values["Acc_sw"] == 0
    with pytest.raises(DataError, match="no reference has an emotion word"):
        emotion_scorer({"a": ["a dog"], "b": ["a cat"]})


def test_protocols_differ_beyond_the_fifteenth_word() -> None:
    """The sixteenth word of a reference is lost in EPAN's protocol; predictions keep all of theirs."""
    long = " ".join(["word"] * 15) + " happily"
    references = {"a": [long], "b": ["The girl's caf\u00e9 is sad!"]}
    predictions = {"a": long, "b": "the girl is sad"}
    assert emotion_scorer(references).score(predictions).values["Acc_sw"] == 1
    scores = emotion_scorer(references, "epan").score(predictions)
    assert scores.values["Acc_sw"] == 0.5
    assert "|tok:epan-15|" in str(scores.scores[0].signature)


def test_epan_tokens() -> None:
    """Punctuation and non-ASCII go without leaving a space."""
    assert epan_tokens(["The girl's caf\u00e9 is  SAD !"]) == ["the girls caf is sad"]


def test_lexicon() -> None:
    """34 categories, 183 entries, 179 words, four of them twice; the file names its source and licence."""
    found = lexicon()
    assert len(found.categories) == 34
    assert sum(map(len, found.categories.values())) == 183
    assert len(found.words) == 179
    twice = {word: names[0] for word, names in found.words.items() if len(names) == 2}
    assert twice == {"annoying": "anger", "worried": "annoyance", "hopeful": "anticipation", "timid": "fear"}
    assert "Tongji-MIC-Lab/EmVidCap" in found.source
    text = resources.files("vidcap_metrics").joinpath("data/emotion_lexicon.json").read_text("utf-8")
    assert '"licence": "MIT"' in text


def test_both_csv_formats(tmp_path: Path) -> None:
    """Commas in a comma file (CRLF, unquoted), non-ASCII in a tab file: the same scores."""
    draw = random.Random(3)
    words = ["happily", "sad", "angry", "a man, smiling", "cries", "the dog's", "caf\u00e9"]
    clips = {f"vid{n}": [" ".join(draw.sample(words, 3)) for _ in range(2)] for n in range(1, 30)}
    small, large = tmp_path / "EmVidCap-S.csv", tmp_path / "EmVidCap-L.csv"
    rows = [(clip, line) for clip, lines in clips.items() for line in lines]
    small.write_bytes(("VideoID,EmCaptions\r\n" + "".join(f"{c},{t}\r\n" for c, t in rows)).encode())
    large.write_bytes(("VideoID\tEmCaptions\n" + "".join(f"{c}\t{t}\n" for c, t in rows)).encode())
    assert load_references(small) == load_references(large) == clips
    answers = tmp_path / "predictions.csv"
    answers.write_text("video_id,caption\n" + "".join(f"{clip},a sad man smiles happily\n" for clip in clips))
    scores = [
        emotion_scorer(load_references(path)).score(load_predictions(answers)).values
        for path in (small, large)
    ]
    assert scores[0] == scores[1]
    texts = [" ".join(lines) for lines in clips.values()]
    glad, low = sum("happily" in text for text in texts), sum("sad" in text for text in texts)
    assert 0 < glad + low < 2 * len(texts)
    assert scores[0]["Acc_sw"] == (glad + low) / (2 * len(texts))
