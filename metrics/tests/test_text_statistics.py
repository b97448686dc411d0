"""Repetition, varied samples and hallucinated objects, against counts by hand and direct computation."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from vidcap_metrics.bootstrap import intervals
from vidcap_metrics.cider import Cider
from vidcap_metrics.cli.main import main
from vidcap_metrics.errors import DataError, UserError
from vidcap_metrics.event import Event
from vidcap_metrics.hallucination import Hallucination
from vidcap_metrics.metric_arguments import metric_arguments
from vidcap_metrics.repetition import EventRepetition, Repetition
from vidcap_metrics.samples import Samples
from vidcap_metrics.scorer import Scorer

REFERENCES = {
    "a": ["a man runs in the park", "someone is running outside"],
    "b": ["a dog plays with a ball", "the dog has a red ball"],
    "c": ["a woman cuts an onion", "onions are cut"],
}


def test_repetition_by_hand() -> None:
    texts = {"a": "he runs and he runs and he runs", "b": "a dog plays", "c": ""}
    scores = Scorer(REFERENCES, [Repetition()], missing="zero").score(texts)
    # 8 words, 3 distinct; 7 pairs, 3 distinct; 6 triples, 3 distinct; 5 fours, 3 distinct
    assert [scores.clips[f"Rep-{n}"]["a"] for n in (1, 2, 3, 4)] == pytest.approx(
        [5 / 8, 4 / 7, 3 / 6, 2 / 5]
    )
    assert scores.clips["Rep-4"]["b"] == scores.clips["Rep-4"]["c"] == 0
    assert scores.values["Rep-4"] == pytest.approx(2 / 15)


def test_repetition_of_events_counts_no_n_gram_across_sentences() -> None:
    said = {"a": ["a man runs in.", "A man runs in!", "a dog sits down"], "b": ["one two"], "c": []}
    references = {clip: [Event(0, 5, "x")] for clip in said}
    events = {clip: [Event(i, i + 1, text) for i, text in enumerate(each)] for clip, each in said.items()}
    scores = EventRepetition().scorer(references).score(events)
    counts = Counter()
    for words in (["a", "man", "runs", "in"], ["a", "man", "runs", "in"], ["a", "dog", "sits", "down"]):
        counts.update(words)
    assert scores.clips["R@4"]["a"] == pytest.approx(1 / 3)
    assert scores.clips["R@1"]["a"] == pytest.approx(sum(c - 1 for c in counts.values()) / 12)
    assert scores.values["R@4"] == pytest.approx(1 / 9)
    assert "event-repetition|v:1|tok:ptb-3.4.1" in str(scores.scores[0].signature)


SAMPLED = {
    "a": ["a man runs in the park", "a man runs", "somebody outside"],
    "b": ["a dog plays", "a dog plays", "a dog plays"],
    "c": ["a woman cuts an onion", "the onion is cut", "a woman cuts it"],
}


def sampled() -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    scores = Samples().scorer(REFERENCES).score(SAMPLED)
    return scores.values, scores.clips


def test_div_by_hand() -> None:
    _, clips = sampled()
    assert clips["Div-1"]["b"] == pytest.approx(3 / 9)
    assert clips["Div-2"]["b"] == pytest.approx(2 / 9)
    assert clips["Div-1"]["a"] == pytest.approx(8 / 11)  # a man runs in the park somebody outside


def test_mbleu_is_bleu_of_each_sample_against_the_others() -> None:
    values, _ = sampled()
    rounds = []
    for index in range(3):
        others = {clip: [t for i, t in enumerate(lines) if i != index] for clip, lines in SAMPLED.items()}
        said = {clip: lines[index] for clip, lines in SAMPLED.items()}
        rounds.append(Scorer(others, ["bleu"]).score(said).values["BLEU-4"])
    assert values["mBLEU-4"] == pytest.approx(np.mean(rounds))


def test_self_cider_is_the_spectrum_of_ciders() -> None:
    """K from our CIDEr of caption i with caption j as its only reference, document frequencies of the references."""
    _, clips = sampled()
    for clip, lines in SAMPLED.items():
        metric = Cider(corpus=REFERENCES)
        similar = np.array(
            [
                [
                    metric.score(metric.prepare({clip: [reference]}), {clip: line}).corpus["CIDEr"] / 10
                    for reference in lines
                ]
                for line in lines
            ]
        )
        roots = np.sqrt(np.maximum(np.linalg.eigvalsh((similar + similar.T) / 2), 0))
        expected = -math.log(roots.max() / roots.sum()) / math.log(3)
        assert clips["Self-CIDEr"][clip] == pytest.approx(expected, abs=1e-6)


def test_self_cider_of_equal_and_of_unlike_captions() -> None:
    references = {str(n): [f"word{n} thing{n} other{n} more{n}"] for n in range(6)}
    unlike = {"0": ["p1 p2 p3 p4", "q1 q2 q3 q4", "r1 r2 r3 r4"], "1": ["s1 s2 s3 s4"] * 3}
    with pytest.warns(UserWarning, match="4 clips have no samples"):
        scores = Samples(missing="skip").scorer(references).score(unlike)
    assert scores.clips["Self-CIDEr"]["0"] == pytest.approx(1)
    assert scores.clips["Self-CIDEr"]["1"] == pytest.approx(0, abs=1e-6)
    assert "samples-3|v:1|tok:ptb-3.4.1|refs:1|missing:skip|clips:2/6|without:" in str(
        scores.scores[0].signature
    )


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ({**SAMPLED, "b": ["a dog"]}, "at least two: 'b' has 1, 'c' has 3"),
        ({clip: lines[:1] for clip, lines in SAMPLED.items()}, "at least two"),
        ({"a": SAMPLED["a"]}, "2 clips have no samples"),
        ({"x": ["a", "b"]}, "no clip has both"),
    ],
)
def test_samples_that_cannot_be_compared(samples: dict[str, list[str]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Samples().scorer(REFERENCES).score(samples)


WORDS = {"dog": ["dogs", "puppy"], "hot dog": ["hotdog"], "man": ["men", "somebody"], "ball": []}


def test_hallucination_by_hand() -> None:
    """a: a man is shown. b: dog and ball. c: nothing of the list, and a dog by the file."""
    metric = Hallucination(WORDS, {"c": ["dog"]})
    said = {
        "a": "a man eats a hot dog near a dog and a ball",
        "b": "Dogs and a dog play, a dog!",
        "c": "a puppy",
    }
    scores = Scorer(REFERENCES, [metric]).score(said)
    assert scores.clips["CHAIR-i"] == pytest.approx({"a": 3 / 4, "b": 0, "c": 0})
    assert scores.values["CHAIR-i"] == pytest.approx(3 / 8)
    assert scores.values["CHAIR-s"] == pytest.approx(1 / 3)
    assert scores.values["Object-recall"] == pytest.approx((1 + 1 + 1) / (1 + 2 + 1))
    found = intervals(scores.scores[0], samples=200)["CHAIR-i"]
    assert found.low <= 3 / 8 <= found.high


def test_hallucination_is_signed_with_its_list(tmp_path: Path) -> None:
    file = tmp_path / "words.json"
    file.write_text(json.dumps(dict(reversed(WORDS.items()))))
    first, second = Hallucination(WORDS), Hallucination(file)
    assert first.settings == second.settings != Hallucination({"dog": []}).settings
    shown, other = (Hallucination(WORDS, {"c": [name]}).settings for name in ("dog", "ball"))
    assert shown["words"] == other["words"] == first.settings["words"]
    assert shown["objects"] != other["objects"]
    with pytest.warns(UserWarning, match="every score is 0"):
        scores = Scorer(REFERENCES, [Hallucination(WORDS)]).score(dict.fromkeys(REFERENCES, "a hot dog"))
    assert (
        f"hallucination|v:1|tok:ptb-3.4.1|refs:2|missing:error|clips:3/3|words:{first.settings['words']}"
        in str(scores.scores[0].signature)
    )


@pytest.mark.parametrize(
    ("words", "objects", "message"),
    [
        ({"dog": ["animal"], "cat": ["animal"]}, None, "'animal' names both 'dog' and 'cat'"),
        ({"dog": ["..."]}, None, "which is none"),
        ({}, None, "empty"),
        ({"dog": "puppy"}, None, "holds no words"),
        (WORDS, {"a": ["zebra"]}, "shows 'zebra'"),
        ("nowhere.json", None, "nowhere.json cannot be read"),
    ],
)
def test_lists_that_say_nothing(words: object, objects: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Hallucination(words, objects)  # type: ignore[arg-type]


def test_a_direct_count_over_many_captions() -> None:
    """Random captions, single words: CHAIR as two lines of Python say it."""
    draw = np.random.default_rng(0)
    vocabulary = ["dog", "cat", "ball", "tree", "runs", "sits", "a", "the"]
    objects = {"dog": [], "cat": [], "ball": [], "tree": []}
    references = {str(n): [" ".join(draw.choice(vocabulary, 5)) for _ in range(2)] for n in range(50)}
    said = {clip: " ".join(draw.choice(vocabulary, 6)) for clip in references}
    values = Scorer(references, [Hallucination(objects)]).score(said).values
    shown = {
        clip: {w for line in lines for w in line.split() if w in objects}
        for clip, lines in references.items()
    }
    named = {clip: [w for w in text.split() if w in objects] for clip, text in said.items()}
    wrong = {clip: [w for w in words if w not in shown[clip]] for clip, words in named.items()}
    assert values["CHAIR-i"] == pytest.approx(sum(map(len, wrong.values())) / sum(map(len, named.values())))
    assert values["CHAIR-s"] == pytest.approx(sum(map(bool, wrong.values())) / 50)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {}
    texts = {clip: lines[0] for clip, lines in SAMPLED.items()}
    for name, data in (("refs", REFERENCES), ("said", texts), ("several", SAMPLED), ("words", WORDS)):
        files[name] = str(tmp_path / f"{name}.json")
        Path(files[name]).write_text(json.dumps(data))
    words = f"hallucination.words={files['words']}"
    assert main([files["said"], files["refs"], "--metrics", "hallucination,repetition", "--set", words]) == 0
    shown = capsys.readouterr().out
    assert "CHAIR-i" in shown
    assert "Rep-4" in shown
    assert main([files["several"], files["refs"], "--metrics", "samples"]) == 0
    assert "Self-CIDEr" in capsys.readouterr().out
    assert main([files["several"], files["refs"], "--metrics", "samples,bleu"]) == 2
    assert "samples: for several captions a clip" in capsys.readouterr().err
    assert main([files["said"], files["refs"], "--metrics", "bleu", "--set", "bleu.x=1"]) == 2
    assert "metric 'bleu' has no 'x'\n  try: leave it out: bleu takes no argument" in capsys.readouterr().err
    assert main([files["said"], files["refs"], "--metrics", "hallucination"]) == 2
    assert "--set hallucination.words=" in capsys.readouterr().err


def test_arguments_of_metrics() -> None:
    assert metric_arguments(["p.m.a.b=[1, 2]", "p.m.a.c=x", "m.k=True"], ["m", "p.m"]) == {
        "p.m": {"a": {"b": [1, 2], "c": "x"}},
        "m": {"k": True},
    }
    for wrong in ("bleu", "bleu.x", "other.x=1"):
        with pytest.raises(UserError, match="is no argument of bleu"):
            metric_arguments([wrong], ["bleu"])


def test_no_repetition_is_nothing_to_warn_of(recwarn: pytest.WarningsRecorder) -> None:
    texts = {clip: f"{clip} dog" for clip in REFERENCES}
    assert not any(Scorer(REFERENCES, [Repetition()]).score(texts).values.values())
    events = {clip: [Event(0, 5, text)] for clip, text in texts.items()}
    assert not any(EventRepetition().scorer(events).score(events).values.values())
    assert list(recwarn) == []


def test_choices_that_samples_do_not_take(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "samples.json").write_text(json.dumps(SAMPLED))
    (tmp_path / "refs.json").write_text(json.dumps(REFERENCES))
    files = [str(tmp_path / "samples.json"), str(tmp_path / "refs.json")]
    for words in (["--tokenizer", "char"], ["--paragraphs"]):
        assert main([*files, "--metrics", "samples", *words]) == 2
        assert f"{' '.join(words)} is for metrics of captions, not for samples" in capsys.readouterr().err
