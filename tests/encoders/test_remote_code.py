"""Model folders that bring Python of their own: it is never run, not even where somebody would say yes."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.encoders.hf_text import HFText, load_model
from vidcap_core.encoders.open_clip import OpenClipText
from vidcap_core.errors import UserError
from vidcap_core.heads.language_model import language_model
from vidcap_core.tokenizers.hf import HFTokenizer

CLIP = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {
        "context_length": 8,
        "vocab_size": 50,
        "width": 32,
        "heads": 2,
        "layers": 1,
        "hf_tokenizer_name": "any",
        "tokenizer_kwargs": {"trust_remote_code": True},
    },
}


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that appears when code of the folder runs."""
    return tmp_path / "ran"


@pytest.fixture
def folder(tmp_path: Path, marker: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model folder whose config, network and tokenizer are its own Python; whoever is asked says yes."""
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    path = tmp_path / "model"
    path.mkdir()
    (path / "evil.py").write_text(f"open({str(marker)!r}, 'w')\nEvil = None\n")
    named = {"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"}
    (path / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": named}))
    tokenizer = {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", None]}}
    (path / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (path / "open_clip_config.json").write_text(json.dumps({"model_cfg": CLIP, "preprocess_cfg": {}}))
    (path / "model.safetensors").touch()
    return str(path)


@pytest.mark.parametrize(
    "use",
    [HFText, HFTokenizer, language_model, lambda folder: OpenClipText(f"local-dir:{folder}", False)],
    ids=["a text encoder", "a tokenizer", "a language model", "a tokenizer of CLIP"],
)
def test_the_code_of_a_model_folder_never_runs(folder: str, marker: Path, use: Callable[[str], Any]) -> None:
    with pytest.raises(UserError):
        use(folder)
    assert not marker.exists()


@pytest.mark.parametrize(
    "keys",
    [
        {"attn_implementation": "someone/kernels"},
        {"attn_implementation": "flash_attention_2"},
        {"attn_implementation": {"text_config": "kernels-community/x"}},
        {"experts_implementation": "someone/kernels"},
        {"_attn_implementation_internal": "someone/kernels"},
    ],
)
def test_a_language_model_of_a_config_brings_no_code(keys: dict[str, Any]) -> None:
    small = {"model_type": "gpt2", "n_layer": 1, "n_head": 1, "n_embd": 8, "vocab_size": 20}
    with pytest.raises(UserError, match="code from a hub is never run"):
        language_model({**small, **keys})


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("name", ["someone/kernels", "kernels-community/flash-attn2", "flash_attention_2"])
def test_a_model_folder_may_not_choose_code_for_its_attention(
    tmp_path: Path, name: str, nested: bool
) -> None:
    """transformers would fetch it from the hub and load it, where the package `kernels` is installed."""
    small = {"model_type": "gpt2", "n_layer": 1, "n_head": 1, "n_embd": 8, "vocab_size": 20}
    language_model(small).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    chosen = {"attn_implementation": name}
    (tmp_path / "config.json").write_text(json.dumps({**config, **({"inner": chosen} if nested else chosen)}))
    for use in (
        language_model,
        lambda folder: load_model(folder, True, 0),
        lambda folder: load_model(folder, False, 0),
    ):
        with pytest.raises(UserError, match="code from a hub is never run"):
            use(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({**config, "attn_implementation": "eager"}))
    assert language_model(str(tmp_path)).config.n_embd == 8


def test_each_from_pretrained_says_that_no_code_is_run() -> None:
    """A call that says nothing asks whoever sits at the terminal; those of `from_hub` get it there."""
    import vidcap_core

    silent = []
    for file in sorted(Path(vidcap_core.__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                asks = call.func.attr in ("from_pretrained", "get_config_dict") or (
                    call.func.attr == "from_config" and isinstance(call.func.value, ast.Name)
                )
                stated = {word.arg: word.value for word in call.keywords}.get("trust_remote_code")
                if asks and not (isinstance(stated, ast.Constant) and stated.value is False):
                    silent.append(f"{file.name}:{call.lineno}")
    assert silent == []
