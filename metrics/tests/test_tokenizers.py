"""Tokenizers by name, their names in signatures, and what is said where one does not fit the language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidcap_metrics import Scorer, ScoreWarning, UserError
from vidcap_metrics.tokenizers import TOKENIZERS, tokenizer

CHINESE = {"a": ["一个男人正在弹吉他", "男人在舞台上弹吉他"], "b": ["一只狗坐在草地上", "狗在草地上休息"]}
SAID = {"a": "一个男人在弹吉他", "b": "一只狗在草地上"}


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        ("ptb", "The man's dog, it runs.", "the man 's dog it runs"),
        ("none", "  The man's\tdog,  runs. ", "The man's dog, runs."),
        ("13a", "The man's 3.5 dogs, 1-2 (x).", "The man's 3.5 dogs , 1 - 2 ( x ) ."),
        ("char", "一只 dog。", "一 只 d o g 。"),
    ],
)
def test_each(name: str, text: str, tokens: str) -> None:
    assert tokenizer(name).tokenize([text, ""]) == [tokens, ""]


def test_13a_is_sacrebleus() -> None:
    """Its answers to hard lines, frozen (sacrebleu 2.6.0)."""
    golden = json.loads((Path(__file__).parent / "goldens" / "mteval_13a.json").read_text("utf-8"))
    lines, expected = zip(*golden, strict=True)
    assert len(lines) > 50
    assert TOKENIZERS["13a"].tokenize(lines) == list(expected)


@pytest.mark.parametrize(
    ("name", "stated"), [("ptb", "ptb-3.4.1"), ("none", "none"), ("13a", "13a"), ("char", "char")]
)
def test_the_signature_names_it(name: str, stated: str) -> None:
    scores = Scorer({"a": ["a dog"], "b": ["a cat"]}, ["rouge"], tokenizer=name).score(
        {"a": "a dog", "b": "x"}
    )
    assert f"|tok:{stated}|" in scores.signatures["ROUGE-L"]


def test_characters_move_the_number_and_the_hash() -> None:
    with pytest.warns(ScoreWarning, match="4 of 4 references have whole phrases as one token"):
        words = Scorer(CHINESE, ["rouge", "cider-d"]).score(SAID)
    letters = Scorer(CHINESE, ["rouge", "cider-d"], tokenizer="char").score(SAID)
    assert words.values["ROUGE-L"] == 0 < letters.values["ROUGE-L"]
    assert words.signatures["ROUGE-L"].split("|")[-1] != letters.signatures["ROUGE-L"].split("|")[-1]
    assert letters.warnings == ()


def test_languages_with_spaces_are_not_warned_of(recwarn: pytest.WarningsRecorder) -> None:
    references = {"a": ["собака сидит на траве"], "b": ["개가 잔디에 앉아 있다"], "c": ["a naïve café"]}
    Scorer(references, ["rouge"]).score({clip: lines[0] for clip, lines in references.items()})
    assert len(recwarn) == 0


def test_unknown_name() -> None:
    with pytest.raises(UserError, match="no tokenizer is named 'zh'") as caught:
        Scorer(CHINESE, ["rouge"], tokenizer="zh")
    assert caught.value.hint == "one of: ptb, none, 13a, char"
