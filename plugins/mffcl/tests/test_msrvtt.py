"""The config of the project's own example: with nothing there it says what is missing; with little there it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
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

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "msrvtt.py"


def vidcap_run(tmp_path, *arguments, **environment):
    known = {k: v for k, v in os.environ.items() if k not in ("VIDCAP_SHARED_DATA", "VIDCAP_DATA")}
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "vidcap_core.cli.run",
            str(CONFIG),
            "--work-dir",
            str(tmp_path / "run"),
            *arguments,
        ],
        env={**known, "HF_HUB_OFFLINE": "1", "HOME": str(tmp_path), "OMP_NUM_THREADS": "1", **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_on_a_bare_machine_it_says_all_that_is_missing_where_and_what_to_do(tmp_path):
    started = time.monotonic()
    done = vidcap_run(tmp_path, VIDCAP_DATA=str(tmp_path / "data"))
    spent = time.monotonic() - started
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.split("  (")[0].strip() for line in lines[1::3]] == [
        "msrvtt: annotations",
        "msrvtt: videos",
        "video encoder 'facebook/timesformer-base-finetuned-k400'",
        "text encoder 'bert-base-uncased'",
        "tokenizer 'gpt2'",
        "language model 'gpt2'",
    ]
    assert f"looked for: train_val_videodatainfo.json (or .zip, .gz) in {tmp_path}/data/msrvtt" in done.stderr
    assert "try: vidcap data prepare msrvtt --from FOLDER" in done.stderr
    assert "try: --set encoders.video.model=FOLDER   (with config.json, model.safetensors)" in done.stderr
    assert len(lines) <= 24
    assert spent < 60  # a hub that is out of reach is not asked again and again, for each of four models
    assert not (tmp_path / "run").exists()


@pytest.fixture
def videos(tmp_path, shared_data):
    """The official annotation file, and generated clips named as MSR-VTT names them."""
    from vidcap_core.datasets.toy import make_toy

    folder = tmp_path / "data" / "msrvtt"
    folder.mkdir(parents=True)
    [source] = (shared_data / "msrvtt").glob("train_val*")
    (folder / source.name).symlink_to(source)
    toys = sorted(make_toy(str(tmp_path / "toy"), "clips", "small", 0).rglob("*.mp4"))
    for number, toy in zip([0, 1, 2, 3, 6513, 6514], toys, strict=False):
        (folder / f"video{number}.mp4").symlink_to(toy)
    return folder


def test_with_data_only_the_models_are_missing(tmp_path, videos):
    done = vidcap_run(tmp_path, VIDCAP_DATA=str(tmp_path / "data"))
    assert done.returncode == 2
    assert "msrvtt: " not in done.stderr
    assert done.stderr.count("looked for: ") == 4


def test_videos_of_another_split_are_not_enough(tmp_path, videos):
    """It listed the models alone, and with them it trained on 0 of 6,513."""
    for number in (0, 1, 2, 3):
        (videos / f"video{number}.mp4").unlink()
    done = vidcap_run(tmp_path, VIDCAP_DATA=str(tmp_path / "data"))
    assert done.returncode == 2
    assert (
        "msrvtt, train: not one of 6,513 clips can be used: 6513 nothing to read frames from" in done.stderr
    )
    assert f"looked for: videos in {videos}" in done.stderr
    assert done.stderr.count("looked for: ") == 5


def test_with_a_handful_of_clips_and_local_models_it_runs(tmp_path, videos, shared_data):
    tokenizers = shared_data / "tokenizers"
    gpt2, bert, video = tmp_path / "gpt2", tmp_path / "bert", tmp_path / "timesformer"
    GPT2TokenizerFast.from_pretrained(tokenizers / "gpt2").save_pretrained(gpt2)
    GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=1, n_head=4)).save_pretrained(gpt2)
    BertTokenizerFast(str(tokenizers / "bert_base_uncased_vocab.txt")).save_pretrained(bert)
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    BertModel(BertConfig(**small)).save_pretrained(bert)
    TimesformerModel(TimesformerConfig(**small, image_size=64)).save_pretrained(video)
    changes = {
        "tokenizer.name": str(gpt2),
        "head.lm": str(gpt2),
        "encoders.text.model": str(bert),
        "encoders.video.model": str(video),
        "head.streams": {"video": 32},
        "head.text": {"text": 32},
        "head.layers": 1,
        "phases.align.steps": 1,
        "phases.align.epochs": None,
        "phases.caption.steps": 1,
        "phases.caption.epochs": None,
        "runtime.batch": 2,
        "runtime.amp": "off",
        "generate.max_length": 6,
        "evaluate.metrics": ["cider-d"],
        **{f"data.{split}.frames.short_side": 64 for split in ("train", "val", "test")},
    }
    sets = [part for key, value in changes.items() for part in ("--set", f"{key}={value!r}")]
    done = vidcap_run(tmp_path, *sets, VIDCAP_DATA=str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads((tmp_path / "run" / "predictions-val.json").read_text())
    assert len(said) == 2
