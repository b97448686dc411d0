"""The configs: each is valid, keeps the spec's settings, and the ablation is the paper's fourteen rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.api import UserError, frame_times, load_recipe
from vidcap_core.captioner.build import build_captioner, build_tokenizer
from vidcap_core.captioning.file_captioner import load
from vidcap_core.config import preflight
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.engine.optimizers import settings_of
from vidcap_core.engine.schedule import multiplier
from vidcap_core.engine.sweep import read_grid
from vidcap_core.testing import check_plugin
from vidcap_core.testing.journey import differences
from vidcap_core.zoo import plugins

CONFIGS = Path(__file__).parents[1] / "configs"
NAMES = ["emvidcap", "emvidcap_irv2", "emvidcap_l", "emvidcap_s", "msrvtt", "msvd", "msvd_part", "toy"]


def test_the_configs_are_those_of_the_issue() -> None:
    assert plugins.get("spectrum").config_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_config_is_valid(name: str) -> None:
    validate(load_config(f"spectrum/{name}"))


@pytest.mark.parametrize("name", ["emvidcap", "msrvtt", "msvd"])
def test_captions_are_retrieved_with_openais_clip_and_its_activation(name: str) -> None:
    texts, frames = preflight.remarks(load_recipe(f"spectrum/{name}"))
    assert texts.startswith("encoders.retrieved: ViT-B-32-quickgelu: QuickGELU, says open_clip's table")
    assert frames.startswith("extract.image: ViT-B-32: QuickGELU, says open_clip's table")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("msvd_part", "toy")])
def test_every_stream_of_a_papers_config_can_be_made(name: str) -> None:
    recipe = load_recipe(f"spectrum/{name}")
    assert [line for line in preflight.notes(recipe) if "cannot caption files" in line] == []
    for split, data in recipe.data.items():
        assert {*data.arguments["streams"]} <= {*recipe.extract, *recipe.encoders}, split
    for encoder in recipe.extract.values():  # its weights are elsewhere, and its moments can be told
        given = {**encoder.arguments, "pretrained": False}
        if encoder.type in ("ResNeXt3D", "VGGish"):
            sampling = encoder.target(**given).sampling
            assert 60 in (sampling.get("clips"), sampling.get("rows"))
            if encoder.type == "ResNeXt3D":
                assert len(frame_times(sampling, 0.0, 10.0)) == 60 * 16


def test_what_the_plugin_promises() -> None:
    check_plugin("spectrum")


@pytest.mark.parametrize(
    ("grid", "base"),
    [
        ("_ablation", "emvidcap"),
        ("_grid", "msrvtt"),
        ("_grid", "msvd"),
        ("_toy_rows", "toy"),
        ("_part_rows", "msvd_part"),
    ],
)
def test_every_row_of_a_grid_is_valid_and_builds(grid: str, base: str, large_tokenizer: Any) -> None:
    rows = read_grid(CONFIGS / f"{grid}.py")
    assert len(rows) == {"_ablation": 14, "_grid": 4, "_toy_rows": 4, "_part_rows": 6}[grid]
    for name, changes in rows.items():
        made = load_config(f"spectrum/{base}", [f"{key}={value!r}" for key, value in changes.items()])
        recipe = validate(made)
        head = recipe.head.build(tokenizer=large_tokenizer)
        wants_attributes = any("attributes" in phase.losses for phase in recipe.phases)
        assert wants_attributes == (head.attributes is not None), name


def test_the_second_optimiser_is_slow_where_the_spec_says() -> None:
    made = load_recipe("spectrum/toy")
    phases = load_recipe("spectrum/emvidcap").phases
    assert [(p.epochs, p.keeps_optimizer) for p in phases] == [(10, False), (40, False)]
    train = made.data["train"].changed(limit=8).build()
    captioner = build_captioner(made, build_tokenizer(made, train), made.losses)
    slow = {
        name
        for name, (factor, _) in settings_of(captioner, phases[1]).items()
        if factor == pytest.approx(0.1)
    }
    assert slow == {
        n for n, _ in captioner.named_parameters() if n.startswith(("head.encoders.", "head.vtai."))
    }
    schedule = phases[0].schedule
    assert schedule.span == "run"
    assert [multiplier(schedule, step, 500, 10) for step in (0, 9, 10, 100)] == pytest.approx(
        [1, 1, 0.9, 0.9**10]
    )


def test_a_model_that_heard_in_training_does_not_caption_deaf_in_silence(tmp_path: Path) -> None:
    """Without an encoder for sound its toy run says what to type, with it a file gets the words of the run."""
    made = load_config("spectrum/toy", [f"data.{split}.size='small'" for split in ("train", "val", "test")])
    assert differences(made, tmp_path, steps=40) == []
    run = tmp_path / "elsewhere" / "run"
    videos = [clip.path for clip in validate(made).data["val"].changed(unit="clip").build().clips]
    heard = [captions.text for captions in load(run, "cpu")(videos)]
    resolved = json.loads((run / "config.json").read_text())
    del resolved["extract"]["audio"]
    (run / "config.json").write_text(json.dumps(resolved))
    with pytest.raises(UserError, match=r"(?s)make 'audio' from a file.*--without audio"):
        load(run, "cpu")
    deaf = load(run, "cpu", without=["audio"])(videos)
    assert {tuple(captions.extras["streams"]) for captions in deaf} == {("image", "motion", "retrieved")}
    assert [captions.text for captions in deaf] != heard
