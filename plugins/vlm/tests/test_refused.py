"""What cannot work is refused before the first clip, in a line that says what to type."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from vidcap_vlm import loading
from vidcap_vlm.chat_tokenizer import ChatTokenizer
from vidcap_vlm.head import ChatModel

from vidcap_core.api import (
    HEAD,
    Batch,
    Clip,
    ConfigError,
    GenerateSettings,
    RawClip,
    UserError,
    WriteSettings,
    whole_clips,
)


@pytest.fixture
def copy(smolvlm: str, tmp_path: Path) -> Path:
    """A folder of a model that may be spoilt."""
    return Path(shutil.copytree(smolvlm, tmp_path / "copy"))


@pytest.mark.parametrize(
    ("name", "frames", "line"),
    [
        ("instructblipvideo", 8, "takes 4 frames, and not 8 frames; try: head.frames=4"),
        ("instructblipvideo", 3, "takes 4 frames, and not 3 frames; try: head.frames=4"),
        ("blip2", 8, "takes one picture, and not 8 frames; try: head.frames=1"),
    ],
)
def test_frames_that_a_model_would_not_see(
    vidcap: Any, family: Any, films: list[Path], name: str, frames: int, line: str
) -> None:
    done = vidcap("caption", films[0], "--model", family(name), "--set", f"head.frames={frames}")
    assert done.code == 2, done.err
    assert line in " ".join(done.err.replace("\n  try", "; try").split())


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (RuntimeError("Number of elements of source < number of ones in mask"), UserError),
        (IndexError("index out of range in self"), UserError),
        (torch.OutOfMemoryError("CUDA out of memory"), torch.OutOfMemoryError),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), RuntimeError),
    ],
)
def test_a_model_that_does_not_take_a_clip_costs_that_clip(
    smolvlm: str, monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    """And where memory ends, no other clip would do."""
    tokenizer = ChatTokenizer(smolvlm)
    head = ChatModel(smolvlm, tokenizer, frames=2)
    clip = RawClip(Clip("one", duration=1.0), np.zeros((2, 32, 32, 3), np.uint8), np.array([0.2, 0.7]))
    batch = Batch((clip.clip,), prepared={HEAD: head.collate([head.prepare(clip)])})
    settings = WriteSettings.of(GenerateSettings(), bos=tokenizer.bos_id, eos=tokenizer.eos_id)

    def generate(**_: Any) -> None:
        raise error

    monkeypatch.setattr(head.model, "generate", generate)
    with pytest.raises(raised):
        head.write_answers(whole_clips({}, batch), settings)


def test_a_hint_is_no_number_that_was_set(smolvlm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    head = ChatModel(smolvlm, ChatTokenizer(smolvlm))

    def refuse(self: Any, **_: Any) -> None:
        raise ValueError("no")

    monkeypatch.setattr(type(head.chat.processor), "__call__", refuse)
    for frames, hint in ((8, "head.visual='pictures'"), (7, "head.frames=8, or head.visual='pictures'")):
        with pytest.raises(UserError) as caught:
            head.chat.try_out(frames)
        assert caught.value.hint == hint


@pytest.mark.parametrize(("model", "words"), [("smolvlm", "qwen2_vl"), ("paligemma", "smolvlm")])
def test_the_tokenizer_of_another_model(family: Any, model: str, words: str) -> None:
    """Its ids mean other words to the model: nothing would say so."""
    with pytest.raises(ConfigError, match=r"is of another model than head\.model") as caught:
        ChatModel(family(model), ChatTokenizer(family(words)), frames=2)
    assert caught.value.hint == "both --set head.model=X --set tokenizer.name=X"


@pytest.mark.parametrize(
    ("file", "content", "line"),
    [
        ("config.json", "{", "config.json is damaged"),
        ("processor_config.json", "[]", "processor_config.json is damaged"),
        ("tokenizer.json", "{}", "tokenizer.json is damaged"),
        ("tokenizer.json", '{"model": 3}', "cannot be read: "),
        ("model.safetensors", None, "cannot be read: SafetensorError"),
    ],
)
def test_a_damaged_folder(
    vidcap: Any, copy: Path, films: list[Path], file: str, content: str | None, line: str
) -> None:
    whole = (copy / file).read_bytes()
    (copy / file).write_bytes(whole[: len(whole) // 2] if content is None else content.encode())
    done = vidcap("caption", films[0], "--model", copy)
    assert done.code == 2, done.err
    assert line in done.err
    assert str(copy) in done.err
    assert "fetch it again" in done.err


@pytest.mark.parametrize(
    ("kind", "line"),
    [("gpt2", "is of the type 'gpt2', which reads no pictures"), ("vlm9", "'vlm9', which transformers")],
)
def test_a_model_that_is_none_of_these(
    vidcap: Any, copy: Path, films: list[Path], kind: str, line: str
) -> None:
    (copy / "config.json").write_text(json.dumps({"model_type": kind}))
    done = vidcap("caption", films[0], "--model", copy)
    assert done.code == 2, done.err
    assert line in done.err


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("head.load={'dtype': 'float8_e4m3fn'}", "'float8_e4m3fn' is no dtype of a model"),
        ("head.load={'dtype': 4}", "'4' is no dtype of a model"),
        ("head.load={'quantization_config': 4}", "head.load: transformers says"),
        ("head.examples={'data': {}}", "head.examples names no data set"),
        ("head.lora={'bias': 'nope'}", "head.lora: peft says"),
        ("head.lora={'r': 'x'}", "head.lora: peft says"),
        ("head.lora={'target_modules': 5}", "head.lora: peft says"),
        ("head.lora={'peft_type': 'X'}", "head.lora has no option 'peft_type'"),
    ],
)
def test_a_setting_that_means_nothing(
    vidcap: Any, smolvlm: str, films: list[Path], change: str, line: str
) -> None:
    done = vidcap("caption", films[0], "--model", smolvlm, "--set", change)
    assert done.code == 2, done.err
    assert line in done.err


def test_an_unknown_key_of_a_quantisation(smolvlm: str) -> None:
    """transformers drops it with a warning, and what was meant by it is lost."""
    options = {"quantization_config": {"load_in_4bit": True, "bnb_4bit_quant_typ": "nf4"}}
    with pytest.raises(ConfigError, match="quantization_config has no option 'bnb_4bit_quant_typ'"):
        loading.pretrained(smolvlm, options)
