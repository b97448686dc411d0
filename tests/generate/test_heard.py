"""Who listens hears each text grow, and nothing of what may still change."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.hypotheses import Hyp
from vidcap_core.decoding.generate import generate
from vidcap_core.engine.evaluate import _of_texts

BOS, EOS, CLIPS = 0, 1, 12


def written(toy: Any, ragged: Any, **plain: Any) -> tuple[Any, dict[int, list[list[int]]]]:
    heard: dict[int, list[list[int]]] = defaultdict(list)

    def hear(row: int, text: Hyp) -> None:
        heard[row].append(text.tokens)

    head, settings = toy(9, 5, sharp=1.5, ends=1.0), GenerateSettings(**plain, max_length=12)
    names = [f"clip{i}" for i in range(CLIPS)]
    rows = generate(head, ragged(clips=CLIPS), settings, bos=BOS, eos=EOS, keys=names, heard=hear)
    return rows, heard


@pytest.mark.parametrize("plain", [{"mode": "greedy"}, {"mode": "sample", "seed": 3}])
def test_each_text_grows_by_a_word(toy: Any, ragged: Any, plain: Any) -> None:
    """Rows end at different times and are taken out of the batch: each still has its own number."""
    rows, heard = written(toy, ragged, **plain)
    assert len({len(row[0].tokens) for row in rows}) > 1
    for index, (text, *_) in enumerate(rows):
        assert heard[index] == [text.tokens[: size + 1] for size in range(len(text.tokens))]


@pytest.mark.parametrize(
    "plain",
    [{"mode": "beam", "beam": 3}, {"mode": "sample", "n_best": 3, "seed": 3}, {"mode": "beam", "beam": 1}],
)
def test_what_may_change_is_not_told(toy: Any, ragged: Any, plain: Any) -> None:
    rows, heard = written(toy, ragged, **plain)
    assert bool(heard) == (plain.get("beam") == 1)
    again, _ = written(toy, ragged, **plain)
    assert [[text.tokens for text in row] for row in rows] == [[text.tokens for text in row] for row in again]


def test_signatures_say_what_a_head_makes_of_its_texts() -> None:
    assert _of_texts({"CIDEr-D": "cider-d|v:1"}, "first-sentence") == {
        "CIDEr-D": "cider-d|v:1|texts:first-sentence"
    }
    assert _of_texts({"CIDEr-D": "cider-d|v:1"}, "") == {"CIDEr-D": "cider-d|v:1"}
