"""A tiny SmolVLM with random weights, made once, for the toy config: it shows that things work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidcap_core.api import cache_home, make_once, seeded

NAME = "tiny"
"""What a config writes in place of a model's name."""
VERSION = 1
SPECIALS = {
    "pad_token": "<|endoftext|>",
    "bos_token": "<|im_start|>",
    "eos_token": "<end_of_utterance>",
}
MARKS = ("<image>", "<video>", "<fake_token_around_image>", "<global-img>")
TEXTS = (
    "User: Assistant: Frame from 00:00: You are provided the following series of four frames from a 0:00:02 "
    "[H:MM:SS] video.",
    "Describe what happens in this video in one short sentence, in English, present tense.",
    "a red ball is moving to the left, a green square is moving up and down, a blue triangle is growing",
)


def folder() -> str:
    """The model's folder, in vidcap's cache."""
    return str(make_once(cache_home() / "models" / f"tiny-vlm-{VERSION}", write))


def write(path: Path) -> None:
    """Model, tokenizer and processors into a folder, as a hub lays them out."""
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    words = tokenizer(TEXTS, [*SPECIALS.values(), *MARKS], SPECIALS)
    roles = {f"{role}_token_id": getattr(words, f"{role}_token_id") for role in ("pad", "bos", "eos")}
    config = SmolVLMConfig(
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": len(words),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 1024,
            **roles,
        },
    )
    small = {"size": {"longest_edge": 32}, "max_image_size": {"longest_edge": 32}}
    sampling = {"max_frames": 8, "fps": 1, "video_size": {"longest_edge": 32}}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(**small, do_image_splitting=False),
        words,
        SmolVLMVideoProcessor(**small, video_sampling=sampling),
        image_seq_len=4,
    )
    processor.chat_template = (  # as SmolVLM2 has it, in fewer words
        "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}: "
        "{% for line in message['content'] %}"
        "{% if line['type'] == 'text' %}{{ line['text'] }}{% elif line['type'] == 'image' %}<image>{% else %}<video>"
        "{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
    )
    with seeded(0):
        model = SmolVLMForConditionalGeneration(config)
    model.save_pretrained(path)
    processor.save_pretrained(path)


def tokenizer(texts: tuple[str, ...], specials: list[str], roles: Mapping[str, str], size: int = 400) -> Any:
    """A small tokenizer of bytes and pieces of these texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, **roles)
