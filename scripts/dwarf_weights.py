"""Pretrained parts in their published layouts, with random weights, as small as what reads them allows."""

from __future__ import annotations

import json
from pathlib import Path

import open_clip
import torch
from dwarf_data import SENTENCES
from safetensors.torch import save_file
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2TokenizerFast,
    TimesformerConfig,
    TimesformerModel,
)

from vidcap_core.encoders.resnext3d_network import ResNeXt3DNetwork
from vidcap_core.encoders.vggish import VGGish

END = "<|endoftext|>"
SMALL = {"hidden_size": 768, "num_hidden_layers": 1, "num_attention_heads": 12, "intermediate_size": 64}


def clip(folder: Path, width: int) -> str:
    """A folder as open_clip's models come, with vectors of this width; what a config calls it."""
    towers = {
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    }
    model = {"embed_dim": width, "quick_gelu": True, **towers}
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model, "preprocess_cfg": {}}))
    torch.manual_seed(0)
    made = open_clip.CLIP(**model)
    weights = {name: value.contiguous() for name, value in made.state_dict().items() if name != "attn_mask"}
    save_file(weights, folder / "open_clip_model.safetensors")
    return f"local-dir:{folder}"


def gpt2(folder: Path, width: int) -> str:
    """One layer, with a byte-level vocabulary of its own."""
    words = ByteLevelBPETokenizer()
    words.train_from_iterator(SENTENCES, vocab_size=400, special_tokens=[END])
    folder.mkdir(parents=True)
    words.save_model(str(folder))
    tokenizer = GPT2TokenizerFast.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    end = tokenizer.eos_token_id
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=width,
        n_layer=1,
        n_head=4,
        n_inner=64,
        bos_token_id=end,
        eos_token_id=end,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return str(folder)


def bert(folder: Path) -> str:
    """One layer of BERT base's width, which knows the words of the dwarf's captions."""
    folder.mkdir(parents=True)
    words = sorted({word for sentence in SENTENCES for word in sentence.split()})
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]) + "\n"
    )
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(words) + 5, **SMALL)).save_pretrained(folder)
    return str(folder)


def timesformer(folder: Path) -> str:
    """One layer of the base model's width, 8 frames, patches of a quarter of a picture."""
    torch.manual_seed(0)
    TimesformerModel(
        TimesformerConfig(**SMALL, image_size=224, patch_size=112, num_frames=8)
    ).save_pretrained(folder)
    return str(folder)


def resnext3d(file: Path) -> None:
    """At its size, under the published names, with the classifier and what training left beside."""
    torch.manual_seed(0)
    weights = ResNeXt3DNetwork().state_dict()
    named = {f"module.{name}": value for name, value in weights.items() if "num_batches" not in name}
    named |= {"module.fc.weight": torch.zeros(400, 2048), "module.fc.bias": torch.zeros(400)}
    torch.save({"epoch": 1, "arch": "resnext-101", "state_dict": named}, file)


def vggish(file: Path) -> None:
    """At its size, under torchvggish's names."""
    torch.save(VGGish().state_dict(), file)


def timm(file: Path, model: str) -> str:
    """An image network of timm at its size."""
    from timm import create_model

    file.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    save_file({name: value.contiguous() for name, value in create_model(model).state_dict().items()}, file)
    return str(file)
