"""A tiny random CLIP and a tiny random BERT in a folder, and three short films."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import open_clip
import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, BertTokenizerFast

from vidcap_core.api import Clip
from vidcap_core.testing import write_video

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY += ["a", "the", "man", "woman", "dog", "runs", "sits", "plays", "ball"]
VOCABULARY += ["with", "red", "in", "park", "and", "someone", "is"]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Specs of the encoders, the CLIP behind them, and the films."""
    root = tmp_path_factory.mktemp("tiny")
    config = {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    }
    (root / "clip").mkdir()
    (root / "clip" / "tiny-pair.json").write_text(json.dumps(config))
    open_clip.add_model_config(root / "clip")
    torch.manual_seed(3)
    clip = open_clip.create_model("tiny-pair", pretrained=None).eval()
    with torch.no_grad():
        clip.token_embedding.weight.mul_(20)  # so that texts differ
        clip.text_projection.mul_(-1)  # and are nearer to frames than their opposites
    weights = root / "clip.safetensors"
    tensors = {name: value.contiguous() for name, value in clip.state_dict().items()}
    save_file(tensors, weights)
    (root / "whole").mkdir()
    save_file(tensors, root / "whole" / "open_clip_model.safetensors")
    whole = {"model_cfg": config, "preprocess_cfg": open_clip.get_model_preprocess_cfg(clip)}
    (root / "whole" / "open_clip_config.json").write_text(json.dumps(whole))
    torch.manual_seed(4)
    size = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(VOCABULARY), **size)).save_pretrained(root / "bert")
    BertTokenizerFast(vocab={w: i for i, w in enumerate(VOCABULARY)}).save_pretrained(root / "bert")
    side = {"model": "tiny-pair", "pretrained": str(weights), "quick_gelu": False}
    for index, name in enumerate("abc"):
        write_video(
            root / "films" / f"{name}.mp4", seconds=1, colour=(90 * index, 200 - 60 * index, 40), sound=False
        )
    return SimpleNamespace(
        clip=clip,
        words={"type": "OpenClipText", **side},
        pictures={"type": "OpenClipImage", "frames": 3, **side},
        bert={"type": "HFText", "model": str(root / "bert")},
        films={name: Clip(name, str(root / "films" / f"{name}.mp4")) for name in "abc"},
        folder=root / "films",
        root=root,
    )


@pytest.fixture(scope="session")
def captions() -> SimpleNamespace:
    """Predictions and references of the three films."""
    return SimpleNamespace(
        references={
            "a": ["A man runs in the park.", "someone is in the park"],
            "b": ["the dog plays with a ball"],
            "c": ["a woman sits", "The woman is in a park and sits", "someone sits"],
        },
        predictions={"a": "a man runs", "b": "The dog sits with a red ball", "c": "a man and a dog"},
    )


@pytest.fixture
def vidcap() -> Callable[..., SimpleNamespace]:
    """`vidcap WORDS` in a process of its own."""

    def run(*words: str) -> SimpleNamespace:
        command = [sys.executable, "-m", "vidcap_core.cli.main", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)

    return run
