"""Tokenizers of pieces of words: learnt ones and those of Hugging Face."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vidcap_core.contracts.types import Clip, Sample
from vidcap_core.datasets.toy.grammar import captions
from vidcap_core.datasets.toy.world import scenes
from vidcap_core.engine.data import Collate
from vidcap_core.errors import ConfigError, DataError
from vidcap_core.tokenizers.hf import HFTokenizer
from vidcap_core.tokenizers.subword import SubwordTokenizer

CAPTIONS = [text for scene in scenes("clips", "small", 0) for text in captions(scene)]


def learnt(size: int = 400) -> SubwordTokenizer:
    tokenizer = SubwordTokenizer(size=size, specials=["<mask>"])
    tokenizer.fit(CAPTIONS)
    return tokenizer


def test_learnt_pieces_say_every_caption_again() -> None:
    tokenizer = learnt()
    assert (tokenizer.pad_id, tokenizer.bos_id, tokenizer.eos_id, tokenizer.unknown_id) == (0, 1, 2, 3)
    assert len(tokenizer) <= 400
    assert all(tokenizer.decode([1, *tokenizer.encode(text), 2, 0]) == text for text in CAPTIONS)
    assert tokenizer.decode(tokenizer.encode("a zxqv é")) == "a zxqv é"  # no word is unknown


def test_more_pieces_make_shorter_texts() -> None:
    short, long = (sum(len(learnt(size).encode(t)) for t in CAPTIONS) for size in (500, 270))
    assert short < long


def test_learning_is_deterministic_and_its_state_survives_json() -> None:
    one, other = learnt(), learnt()
    assert one.state() == other.state()
    copy = SubwordTokenizer.from_state(json.loads(json.dumps(one.state())))
    assert isinstance(copy, SubwordTokenizer)
    assert all(copy.encode(text) == one.encode(text) for text in CAPTIONS[:50])
    assert copy.token_id("<mask>") == one.token_id("<mask>")
    with pytest.raises(DataError, match="not one word"):
        SubwordTokenizer().fit([])


def test_gpt2_pads_with_its_end(shared_data: Path) -> None:
    from transformers import GPT2TokenizerFast

    folder = shared_data / "tokenizers" / "gpt2"
    ours, theirs = HFTokenizer(str(folder), specials=["<mask>"]), GPT2TokenizerFast.from_pretrained(folder)
    texts = ["A man is playing 12 guitars, isn't he?", "  two  spaces", "naïve café"]
    for text in texts:
        assert ours.encode(text) == theirs.encode(" ".join(text.split()))
        assert ours.decode(ours.encode(text)) == " ".join(text.split())
    assert ours.pad_id == ours.eos_id == ours.bos_id == theirs.eos_token_id
    assert ours.token_id("<mask>") == len(theirs) == len(ours) - 1
    batch = Collate(ours)([Sample(Clip(str(n)), text=text) for n, text in enumerate(texts)])
    assert batch.token_mask is not None
    lengths = [len(ours.encode(text)) + 2 for text in texts]
    assert np.array_equal(
        batch.token_mask.sum(1).numpy(), lengths
    )  # the end counts although it is the padding


def test_captions_may_begin_with_another_token(shared_data: Path) -> None:
    folder = str(shared_data / "tokenizers" / "gpt2")
    ours = HFTokenizer(folder, begin="\n")
    assert [ours.bos_id] == ours.encode_raw("\n")
    assert ours.bos_id != ours.eos_id
    assert ours.decode([ours.bos_id, *ours.encode("a man"), ours.eos_id]) == "a man"
    assert HFTokenizer.from_state(json.loads(json.dumps(ours.state()))).bos_id == ours.bos_id
    with pytest.raises(ConfigError, match=r"'a line break' is \d tokens: captions start from one"):
        HFTokenizer(folder, begin="a line break")


def test_a_tokenizer_by_name_is_stored_whole(shared_data: Path) -> None:
    ours = HFTokenizer(str(shared_data / "tokenizers" / "bert_base_uncased_vocab.txt"), normalize="lower")
    copy = HFTokenizer.from_state(json.loads(json.dumps(ours.state())))
    assert (ours.bos_id, ours.eos_id, ours.pad_id, ours.unknown_id) == (101, 102, 0, 100)
    assert copy.encode("A man is riding") == ours.encode("a MAN is riding") == [1037, 2158, 2003, 5559]
    assert copy.decode([101, 1037, 2158, 102, 0]) == "a man"


def test_a_tokenizer_that_is_not_there_says_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"tokenizer\.json"):
        HFTokenizer(str(tmp_path / "none"))


@pytest.mark.parametrize("prefix", ["x", "longer than any piece"])
def test_a_state_on_which_the_library_gives_up(prefix: str) -> None:
    """One of them is a panic of the library, which is no Exception: who catches those would not catch it."""
    state = learnt().state()
    state["tokenizer"]["model"]["continuing_subword_prefix"] = prefix
    with pytest.raises(ValueError, match="the tokenizers library refuses it"):
        SubwordTokenizer.from_state(state)
