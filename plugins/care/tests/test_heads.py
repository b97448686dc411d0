"""What the heads promise beyond the kit: rows, masks of training, lengths, one-frame clips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from vidcap_care.concept_targets import concept_targets, length_targets
from vidcap_care.vocabulary import CAREVocabulary

from vidcap_core.api import Batch, Clip, GenerateSettings, UserError, View
from vidcap_core.decoding.generate import generate


def test_concepts_come_first_in_the_vocabulary(vocabulary: CAREVocabulary) -> None:
    assert vocabulary.words[6] == "man"  # twice, and no function word
    assert "a" not in vocabulary.words[6:14]
    batch = Batch(clips=(Clip("x"),), texts=("a man is cooking",))
    target = concept_targets(batch, vocabulary, 8)
    assert target is not None
    assert target[0, 0] == 1
    assert target.sum() == sum(vocabulary.token_id(word) < 14 for word in ("man", "cooking"))


def test_lengths_are_shares_of_all_captions(vocabulary: CAREVocabulary) -> None:
    batch = Batch(
        clips=(Clip("x"),), texts=("a man",), targets={"captions": [("a man", "a dog", "a " * 40, "man")]}
    )
    target = length_targets(batch, vocabulary, 12)
    assert target is not None
    assert target[0].tolist() == [0, 0.25, 0.5, *[0] * 8, 0.25]


def test_a_bias_of_keys_has_so_many_rows(make_care: Callable[..., Any], view: Callable[..., View]) -> None:
    head = make_care(rows={"image": 4})
    settings = GenerateSettings(max_length=6)
    for rows in (1, 4):
        assert len(generate(head, view(rows), settings, bos=2, eos=3)) == 2
    with pytest.raises(UserError, match=r"'image' has 5 rows.*at most 4"):
        generate(head, view(5), settings, bos=2, eos=3)


@pytest.mark.parametrize("paradigm", ["mask_predict", "easy_first", "left_to_right"])
@pytest.mark.parametrize("templates", [True, False])
def test_a_clip_of_one_frame_gets_a_text(
    make_nacf: Callable[..., Any], view: Callable[..., View], paradigm: str, templates: bool
) -> None:
    head = make_nacf(paradigm=paradigm, templates=templates, teacher=True, teacher_masks=True)
    rows = generate(head, view(1), GenerateSettings(max_length=9), bos=2, eos=3)
    assert all(4 <= len(row[0].tokens) <= 8 for row in rows if row[0].tokens)


def test_words_that_are_banned_are_not_written(
    make_nacf: Callable[..., Any], view: Callable[..., View]
) -> None:
    head, settings = make_nacf(), GenerateSettings(max_length=9)
    written = {n for row in generate(head, view(3), settings, bos=2, eos=3) for n in row[0].tokens}
    assert written
    again = generate(head, view(3), settings, bos=2, eos=3, banned=sorted(written))
    assert not written & {n for row in again for n in row[0].tokens}


def test_training_masks_some_words_and_asks_for_them(
    make_nacf: Callable[..., Any], vocabulary: CAREVocabulary, batch: Batch
) -> None:
    head = make_nacf().train()
    prepared = head.inputs.of(batch, 12, True)
    given, wanted, counts = prepared.masked
    assert (given[counts] == vocabulary.token_id("<mask>")).all()
    assert torch.equal(given[~counts], wanted[~counts])
    assert (counts.sum(1) >= 1).all()
    assert (counts <= prepared.real).all()
    given, wanted, counts = prepared.visual
    assert (given[counts] == vocabulary.token_id("<vis>")).all()
    assert vocabulary.token_id("<mask>") in wanted
    assert set(head(batch.streams, batch, {"tokens", "visual", "length"})) == {"tokens", "visual", "length"}


def test_a_caption_that_is_too_long_is_refused(
    make_care: Callable[..., Any], make_nacf: Callable[..., Any], batch: Batch
) -> None:
    for head in (make_care(max_length=3), make_nacf(max_length=3)):
        with pytest.raises(UserError, match=r"a caption has \d+ words"):
            head(batch.streams, batch, {"tokens"})
