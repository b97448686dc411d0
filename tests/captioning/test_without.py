"""A stream that a model was trained with and that no file gives is an error, or left out when that is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest
import torch

from vidcap_core.api import build_component
from vidcap_core.captioner.build import add_extractors, build_captioner
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioning.file_captioner import FileCaptioner, load
from vidcap_core.captioning.sources import left_out
from vidcap_core.config.files import Config, load_config
from vidcap_core.config.validate import captioner_recipe
from vidcap_core.contracts.encoder import fingerprint
from vidcap_core.datasets.toy import make_toy
from vidcap_core.encoders.standardised import Standardised
from vidcap_core.errors import UserError
from vidcap_core.saved import bundle
from vidcap_core.zoo import registry

WORDS = "a small dog runs over the green grass and then it sleeps near one red house"
SOUND = "extract.audio={'type': 'ToySound'}"


def built(*changes: str) -> tuple[Captioner, Config]:
    """A captioner of pictures, motion and sound, with random weights."""
    streams = "head.streams={'image': 320, 'motion': 128, 'audio': 33}"
    made = load_config("core/toy", [streams, "generate.min_length=5", "generate.max_length=9", *changes])
    tokenizer = registry.TOKENIZERS.load("Vocabulary")()
    tokenizer.fit([WORDS])
    torch.manual_seed(3)
    captioner = build_captioner(captioner_recipe(made), tokenizer)
    with torch.no_grad():
        for layer in captioner.head.layers:
            layer.video.query.weight.mul_(40.0)  # what it says depends on what it sees and hears
            layer.video.out.weight.mul_(40.0)
    return captioner, made


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that heard in training, and whose config does not say how to hear a file."""
    return bundle.save(tmp_path_factory.mktemp("deaf") / "bundle", *built(), {})


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with an encoder for sound."""
    return bundle.save(tmp_path_factory.mktemp("hearing") / "bundle", *built(SOUND), {})


@pytest.fixture(scope="module")
def loud() -> Path:
    """A video with sound."""
    facts = json.loads((make_toy() / "toy.json").read_text())["scenes"]
    return make_toy() / "videos" / f"{next(scene['id'] for scene in facts if scene['audible'])}.mp4"


def copy_pictures(video: Path, silent: Path) -> None:
    """The same pictures, bit by bit, in a file without sound."""
    with av.open(str(video)) as source, av.open(str(silent), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)


def run(*words: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vidcap_core.cli.main", "caption", "--device", "cpu", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_what_cannot_be_made_is_said_with_what_to_do(deaf: Path, loud: Path) -> None:
    done = run(loud, "--model", deaf)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "does not say how to make 'audio' from a file" in done.stderr
    assert "extract = dict(audio=dict(type=ENCODER))" in done.stderr
    assert "--without audio" in done.stderr


def test_without_it_a_video_is_captioned_as_one_that_has_no_sound(
    deaf: Path, hearing: Path, loud: Path, tmp_path: Path
) -> None:
    silent = tmp_path / "silent.mp4"
    copy_pictures(loud, silent)
    heard, unheard = load(hearing, "cpu")([loud, silent])
    left = load(deaf, "cpu", without=["audio"])(loud)
    assert heard.extras["streams"] == ["audio", "image", "motion"]
    assert unheard.extras["streams"] == left.extras["streams"] == ["image", "motion"]
    assert left.text == unheard.text
    assert left.events[0].score == pytest.approx(unheard.events[0].score, rel=1e-5)
    assert left.events[0].score != pytest.approx(heard.events[0].score, rel=1e-5)
    assert load(hearing, "cpu", without=["audio"])(loud).text == left.text
    done = run(loud, "--model", deaf, "--without", "audio", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"] == left.text


def test_a_folder_of_captions_is_not_gone_on_with_otherwise(
    hearing: Path, loud: Path, tmp_path: Path
) -> None:
    assert run(loud, "--model", hearing, "--out", tmp_path / "out").returncode == 0
    done = run(loud, "--model", hearing, "--out", tmp_path / "out", "--without", "audio")
    assert done.returncode == 2
    assert "holds the captions of another job" in done.stderr


def test_a_stream_made_of_another_needs_that_one() -> None:
    captioner, _ = built(
        "head.streams={'image_std': 320, 'motion': 128}",
        "encoders={'image_std': {'type': 'Standardised', 'stream': 'image'}}",
        "extract={}",
    )
    encoder = captioner.encoders["image_std"]
    assert isinstance(encoder, Standardised)
    with pytest.raises(
        UserError, match=r"(?s)'image_std' \(made of 'image'\), 'motion' from a file.*extract"
    ):
        left_out(captioner, "it", ())
    captioner.encoders["motion"] = build_component("encoders", {"type": "ToyGrid", "stream": "motion"})
    with pytest.raises(UserError, match=r"(?s)image=dict\(type=ENCODER\).*--without image_std") as raised:
        left_out(captioner, "it", ())
    assert "motion" not in str(raised.value)
    assert left_out(captioner, "it", ["image_std"]) == {"image_std": 320}
    captioner.encoders["image"] = build_component("encoders", {"type": "ToyGrid", "stream": "image"})
    assert left_out(captioner, "it", ()) == {}


def test_what_is_not_read_or_all_that_is_cannot_be_left_out(hearing: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)reads no stream 'sound'.*image, motion, audio"):
        load(hearing, "cpu", without=["sound"])
    with pytest.raises(UserError, match="nothing left"):
        load(hearing, "cpu", without=["audio", "image", "motion"])


def test_the_captioner_that_is_given_stays_as_it_was() -> None:
    captioner, made = built(SOUND)
    add_extractors(captioner, captioner_recipe(made))
    tokenizer, settings, weights = captioner.tokenizer, captioner.settings, fingerprint(captioner)
    files = FileCaptioner(captioner, "it")
    wide = files.with_decoding(beam=3, n_best=2)
    assert captioner.tokenizer is tokenizer
    assert captioner.settings == files.captioner.settings == settings
    assert fingerprint(captioner) == weights
    assert (wide.captioner.settings.mode, wide.captioner.settings.beam) == ("beam", 3)
    assert next(wide.captioner.parameters()) is next(captioner.parameters())
    assert wide.with_decoding(seed=4).captioner.settings.beam == 3


def test_nobody_is_told_to_leave_out_everything() -> None:
    captioner, _ = built("extract={}")
    with pytest.raises(UserError, match="'image', 'motion', 'audio' from a file") as raised:
        FileCaptioner(captioner, "it")
    assert "--without" not in str(raised.value)
