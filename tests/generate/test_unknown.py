"""The unknown word is not written unless someone wants it, whatever the tokenizer and the search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioning.plain_tokenizer import Plain
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Clip, Stream
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.tokenizers.hf import HFTokenizer
from vidcap_core.tokenizers.subword import SubwordTokenizer
from vidcap_core.tokenizers.vocabulary import Vocabulary

CAPTIONS = ["a man is sitting on the floor", "a dog runs over the grass"]
WAYS = [
    {"mode": "greedy"},
    {"mode": "beam", "beam": 3, "length": "avg"},
    {"mode": "sample", "temperature": 0.01},
]


def learnt(kind: Any, **options: Any) -> Any:
    tokenizer = kind(**options)
    tokenizer.fit(CAPTIONS)
    return tokenizer


@pytest.fixture
def tokenizers(shared_data: Path) -> dict[str, Any]:
    folder = shared_data / "tokenizers"
    return {
        "vocabulary": learnt(Vocabulary),
        "subword": learnt(SubwordTokenizer, size=300, min_count=1),
        "bert": HFTokenizer(str(folder / "bert_base_uncased_vocab.txt")),
        "gpt2": HFTokenizer(str(folder / "gpt2")),
    }


def speaker(tokenizer: Any, *favourites: int, **settings: Any) -> Captioner:
    """A captioner whose likeliest words are these, the likeliest first, whatever it sees and said."""
    torch.manual_seed(0)
    head = MeanPoolGRU(streams={"image": 4}, tokenizer=tokenizer, width=8)
    with torch.no_grad():
        head.classify.weight.zero_()
        head.classify.bias.zero_()
        for rank, word in enumerate(favourites):
            head.classify.bias[word] = 60.0 - 20.0 * rank
    return Captioner(head, Plain(tokenizer), generate=GenerateSettings(max_length=4, **settings)).eval()


def texts(captioner: Captioner) -> list[str]:
    stream = Stream(torch.ones(2, 3, 4), torch.ones(2, 3, dtype=torch.bool))
    return [p.text for p in captioner.predict(Batch((Clip("a"), Clip("b")), {"image": stream}))]


def test_tokenizers_say_which_id_stands_for_unknown_words(tokenizers: dict[str, Any]) -> None:
    """GPT-2 writes its end where a role needs an unknown word: banning that would ban the end."""
    assert {name: one.unknown_id for name, one in tokenizers.items()} == {
        "vocabulary": 3,
        "subword": 3,
        "bert": 100,
        "gpt2": None,
    }
    for one in tokenizers.values():
        assert isinstance(one, Tokenizer)
        assert isinstance(Plain(one), Tokenizer)
        copy = type(one).from_state(one.state())
        assert (copy.unknown_id, copy.special_ids) == (one.unknown_id, one.special_ids)
        assert one.eos_id in one.special_ids
        assert not one.special_ids & set(one.encode(CAPTIONS[0]))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way["mode"])
@pytest.mark.parametrize("name", ["vocabulary", "subword", "bert"])
def test_it_is_written_only_when_it_is_let_through(
    name: str, way: dict[str, Any], tokenizers: dict[str, Any]
) -> None:
    tokenizer = tokenizers[name]
    word = tokenizer.encode("man")[-1]
    unknown = tokenizer.decode([tokenizer.unknown_id])
    assert unknown in ("<unk>", "[UNK]")
    let_through = texts(speaker(tokenizer, tokenizer.unknown_id, word, unknown=True, **way))
    assert [text.replace(" ", "") for text in let_through] == [unknown * 4] * 2  # a hole that is seen
    banned = texts(speaker(tokenizer, tokenizer.unknown_id, word, **way))
    assert banned == [tokenizer.decode([word] * 4)] * 2


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way["mode"])
def test_gpt2_may_still_end_its_texts(way: dict[str, Any], tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["gpt2"]
    captioner = speaker(tokenizer, tokenizer.eos_id, **way)
    assert captioner.banned(captioner.settings) == []
    assert texts(captioner) == ["", ""]


def test_kinds_of_text_that_are_decoded_apart_do_not_write_it_either() -> None:
    tokenizer = learnt(Vocabulary)
    captioner = speaker(tokenizer, tokenizer.unknown_id)
    captioner.kinds["count"] = GenerateSettings(max_length=4, banned=("man",))
    assert captioner.banned(captioner.kinds["count"]) == [tokenizer.token_id("man"), tokenizer.unknown_id]
