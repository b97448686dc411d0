"""A beam that holds everything finds what counting out every text finds."""

from __future__ import annotations

import pytest
import torch

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.decoding.generate import generate

BOS, EOS, WORDS, LIMIT = 0, 1, 4, 4


def every_text(head, view):
    """(words, sum of log-probabilities, ended) of every text of one clip, by recursion."""
    memory, state = head.start(view)
    found = []

    def go_on(words, total, token, state):
        logits, after = head.step(torch.tensor([token]), memory, state)
        for word, value in enumerate(logits[0].log_softmax(-1).tolist()):
            if word == EOS:
                found.append((words, total + value, True))
            elif len(words) + 1 == LIMIT:
                found.append(([*words, word], total + value, False))
            else:
                go_on([*words, word], total + value, word, after)

    with torch.no_grad():
        go_on([], 0.0, BOS, state)
    return found


RULES = [("none", 1.0), ("avg", 1.0), ("hf", 0.6), ("hf", 2.0), ("hf", -1.0), ("gnmt", 1.6)]


@pytest.mark.parametrize(("length", "alpha"), RULES)
@pytest.mark.parametrize("stop", ["hf", "n_finished", "cap"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_wide_beam_is_exhaustive(toy, ragged, length, alpha, stop, seed):
    head, view = toy(WORDS, seed), ragged()
    settings = GenerateSettings(
        mode="beam", beam=WORDS**LIMIT, length=length, alpha=alpha, stop=stop, max_length=LIMIT, n_best=5
    )
    got = generate(head, view, settings, bos=BOS, eos=EOS)
    for row in range(5):
        texts = every_text(head, ragged([row]))
        if stop == "n_finished":  # a text that was cut counts only where too few ended
            texts = [text for text in texts if text[2]]

        def worth(text):
            size = len(text[0]) + text[2]
            norm = {"none": 1, "avg": size, "hf": size**alpha, "gnmt": ((5 + size) / 6) ** alpha}[length]
            return text[1] / norm

        best = sorted(texts, key=worth, reverse=True)[:5]
        assert [hyp.score for hyp in got[row]] == pytest.approx([worth(text) for text in best], abs=1e-4)
        assert got[row][0].tokens == best[0][0]


@pytest.mark.parametrize("stop", ["n_finished", "cap"])
@pytest.mark.parametrize(("length", "alpha"), RULES)
@pytest.mark.parametrize("beam", [2, 3])
def test_narrow_beam_is_a_plain_loop(toy, ragged, stop, length, alpha, beam):
    """The same search, clip by clip in Python lists."""
    limit, vocabulary = 7, 6
    head, view = toy(vocabulary, 3, sharp=1.0), ragged()
    settings = GenerateSettings(
        mode="beam", beam=beam, length=length, alpha=alpha, stop=stop, max_length=limit
    )
    got = generate(head, view, settings, bos=BOS, eos=EOS)
    for row in range(5):
        want, score = plain_beam(head, ragged([row]), settings, vocabulary)
        assert got[row][0].tokens == want
        assert got[row][0].score == pytest.approx(score, abs=1e-4)


@torch.no_grad()
def plain_beam(head, view, settings, vocabulary):
    memory, state = head.start(view)
    live, ended = [(0.0, [], BOS, state)], []
    for position in range(settings.max_length):
        candidates = []
        for total, words, token, state in live:
            logits, after = head.step(torch.tensor([token]), memory, state)
            values = logits[0].log_softmax(-1).tolist()
            candidates += [(total + values[w], words, w, after) for w in range(vocabulary)]
        candidates.sort(key=lambda c: -c[0])
        live = []
        for total, words, word, after in candidates[: settings.beam]:
            if word == EOS:
                ended.append((total / settings.norm(position + 1), words))
            else:
                live.append((total, [*words, word], word, after))
        if not live or (settings.stop == "n_finished" and len(ended) >= settings.beam):
            break
    cut = [(total / settings.norm(settings.max_length), words) for total, words, _, _ in live]
    pool = ended or cut if settings.stop == "n_finished" else ended + cut
    score, words = max(pool, key=lambda item: item[0])
    return words, score
