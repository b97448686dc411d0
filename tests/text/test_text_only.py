"""A tokenizer for heads that write texts: it has no ids to give, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from vidcap_core.captioner.build import build_tokenizer, stored_tokenizer
from vidcap_core.captioning.plain_tokenizer import Plain
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.datasets.toy import Toy
from vidcap_core.engine.data import evaluation_batches
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.testing import tiny
from vidcap_core.tokenizers.text_only import TextOnly


def recipe(type: str) -> Any:
    return validate(Config("tiny", tiny.config(tokenizer={"type": type})))


def test_it_is_a_tokenizer_without_words() -> None:
    tokenizer = build_tokenizer(recipe("TextOnly"), None)
    assert isinstance(tokenizer, TextOnly)
    assert isinstance(stored_tokenizer(recipe("TextOnly"), tokenizer.state()), TextOnly)
    assert (len(tokenizer), tokenizer.special_ids, tokenizer.unknown_id) == (1, frozenset(), None)
    assert tokenizer.pad_id == tokenizer.bos_id == tokenizer.eos_id == 0
    assert tokenizer.decode([]) == Plain(tokenizer).decode([0]) == ""


@pytest.mark.parametrize("question", ["encode", "encode_raw", "token_id"])
def test_it_says_why_it_gives_no_ids_and_what_does(question: str) -> None:
    with pytest.raises(UserError, match=r"TextOnly makes no ids .* 'a man'") as caught:
        getattr(Plain(TextOnly()), question)("a man")
    assert caught.value.hint is not None
    assert "Vocabulary" in caught.value.hint


def test_clips_are_scored_without_their_captions() -> None:
    """Evaluation asks no tokenizer for the ids of references, so a head that writes texts can be scored."""
    toy = Toy("val", size="small", unit="clip", streams=["image"])
    assert toy[0].text
    batches = list(evaluation_batches(toy, TextOnly(), 5))
    assert [clip.id for batch in batches for clip in batch.clips] == [clip.id for clip in toy.clips]
    assert all(batch.texts is None and batch.tokens is None for batch in batches)


class Older:
    """As tokenizers were before they had to say which ids are special."""

    pad_id, bos_id, eos_id = 0, 1, 2

    def __len__(self) -> int:
        return 4

    def encode(self, text: str) -> list[int]:
        return []

    encode_raw = encode

    def decode(self, ids: Any) -> str:
        return ""

    def token_id(self, token: str) -> int:
        return 3

    def state(self) -> dict[str, Any]:
        return {}


def test_what_lacks_a_part_of_the_contract_is_refused_by_name() -> None:
    assert not isinstance(Older(), Tokenizer)
    with pytest.raises(ConfigError, match=r"Older is no tokenizer: it lacks special_ids, unknown_id\n"):
        build_tokenizer(recipe(f"{__name__}:Older"), None)
