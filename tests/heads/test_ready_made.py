"""Captioners of Hugging Face as they come: the same words as their own `generate`, from tiny models in folders."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BertConfig,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    CLIPImageProcessor,
    GitConfig,
    GitForCausalLM,
    GPT2Config,
    PreTrainedTokenizerFast,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessor,
)

import vidcap_core
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.types import Batch, Clip, Stream
from vidcap_core.datasets.toy import make_toy
from vidcap_core.encoders.pixels import Pixels
from vidcap_core.engine.runs import train
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.heads.hf_captioners import HFFrameCaptioner, HFVideoCaptioner
from vidcap_core.tokenizers.hf import HFTokenizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[DEC]", *(f"w{i}" for i in range(60))]
SIDE = 32
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
VISION = {**SMALL, "image_size": SIDE, "patch_size": 16}


def save_tokenizer(folder: Path) -> None:
    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)


def git(folder: Path) -> Any:
    config = GitConfig(
        vision_config=VISION,
        vocab_size=len(WORDS),
        num_image_with_embedding=3,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
        initializer_range=0.5,
        **SMALL,
    )
    model = GitForCausalLM(config)
    CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=SIDE).save_pretrained(folder)
    return model


def vit_gpt2(folder: Path) -> Any:
    decoder = GPT2Config(
        vocab_size=len(WORDS),
        n_embd=32,
        n_layer=2,
        n_head=2,
        initializer_range=0.5,
        bos_token_id=2,
        eos_token_id=3,
        add_cross_attention=True,
        is_decoder=True,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ViTConfig(**VISION), decoder)
    config.decoder_start_token_id, config.eos_token_id, config.pad_token_id = 2, 3, 0
    ViTImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    return VisionEncoderDecoderModel(config)


def blip(folder: Path) -> Any:
    text = BertConfig(vocab_size=len(WORDS), **SMALL).to_dict() | {
        "bos_token_id": 4,
        "sep_token_id": 3,
        "eos_token_id": 3,
        "pad_token_id": 0,
        "encoder_hidden_size": 32,
        "projection_dim": 32,
        "initializer_range": 0.5,
        "is_decoder": True,
    }
    BlipImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    return BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=VISION))


def make(kind: Any, folder: Path) -> tuple[str, Any]:
    torch.manual_seed(0)
    model = kind(folder).eval()
    model.save_pretrained(folder)
    save_tokenizer(folder)
    return str(folder), model


def captioner(head: Any, folder: str, frames: int, **settings: Any) -> Captioner:
    made = Captioner(
        head,
        HFTokenizer(folder),
        {"pixels": Pixels(folder, frames)},
        generate=GenerateSettings(max_length=8, **settings),
    )
    return made.eval()


def batch(clips: int, frames: int) -> Batch:
    chance = np.random.default_rng(0)
    pictures = torch.from_numpy(chance.integers(0, 256, (clips, frames, 40, 56, 3), dtype=np.uint8))
    return Batch(
        clips=tuple(Clip(f"c{i}", duration=6.0) for i in range(clips)),
        inputs={"frames": Stream(pictures, torch.ones(clips, frames, dtype=torch.bool))},
    )


def texts(ids: Any, tokenizer: HFTokenizer) -> list[str]:
    """Without the word that each text begins with, and what pads and ends it."""
    return [tokenizer.decode([t for t in row[1:] if t not in (0, 2, 3)]) for row in ids.tolist()]


@pytest.mark.parametrize("beam", [1, 3])
def test_git_says_what_its_own_generate_says(beam: int, tmp_path: Path) -> None:
    folder, model = make(git, tmp_path)
    settings = {"mode": "beam", "beam": beam, "length": "avg"} if beam > 1 else {"mode": "greedy"}
    ours = captioner(HFVideoCaptioner(folder), folder, 3, **settings)
    given = batch(4, 3)
    pixels = ours.encoders["pixels"](given.inputs["frames"].values).values.unflatten(-1, (3, SIDE, SIDE))
    theirs = model.generate(pixel_values=pixels, num_beams=beam, max_new_tokens=8, do_sample=False)
    assert [p.text for p in ours.predict(given)] == texts(theirs, ours.tokenizer)
    assert len({p.text for p in ours.predict(given)}) > 1, "the tiny model ignores its pictures"


@pytest.mark.parametrize("kind", [vit_gpt2, blip])
def test_frame_captioners_say_what_their_own_generate_says(kind: Any, tmp_path: Path) -> None:
    folder, model = make(kind, tmp_path)
    ours = captioner(HFFrameCaptioner(folder, say="each"), folder, 3, mode="greedy")
    given = batch(2, 3)
    pixels = (
        ours.encoders["pixels"](given.inputs["frames"].values)
        .values.flatten(0, 1)
        .unflatten(-1, (3, SIDE, SIDE))
    )
    theirs = texts(model.generate(pixel_values=pixels, max_new_tokens=8, do_sample=False), ours.tokenizer)
    events = [event for prediction in ours.predict(given) for event in prediction.events]
    assert [event.text for event in events] == theirs
    assert [(event.start, event.end) for event in events[:3]] == [(0, 2), (2, 4), (4, 6)]

    ours.head.say = "best"
    scores = [event.score for event in events]
    best = [max(range(3 * clip, 3 * clip + 3), key=scores.__getitem__) for clip in range(2)]
    said = ours.predict(given)
    assert [p.text for p in said] == [theirs[i] for i in best]
    assert [(e.start, e.end) for p in said for e in p.events] == [(0, 6), (0, 6)]


def test_clips_with_other_numbers_of_frames_are_thinned_or_repeated(tmp_path: Path) -> None:
    folder, _ = make(git, tmp_path)
    pixels = Pixels(folder, 3)
    pictures = batch(1, 9).inputs["frames"].values
    torch.testing.assert_close(pixels(pictures).values, pixels(pictures[:, [1, 4, 7]]).values)
    assert pixels(pictures[:, :1]).values.shape == (1, 3, 3 * SIDE * SIDE)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder, _ = make(git, tmp_path)
    with pytest.raises(UserError, match="is a git model; HFFrameCaptioner runs"):
        HFFrameCaptioner(folder)


def test_a_config_without_phases_is_scored_and_captions_files(tmp_path: Path) -> None:
    folder, _ = make(git, tmp_path / "git")
    videos = sorted(make_toy(tmp_path / "toy", "clips", "small").rglob("*.mp4"))[:2]
    lines = [json.dumps({"video": str(path), "captions": ["w1 w2", "w3"]}) for path in videos]
    (tmp_path / "mine.jsonl").write_text("\n".join(lines), encoding="utf-8")
    part = {"path": str(tmp_path / "mine.jsonl"), "frames": {"count": 3}}
    config = tmp_path / "mine.py"
    config.write_text(f"""
_base_ = ["vidcap://git.py"]
data = dict(train={part}, val={part}, test={part})
encoders = dict(pixels=dict(model={folder!r}, frames=3))
tokenizer = dict(name={folder!r})
head = dict(model={folder!r})
""")
    run = train(load_config(config), work_dir=tmp_path / "run", quiet=True)
    assert json.loads(run.scores("val").read_text())["clips"].startswith("2 of 2")
    assert not list(run.checkpoints.iterdir()), "what is not trained need not be stored"
    of_config, of_run = (vidcap_core.load(model)(videos[0]).text for model in (config, run.path))
    assert of_config == of_run != ""


def test_a_head_that_learns_needs_a_phase() -> None:
    with pytest.raises(ConfigError, match="at least one phase"):
        validate(load_config("core/toy", ["phases={}"]))
