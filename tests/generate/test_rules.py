"""Golden texts of each rule, worked out by hand on small Markov chains."""

from __future__ import annotations

import math

import pytest

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.types import View
from vidcap_core.decoding.generate import generate
from vidcap_core.errors import UserError

BOS, EOS, A, B, C = 0, 1, 2, 3, 4
ONE = View({}, (0,), (None,))

# start -> EOS .30 | A .70;  A -> B .60, EOS .40;  B -> C .95, EOS .05;  C -> EOS 1
#   ""     .30              ln -1.204   1 word with EOS
#   "A"    .70 x .40 = .28  ln -1.273   2
#   "A B"  .021             ln -3.863   3
#   "A B C" .399            ln -0.919   4
CHAIN = {BOS: {EOS: 0.30, A: 0.70}, A: {B: 0.60, EOS: 0.40}, B: {C: 0.95, EOS: 0.05}, C: {EOS: 1.0}}

# start -> EOS .6 | A .4;  A -> B .9, EOS .1;  B -> EOS 1
#   ""    .6   ln -0.511  1;   "A"   .04  ln -3.219  2;   "A B" .36  ln -1.022  3
SHORT = {BOS: {EOS: 0.6, A: 0.4}, A: {B: 0.9, EOS: 0.1}, B: {EOS: 1.0}}


def best(head, **settings):
    return generate(head, ONE, GenerateSettings(mode="beam", max_length=6, **settings), bos=BOS, eos=EOS)[0]


@pytest.mark.parametrize(
    ("rule", "words", "score"),
    [
        ({"length": "none"}, [], math.log(0.6)),  # -0.511 beats -1.022
        ({"length": "avg"}, [A, B], math.log(0.36) / 3),  # -0.341 beats -0.511
        ({"length": "hf", "alpha": 0.5}, [], math.log(0.6)),  # -1.022 / 3^0.5 = -0.590
        ({"length": "hf", "alpha": 1.0}, [A, B], math.log(0.36) / 3),
        # SRVC-LA: (5 + len)^1.6 / 6^1.6; -1.022 / (8/6)^1.6 = -0.645 loses against -0.511
        ({"length": "gnmt", "alpha": 1.6}, [], math.log(0.6)),
        # a = 3: -1.022 / (8/6)^3 = -0.431 wins
        ({"length": "gnmt", "alpha": 3.0}, [A, B], math.log(0.36) / (8 / 6) ** 3),
    ],
)
def test_length_rules(table, rule, words, score):
    text = best(table(SHORT, 5), beam=2, stop="cap", **rule)[0]
    assert text.tokens == words
    assert text.score == pytest.approx(score, abs=1e-5)


def test_stop_after_n_finished(table):
    """With 2 beams "" ends in step 1, "A" in step 2, "A B" in step 3, and "A B C" (.399) in step 4."""
    head = table(CHAIN, 5)
    for n in (1, 2, 3):
        text = best(head, beam=2, stop="n_finished", n=n, length="none")[0]
        assert (text.tokens, text.score) == ([], pytest.approx(math.log(0.30), abs=1e-5))
    text = best(head, beam=2, stop="n_finished", n=4, length="none")[0]
    assert (text.tokens, text.score) == ([A, B, C], pytest.approx(math.log(0.399), abs=1e-5))


def test_stop_at_the_cap(table):
    text = best(table(CHAIN, 5), beam=2, stop="cap", length="none")[0]
    assert (text.tokens, text.score) == ([A, B, C], pytest.approx(math.log(0.399), abs=1e-5))


def test_stop_as_hugging_face(table):
    """After step 2 the pool is full with "" and "A" (-1.204, -1.273), but "A B" at -0.868 still hopes to win."""
    text = best(table(CHAIN, 5), beam=2, stop="hf", length="none")[0]
    assert text.tokens == [A, B, C]
    text = best(table(CHAIN, 5), beam=2, stop="hf", length="none", early_stopping=True)[0]
    assert text.tokens == []  # full is full


def test_spectrum(table):
    """Beam 5, stop when 5 texts ended or at the cap, sum / len with EOS: "A B C" = -0.919 / 4 = -0.230."""
    texts = best(table(CHAIN, 5), beam=5, stop="n_finished", n=5, length="avg", n_best=3)
    assert [text.tokens for text in texts] == [[A, B, C], [A], []]
    assert [text.score for text in texts] == pytest.approx(
        [math.log(0.399) / 4, math.log(0.28) / 2, math.log(0.30)], abs=1e-5
    )
    assert texts[0].log_probs == pytest.approx([math.log(0.7), math.log(0.6), math.log(0.95)], abs=1e-5)
    assert texts[0].end == pytest.approx(0.0, abs=1e-6)


def test_minimum_and_maximum_length(table):
    head = table(CHAIN, 5)
    settings = GenerateSettings(mode="beam", beam=3, min_length=2, max_length=6)
    for text in generate(head, ONE, settings, bos=BOS, eos=EOS)[0]:
        assert len(text.tokens) >= 2
    cut = generate(head, ONE, GenerateSettings(max_length=2), bos=BOS, eos=EOS)[0][0]
    assert (cut.tokens, cut.end) == ([A, B], None)


def test_no_repeat_ngram(table):
    """A and B take turns; with 2-grams banned, "A B A" cannot be followed by B."""
    turns = {BOS: {A: 1.0}, A: {B: 0.9, C: 0.1}, B: {A: 0.9, C: 0.1}, C: {EOS: 1.0}}
    head = table(turns, 5)
    free = generate(head, ONE, GenerateSettings(max_length=6), bos=BOS, eos=EOS)[0][0]
    assert free.tokens == [A, B, A, B, A, B]
    for mode in ("greedy", "beam"):
        settings = GenerateSettings(mode=mode, beam=2, max_length=6, no_repeat_ngram=2, length="avg")
        assert generate(head, ONE, settings, bos=BOS, eos=EOS)[0][0].tokens == [A, B, A, C]


def test_no_way_out_is_said(table):
    """Every word is banned: an error, not an empty caption."""
    head = table({BOS: {A: 1.0}, A: {A: 1.0}}, 5)
    for mode in ("greedy", "beam"):
        settings = GenerateSettings(mode=mode, beam=2, max_length=5, no_repeat_ngram=1, min_length=4)
        with pytest.raises(UserError, match="no word may come next"):
            generate(head, ONE, settings, bos=BOS, eos=EOS)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"mode": "beem"}, "generate.mode must be one of"),
        ({"stop": "never"}, "generate.stop must be one of"),
        ({"beam": 0}, "generate.beam"),
        ({"top_p": 0.0}, "top_p"),
        ({"temperature": 0.0}, "temperature"),
        ({"min_length": 30}, "leaves no room for EOS"),
        ({"mode": "beam", "beam": 2, "n_best": 3}, "keeps 2"),
        ({"mode": "beam", "stop": "n_finished", "n": 1, "n_best": 3}, "before generate.n_best=3"),
        ({"early_stopping": "always"}, "early_stopping"),
        ({"seed": -1}, "seed"),
    ],
)
def test_wrong_settings(wrong, says):
    with pytest.raises(UserError, match=says):
        GenerateSettings(**wrong)


@pytest.mark.parametrize("mode", ["greedy", "beam", "sample"])
def test_banned_words_are_never_written(table, mode):
    """Of the chain's words A is banned: what is left at first is EOS, at its own probability."""
    settings = GenerateSettings(mode=mode, max_length=6, beam=2)
    [[text, *_]] = generate(table(CHAIN, 5), ONE, settings, bos=BOS, eos=EOS, banned=[A])
    assert (text.tokens, text.score) == ([], pytest.approx(math.log(0.30), abs=1e-5))
