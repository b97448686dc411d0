"""A clip gets the same text in any company."""

from __future__ import annotations

import pytest
import torch

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.types import View
from vidcap_core.decoding import beam as beam_module
from vidcap_core.decoding.generate import generate
from vidcap_core.decoding.step_source import Source
from vidcap_core.errors import UserError

BOS, EOS, CLIPS = 0, 1, 12
SETTINGS = [
    {"mode": "greedy"},
    {"mode": "beam", "beam": 3, "n_best": 3},
    {"mode": "beam", "beam": 4, "stop": "n_finished", "length": "avg", "n_best": 2},
    {
        "mode": "beam",
        "beam": 3,
        "stop": "n_finished",
        "n": 5,
        "length": "gnmt",
        "alpha": 1.6,
        "min_length": 2,
    },
    {"mode": "beam", "beam": 3, "stop": "cap", "length": "hf", "alpha": 0.7, "no_repeat_ngram": 2},
    {"mode": "sample", "n_best": 3, "seed": 4},
    {"mode": "sample", "top_k": 4, "temperature": 0.8},
    {"mode": "sample", "top_p": 0.7, "top_k": 6, "min_length": 2},
]


@pytest.mark.parametrize("plain", SETTINGS)
def test_alone_and_in_a_batch(toy, ragged, plain):
    head, settings = toy(9, 5, sharp=1.5, ends=1.0), GenerateSettings(**plain, max_length=12)
    names = [f"clip{i}" for i in range(CLIPS)]
    view = ragged(clips=CLIPS)
    together = generate(head, view, settings, bos=BOS, eos=EOS, keys=names)
    lengths = {len(row[0].tokens) for row in together}
    assert len(lengths) > 1, "all texts end together: nothing is tested"
    for row, name in enumerate(names):
        alone = generate(head, ragged([row], clips=CLIPS), settings, bos=BOS, eos=EOS, keys=[name])[0]
        assert [text.tokens for text in alone] == [text.tokens for text in together[row]]
        assert [t.score for t in alone] == pytest.approx([t.score for t in together[row]], abs=1e-4)


@pytest.mark.parametrize("plain", SETTINGS)
def test_scores_are_sums_of_word_log_probabilities(toy, ragged, plain):
    settings = GenerateSettings(**plain, max_length=6)
    for row in generate(toy(9, 5), ragged(), settings, bos=BOS, eos=EOS):
        assert len(row) == settings.n_best
        cut_last = settings.stop == "n_finished"
        order = [(t.end is not None or not cut_last, t.score) for t in row]
        assert order == sorted(order, reverse=True)
        for text in row:
            assert len(text.log_probs) == len(text.tokens)
            assert EOS not in text.tokens
            ended = text.end is not None
            assert ended or len(text.tokens) == 6
            total = sum(text.log_probs) + (text.end if ended else 0.0)
            assert text.score == pytest.approx(total / settings.norm(len(text.tokens) + ended), abs=1e-4)


@pytest.mark.parametrize("length", ["none", "avg", "gnmt"])
def test_one_beam_is_greedy(toy, ragged, length):
    head, view = toy(9, 5, sharp=1.0), ragged(clips=CLIPS)
    greedy = generate(head, view, GenerateSettings(length=length), bos=BOS, eos=EOS)
    one = GenerateSettings(mode="beam", beam=1, length=length, stop="n_finished")
    assert generate(head, view, one, bos=BOS, eos=EOS) == greedy
    with torch.no_grad():  # the search itself, which `generate` does not use for one beam
        searched = beam_module.beam_search(Source.of(head, view, BOS, EOS), one)
    assert [row[0].tokens for row in searched] == [row[0].tokens for row in greedy]


def test_finished_clips_cost_nothing(toy, ragged):
    """The rows that `step` gets become fewer as clips finish."""
    head, rows = toy(9, 5, sharp=1.5, ends=1.0), []
    step = head.step
    head.step = lambda tokens, memory, state: (rows.append(len(tokens)), step(tokens, memory, state))[1]
    settings = GenerateSettings(mode="beam", beam=3, stop="n_finished", max_length=30)
    generate(head, ragged(clips=CLIPS), settings, bos=BOS, eos=EOS)
    assert rows[0] == CLIPS, "the first step is the same for all beams"
    assert rows[1] == 3 * CLIPS
    assert rows[-1] < 3 * CLIPS
    assert rows[1:] == sorted(rows[1:], reverse=True)


def test_memory_is_not_copied_per_beam(toy, ragged):
    head, seen = toy(9, 5), []
    step = head.step
    head.step = lambda tokens, memory, state: (seen.append(memory["video"]), step(tokens, memory, state))[1]
    settings = GenerateSettings(mode="beam", beam=4, max_length=8, min_length=7)
    generate(head, ragged(), settings, bos=BOS, eos=EOS)
    assert len(seen) == 8
    assert len({tensor.data_ptr() for tensor in seen}) == 1
    assert all(len(tensor) == 5 for tensor in seen)


def test_a_prompt_is_gone_on_from(toy, ragged):
    """Greedy words given back as a prompt are gone on with in the same way."""
    head, view = toy(9, 5), ragged()
    settings = GenerateSettings(max_length=6, min_length=5)
    whole = [row[0].tokens for row in generate(head, view, settings, bos=BOS, eos=EOS)]
    prompt = torch.tensor([[BOS, *words[:3]] for words in whole])
    rest = GenerateSettings(max_length=3, min_length=2)
    view = View(view.streams, view.clips, view.spans, prompt)
    assert [row[0].tokens for row in generate(head, view, rest, bos=BOS, eos=EOS)] == [w[3:] for w in whole]


def test_a_state_without_rows_is_refused(toy, ragged):
    head = toy(9, 5)
    step = head.step
    head.step = lambda tokens, memory, state: (step(tokens, memory, state)[0], {"h": torch.zeros(3, 2)})
    with pytest.raises(ValueError, match=r"state\['h'\] has shape \(3, 2\)"):
        generate(head, ragged(), GenerateSettings(mode="beam", beam=2), bos=BOS, eos=EOS)


@pytest.mark.parametrize("mode", ["greedy", "beam", "sample"])
def test_nan_is_said(toy, ragged, mode):
    head = toy(9, 5)
    head.classify.weight.data[4] = torch.nan
    with pytest.raises(UserError, match="NaN"):
        generate(head, ragged(), GenerateSettings(mode=mode), bos=BOS, eos=EOS)
