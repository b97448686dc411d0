"""A tokenizer against a language model, also where that is a part of a model that sees."""

from __future__ import annotations

import pytest
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from vidcap_core.errors import ConfigError
from vidcap_core.heads.language_model import check_tokenizer


class Ending:
    """A tokenizer of 40 words that ends a text with one of them."""

    def __init__(self, eos_id: int, size: int = 40) -> None:
        self.eos_id, self.size = eos_id, size

    def __len__(self) -> int:
        return self.size


def llava() -> LlavaForConditionalGeneration:
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sees = CLIPVisionConfig(**sizes, image_size=8, patch_size=4)
    writes = LlamaConfig(**sizes, num_key_value_heads=2, vocab_size=40, eos_token_id=2)
    return LlavaForConditionalGeneration(
        LlavaConfig(vision_config=sees, text_config=writes, image_token_id=3)
    )


def test_the_words_of_a_vision_language_model_are_those_of_its_language_model() -> None:
    model = llava()
    check_tokenizer(model, Ending(2))  # type: ignore[arg-type]
    check_tokenizer(model.model.language_model, Ending(2))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="with token 1, the language model with 2") as caught:
        check_tokenizer(model, Ending(1))  # type: ignore[arg-type]
    assert "head.lm" not in str(caught.value)
    with pytest.raises(ConfigError, match="has 20 tokens, the language model rows for 40"):
        check_tokenizer(model, Ending(2, 20))  # type: ignore[arg-type]
