"""A tiny captioning model of Hugging Face, untrained, in a folder as its hub would give it."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import CLIPImageProcessor, GitConfig, GitForCausalLM, PreTrainedTokenizerFast

from vidcap_core.datasets.toy.grammar import captions
from vidcap_core.datasets.toy.world import scenes
from vidcap_core.pretrained.load import seeded

SIDE, FRAMES, WIDTH = 32, 4, 64
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def write_model(folder: Path) -> None:
    """A GIT with the toy videos' words: `from_pretrained` reads it as any other. Its weights are random."""
    words = {
        word for scene in scenes("clips", "full", 0) for text in captions(scene) for word in text.split()
    }
    inner = Tokenizer(
        models.WordLevel({w: i for i, w in enumerate([*SPECIALS, *sorted(words)])}, unk_token="[UNK]")
    )
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIALS, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=inner, **names).save_pretrained(folder)
    sizes = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_attention_heads": 4}
    config = GitConfig(
        **sizes,
        vision_config={**sizes, "num_hidden_layers": 1, "image_size": SIDE, "patch_size": 8},
        vocab_size=len(SPECIALS) + len(words),
        num_hidden_layers=2,
        max_position_embeddings=64,
        num_image_with_embedding=FRAMES,
        initializer_range=0.2,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )
    with seeded(0):
        model = GitForCausalLM(config)
    config.save_pretrained(folder)
    weights = folder / "model.safetensors"
    save_file(model.state_dict(), weights, {"format": "pt"})
    weights.chmod(0o644)  # it is written for its owner alone
    CLIPImageProcessor(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    ).save_pretrained(folder)
