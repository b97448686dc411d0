"""Sampling follows the distribution, its truncations and its seed."""

from __future__ import annotations

import pytest
import torch

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.types import View
from vidcap_core.decoding.generate import generate

BOS, EOS = 0, 1
FIRST = {2: 0.5, 3: 0.3, 4: 0.15, 5: 0.05}


def first_words(head, draws=4000, at_once=1000, **settings):
    count = torch.zeros(6, dtype=torch.double)
    for seed in range(draws // at_once):
        plain = GenerateSettings(mode="sample", n_best=at_once, max_length=2, seed=seed, **settings)
        row = generate(head, View({}, (0,), (None,)), plain, bos=BOS, eos=EOS)[0]
        count += torch.bincount(torch.tensor([text.tokens[0] for text in row]), minlength=6)
    return {word: (count[word] / draws).item() for word in FIRST}


@pytest.fixture
def chain(table):
    return table({BOS: FIRST, **{word: {EOS: 1.0} for word in FIRST}}, 6)


@pytest.mark.parametrize(
    ("settings", "want"),
    [
        ({}, FIRST),
        ({"top_k": 2}, {2: 0.625, 3: 0.375, 4: 0, 5: 0}),
        ({"top_p": 0.7}, {2: 0.625, 3: 0.375, 4: 0, 5: 0}),  # the fewest words that hold .7: .5 + .3
        ({"top_p": 0.5}, {2: 1, 3: 0, 4: 0, 5: 0}),
        ({"top_k": 1}, {2: 1, 3: 0, 4: 0, 5: 0}),
        # p^2 / sum: .25, .09, .0225, .0025 over .365
        ({"temperature": 0.5}, {2: 0.6849, 3: 0.2466, 4: 0.0616, 5: 0.0068}),
    ],
)
def test_frequencies(chain, settings, want):
    got = first_words(chain, **settings)
    assert got == pytest.approx(want, abs=0.03)  # 4000 draws: three standard deviations are .024 at most
    assert all(got[word] == 0 for word, share in want.items() if share == 0)


def test_seed_and_keys(toy, ragged):
    head, view = toy(9, 5, sharp=1.0), ragged()

    def texts(**changes):
        keys = changes.pop("keys", ())
        settings = GenerateSettings(mode="sample", max_length=10, **changes)
        return [
            [t.tokens for t in row] for row in generate(head, view, settings, bos=BOS, eos=EOS, keys=keys)
        ]

    assert texts(seed=1) == texts(seed=1)
    assert texts(seed=1) != texts(seed=2)
    assert texts(keys=list("abcde")) != texts(keys=list("vwxyz"))
    one = [row[0] for row in texts(keys=list("abcde"))]
    more = GenerateSettings(mode="sample", max_length=10, n_best=4)
    rows = generate(head, view, more, bos=BOS, eos=EOS, keys=list("abcde"))
    assert all(text in [t.tokens for t in row] for text, row in zip(one, rows, strict=True))


def test_a_generator_moves_on(toy, ragged):
    head, view, settings = toy(9, 5, sharp=1.0), ragged(), GenerateSettings(mode="sample", max_length=10)
    generator = torch.Generator().manual_seed(3)
    first = generate(head, view, settings, bos=BOS, eos=EOS, generator=generator)
    assert generate(head, view, settings, bos=BOS, eos=EOS, generator=generator) != first
    again = torch.Generator().manual_seed(3)
    assert generate(head, view, settings, bos=BOS, eos=EOS, generator=again) == first
