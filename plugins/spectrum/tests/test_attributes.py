"""Attributes: which words, their targets, and the losses on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from vidcap_spectrum.attributes import Attributes, training_words
from vidcap_spectrum.labels import Labels
from vidcap_spectrum.losses import EmotionTokenLoss
from vidcap_spectrum.panels import theme
from vidcap_spectrum.targets import ClipCaptions

from vidcap_core.api import ConfigError, Named, Output, Tokenizer, build_component
from vidcap_core.testing import TinyClips


def test_universal_words_are_frequent_and_neither_stopped_nor_emotional(tokenizer: Tokenizer) -> None:
    found = Attributes.of(training_words(tokenizer), 3, emotions="seen")
    assert found.universal == ("dog", "man", "ball")  # "a" is more frequent, and stopped
    assert set(found.emotional) == {"happily", "sadly", "happy", "angry", "joyfully", "angrily", "calmly"}


def test_all_of_the_lexicon_is_679_attributes(large_tokenizer: Tokenizer) -> None:
    found = Attributes.of(training_words(large_tokenizer), 500)
    assert (len(found.universal), len(found.emotional), len(found.words)) == (500, 179, 679)
    assert len({name for names in found.categories for name in names}) == 34


def test_an_ambiguous_word_has_all_its_categories(large_tokenizer: Tokenizer) -> None:
    found = Attributes.of(training_words(large_tokenizer), 0)
    assert found.categories[found.emotional.index("worried")] == ("annoyance", "worry")
    probability = torch.zeros(179)
    probability[found.emotional.index("worried")] = 0.9
    themes = theme(found, probability)
    assert themes["annoyance"][0] == pytest.approx(0.9)
    assert themes["worry"][0] == pytest.approx(0.9)
    assert themes["worry"][1][0] == "worried"
    assert themes["joy"][0] == 0.0


def test_targets_are_the_union_over_captions(tokenizer: Tokenizer, lab: Any) -> None:
    attributes = Attributes.of(training_words(tokenizer), 5, emotions="seen")
    batch = lab.batch(tokenizer, lab.captions[:2])
    batch.targets["captions"][:] = [("A man cooks.", "the DOG, happily"), ("nothing known",)]  # type: ignore[index]
    rows = Labels(attributes, tokenizer).targets(batch)
    assert {attributes.words[k] for k in rows[0].nonzero().flatten()} == {"man", "dog", "happily"}
    assert rows[1].sum() == 0


def test_the_transform_gives_all_captions_of_the_clip() -> None:
    data = TinyClips()
    sample = data.get(0, None)  # type: ignore[arg-type]
    changed = ClipCaptions()(sample, data, np.random.default_rng(0))
    assert changed == sample.with_targets(captions=tuple(data.references()["clip0"]))


def test_near_words_double_the_attributes() -> None:
    data = TinyClips(clips=12)
    sample = data.get(0, None)  # type: ignore[arg-type]
    text = {"type": "spectrum.HashedWords", "dim": 64}
    options = {"k_un": 50, "emotions": "none"}
    near = ClipCaptions(match="encoder", text=text, **options)  # type: ignore[arg-type]
    near(sample, data, np.random.default_rng(0))
    assert near._captions is not None
    words = Attributes.of(sorted({w for t in data.captions() for w in t.split()}), 50, emotions="none").words
    spoken = sum(
        len(set(words) & {w for text in data.references()[clip] for w in text.split()})
        for clip in near._captions
    )
    added = sum(len(texts[-1].split()) for texts in near._captions.values())
    assert added == spoken  # twice as many, none of them said before
    with pytest.raises(ConfigError, match="needs a text encoder"):
        ClipCaptions(match="encoder")


def test_a_lexicon_of_ones_own(tokenizer: Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "lexicon.json"
    path.write_text(json.dumps({"categories": {"joy": ["happily", "gleefully"], "food": ["food"]}}))
    with pytest.warns(UserWarning, match="1 of 3 words never occur in training captions: gleefully"):
        found = Attributes.of(training_words(tokenizer), 50, emotions="seen", lexicon=str(path))
    assert found.emotional == ("food", "happily")
    assert "food" not in found.universal
    path.write_text(json.dumps({"categories": {"joy": ["Gleefully"]}}))
    with pytest.raises(ConfigError, match="not one of its 1 words"):
        Attributes.of(training_words(tokenizer), 50, lexicon=str(path))
    path.write_text("[]")
    with pytest.raises(ConfigError, match="not of the form"):
        Attributes.of(training_words(tokenizer), 50, lexicon=str(path))


def test_emotion_words_count_more(tokenizer: Tokenizer, lab: Any) -> None:
    batch = lab.batch(tokenizer, lab.captions[:3])
    assert batch.tokens is not None
    assert batch.token_mask is not None
    logits = torch.zeros(3, batch.tokens.shape[1] - 1, len(tokenizer))
    output = Output(tokens=Named(logits, batch.tokens[:, 1:], batch.token_mask[:, 1:]))
    plain, clips = build_component("losses", {"type": "TokenLoss", "reduce": "clip"})(output, batch)
    weighted, same = EmotionTokenLoss(tokenizer=tokenizer, weight=2.0)(output, batch)
    assert same == clips == 3
    assert float(weighted - plain) == pytest.approx(
        3 * torch.tensor(float(len(tokenizer))).log().item(), rel=1e-4
    )
