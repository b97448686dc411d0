"""Captioners of Hugging Face as they come: the same words as their own `generate`, from tiny models in folders."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from films import make as film
from films import slope
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoImageProcessor,
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
from vidcap_core.cli.main import main as cli
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.types import Batch, Clip, RawClip, Sample
from vidcap_core.datasets.toy import make_toy
from vidcap_core.engine.data import Collate
from vidcap_core.engine.runs import train
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.heads.hf_captioners import HFFrameCaptioner, HFVideoCaptioner
from vidcap_core.tokenizers.hf import HFTokenizer
from vidcap_core.video import read_frames
from vidcap_core.video.frame_request import FrameRequest, square

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


def git_of_pictures(folder: Path) -> Any:
    model = git(folder)
    model.config.num_image_with_embedding = None
    return GitForCausalLM(model.config)


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
    vision = {**VISION, "initializer_range": 0.2}  # by default all but 0: it would not mind what it sees
    return BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision))


def make(kind: Any, folder: Path) -> tuple[str, Any]:
    torch.manual_seed(0)
    model = kind(folder).eval()
    model.save_pretrained(folder)
    save_tokenizer(folder)
    return str(folder), model


def captioner(head: Any, folder: str, **settings: Any) -> Captioner:
    return Captioner(head, HFTokenizer(folder), generate=GenerateSettings(max_length=8, **settings)).eval()


def pictures(clips: int, frames: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (clips, frames, 40, 56, 3), dtype=np.uint8)


def batch(ours: Captioner, clips: np.ndarray) -> Batch:
    """As a data set gives them."""
    samples = [Sample(Clip(f"c{i}", duration=6.0), inputs={"frames": clip}) for i, clip in enumerate(clips)]
    return Collate(ours.tokenizer, prepare=ours.prepare)(samples)


def pixels(folder: str, clips: np.ndarray) -> torch.Tensor:
    """What the model's own image processor makes of each picture."""
    own = AutoImageProcessor.from_pretrained(folder)
    return torch.stack([own(list(clip), return_tensors="pt")["pixel_values"] for clip in clips])


def texts(ids: Any, tokenizer: HFTokenizer) -> list[str]:
    """Without the word that each text begins with, and what pads and ends it."""
    return [tokenizer.decode([t for t in row[1:] if t not in (0, 2, 3)]) for row in ids.tolist()]


@pytest.mark.parametrize("beam", [1, 3])
def test_git_says_what_its_own_generate_says(beam: int, tmp_path: Path) -> None:
    folder, model = make(git, tmp_path)
    settings = {"mode": "beam", "beam": beam, "length": "avg"} if beam > 1 else {"mode": "greedy"}
    ours = captioner(HFVideoCaptioner(folder), folder, **settings)
    given = pictures(4, 3)
    theirs = model.generate(
        pixel_values=pixels(folder, given), num_beams=beam, max_new_tokens=8, do_sample=False
    )
    said = [p.text for p in ours.predict(batch(ours, given))]
    assert said == texts(theirs, ours.tokenizer)
    assert len(set(said)) > 1, "the tiny model ignores its pictures"


def test_a_git_of_pictures_gets_one(tmp_path: Path) -> None:
    folder, model = make(git_of_pictures, tmp_path)
    ours = captioner(HFVideoCaptioner(folder), folder)
    given = pictures(4, 1)
    theirs = model.generate(pixel_values=pixels(folder, given)[:, 0], max_new_tokens=8, do_sample=False)
    assert [p.text for p in ours.predict(batch(ours, given))] == texts(theirs, ours.tokenizer)


@pytest.mark.parametrize("kind", [vit_gpt2, blip])
def test_frame_captioners_say_what_their_own_generate_says(kind: Any, tmp_path: Path) -> None:
    folder, model = make(kind, tmp_path)
    ours = captioner(HFFrameCaptioner(folder, say="each"), folder, mode="greedy")
    given = pictures(2, 3)
    prepared = batch(ours, given)
    own = model.generate(pixel_values=pixels(folder, given).flatten(0, 1), max_new_tokens=8, do_sample=False)
    theirs = texts(own, ours.tokenizer)
    events = [event for prediction in ours.predict(prepared) for event in prediction.events]
    assert [event.text for event in events] == theirs
    assert len(set(theirs)) > 1, "the tiny model ignores its pictures"
    assert [(event.start, event.end) for event in events[:3]] == [(0, 2), (2, 4), (4, 6)]

    ours.head.say = "best"
    scores = [event.score for event in events]
    best = [max(range(3 * clip, 3 * clip + 3), key=scores.__getitem__) for clip in range(2)]
    said = ours.predict(prepared)
    assert [p.text for p in said] == [theirs[i] for i in best]
    assert [(e.start, e.end) for p in said for e in p.events] == [(0, 6), (0, 6)]


def test_clips_with_other_numbers_of_frames_are_thinned_or_repeated(tmp_path: Path) -> None:
    folder, _ = make(git, tmp_path)
    head = HFVideoCaptioner(folder)
    [clip] = pictures(1, 9)

    def prepared(frames: np.ndarray) -> torch.Tensor:
        return head.prepare(RawClip(Clip("c"), frames))["pixels"]  # type: ignore[no-any-return]

    assert prepared(clip).shape == (3, 3, SIDE, SIDE)
    assert torch.equal(prepared(clip), prepared(clip[[1, 4, 7]]))
    assert torch.equal(prepared(clip[:1]), prepared(clip[[0, 0, 0]]))
    assert torch.equal(prepared(clip[:2]), prepared(clip[[0, 1, 1]]))


def test_frames_are_those_that_the_model_knows_or_fewer(tmp_path: Path) -> None:
    folder, _ = make(git, tmp_path / "git")
    assert FrameRequest.of(HFVideoCaptioner(folder)) == FrameRequest(
        {"kind": "uniform", "count": 3}, SIDE, "center"
    )
    assert HFVideoCaptioner(folder, frames=2, crop=None).sampling["count"] == 2
    with pytest.raises(ConfigError, match=r"knows 3 frames, not 4\n  try: frames=3"):
        HFVideoCaptioner(folder, frames=4)
    with pytest.raises(ConfigError, match="frames must be at least 1"):
        HFVideoCaptioner(folder, frames=0)
    single, _ = make(vit_gpt2, tmp_path / "single")
    whole = FrameRequest.of(HFFrameCaptioner(single, frames=5, crop=None))
    assert whole == FrameRequest({"kind": "uniform", "count": 5}, SIDE, None)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder, _ = make(git, tmp_path)
    with pytest.raises(UserError, match="is a git model; HFFrameCaptioner runs"):
        HFFrameCaptioner(folder)


def test_a_config_without_phases_is_scored_and_captions_files(tmp_path: Path) -> None:
    folder, _ = make(git, tmp_path / "git")
    videos = sorted(make_toy(tmp_path / "toy", "clips", "small").rglob("*.mp4"))[:2]
    lines = [json.dumps({"video": str(path), "captions": ["w1 w2", "w3"]}) for path in videos]
    (tmp_path / "mine.jsonl").write_text("\n".join(lines), encoding="utf-8")
    part = {"path": str(tmp_path / "mine.jsonl"), "frames": {"count": 3, "short_side": SIDE}}
    config = tmp_path / "mine.py"
    config.write_text(f"""
_base_ = ["vidcap://git.py"]
data = dict(train={part}, val={part}, test={part})
tokenizer = dict(name={folder!r})
head = dict(model={folder!r})
""")
    run = train(load_config(config), work_dir=tmp_path / "run", quiet=True)
    assert json.loads(run.scores("val").read_text())["clips"].startswith("2 of 2")
    assert not list(run.checkpoints.iterdir()), "what is not trained need not be stored"
    of_config, of_run = (vidcap_core.load(model)(videos[0]).text for model in (config, run.path))
    assert of_config == of_run != ""


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Real files, wider than high."""

    def picture(number: int, index: int) -> np.ndarray:
        return np.resize(np.roll(slope(5 * index), 17 * number, 0), (48, 96, 3)) // (1 + number)

    return [
        film(tmp_path / f"{n}.mp4", 40 + n, lambda i, n=n: picture(n, i), size=(96, 48))  # type: ignore[misc]
        for n in range(3)
    ]


def test_files_say_what_generate_says_of_their_frames(films: list[Path], tmp_path: Path) -> None:
    folder, model = make(git, tmp_path / "git")
    config = tmp_path / "mine.py"
    config.write_text(f"""
_base_ = ["vidcap://git.py"]
tokenizer = dict(name={folder!r})
head = dict(model={folder!r})
generate = dict(max_length=8)
""")
    model_of_config = vidcap_core.load(str(config), device="cpu")
    frames = [
        square(read_frames(str(path), {"kind": "uniform", "count": 3}, short_side=SIDE).values)
        for path in films
    ]
    own = model.generate(
        pixel_values=pixels(folder, np.stack(frames)), num_beams=4, max_new_tokens=8, do_sample=False
    )
    theirs = texts(own, model_of_config.captioner.tokenizer)
    assert len(set(theirs)) > 1
    assert [p.text for p in model_of_config([str(path) for path in films])] == theirs
    assert [p.text for _, p in model_of_config.each(films, workers=2, batch=2)] == theirs  # type: ignore[union-attr]
    assert [model_of_config(array).text for array in frames] == theirs
    spans = model_of_config(films[0], every=2.0)
    assert [(e.start, e.end) for e in spans.events] == [(0, 2), (2, 4)]
    assert spans.events[0].text != spans.events[1].text


def test_the_command_takes_what_the_pages_say(
    films: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = make(vit_gpt2, tmp_path / "vit")
    command = ["caption", str(films[0]), "--model", "core/picture_captions", "--device", "cpu", "--json"]
    command += ["--set", f"head.model={folder}", "--set", f"tokenizer.name={folder}"]
    assert cli([*command, "--set", "head.say=each", "--set", "head.frames=4"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [(e["start"], e["end"]) for e in said["events"]] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert cli([*command, "--without", "pixels"]) == 2
    assert "reads no stream 'pixels'" in capsys.readouterr().err


def test_a_folder_without_its_image_processor_is_named(tmp_path: Path) -> None:
    folder, _ = make(git, tmp_path)
    assert not list(HFVideoCaptioner.missing(folder))
    (tmp_path / "preprocessor_config.json").unlink()
    [missing] = HFVideoCaptioner.missing(folder)
    assert missing.looked == f"preprocessor_config.json in {folder}"
    with pytest.raises(UserError, match=r"captioning model.*\n.*preprocessor_config\.json"):
        vidcap_core.load(
            "core/git", changes=[f"head.model={folder}", f"tokenizer.name={folder}"], device="cpu"
        )


def test_a_head_that_learns_needs_a_phase() -> None:
    with pytest.raises(ConfigError, match="at least one phase"):
        validate(load_config("core/toy", ["phases={}"]))
