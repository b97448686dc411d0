"""Transforms change samples as they are read, and what is wrong with them is said before a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vidcap_core.captioner.build import build_tokenizer
from vidcap_core.config import preflight
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.transform import Transform
from vidcap_core.contracts.types import Sample
from vidcap_core.datasets.row_dropout import RowDropout
from vidcap_core.datasets.toy import Toy
from vidcap_core.engine.data import Order, training_loader
from vidcap_core.errors import ConfigError, DataError, PluginError, UserError
from vidcap_core.testing import tiny
from vidcap_core.zoo.registry import DATASETS, TRANSFORMS, installed_only

MADE: dict[str, dict[str, Any]] = {
    "core.RowDropout": {"rate": 0.9},
    "care.AllCaptions": {},
    "care.TeacherCaptions": {"predictions": "predictions-train.json"},
    "spectrum.ClipCaptions": {},
    "wsdvc_mask.Sentences": {},
    "wsdvc_mask.SentenceFeatures": {"folder": "."},
}


def part(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": f"transform_parts:{name}", **arguments}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_nobody_is_left_out() -> None:
    assert {entry.full_name for entry in TRANSFORMS} == MADE.keys()
    assert not {entry.name for entry in TRANSFORMS} & {entry.name for entry in DATASETS}


@pytest.mark.parametrize("name", MADE)
def test_an_installed_transform_gives_another_sample(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dataset = tiny.TinyClips()
    sample = dataset.get(0, rng())
    np.save(tmp_path / f"{sample.clip.id}.npy", np.ones((len(sample.events), 3)))
    (tmp_path / "predictions-train.json").write_text(json.dumps([{"id": sample.clip.id, "text": "taught"}]))
    before = {key: values.copy() for key, values in sample.streams.items()}
    transform = TRANSFORMS.load(name)(**MADE[name])
    assert isinstance(transform, Transform)
    changed = transform(sample, dataset, rng())
    assert isinstance(changed, Sample)
    rows = not np.array_equal(changed.streams["image"], before["image"])
    assert changed.targets or rows or changed.text != sample.text
    assert not sample.targets
    assert np.array_equal(sample.streams["image"], before["image"])


def test_they_are_called_in_order_with_the_datasets_own_chance(clips_folder: Path) -> None:
    """Whatever they draw comes after what the sample draws itself, so that it stays the same."""
    options: dict[str, Any] = {"root": str(clips_folder), "unit": "clip", "streams": ["image"]}
    plain = Toy("val", **options)
    toy = Toy("val", **options, transforms=[part("SwapWords"), part("CountWords", factor=10)])
    for index in range(len(plain)):
        text, sample = plain.get(index, rng()).text, toy.get(index, rng())
        assert text is not None
        assert sample.text is not None
        assert sample.text != text
        assert sorted(sample.text.split()) == sorted(text.split())
        assert sample.targets == {"words": 10 * len(text.split()), "of": 12}
    texts = {toy.get(0, np.random.default_rng(seed)).text for seed in range(20)}
    assert len(texts) > 6  # more than there are captions


def test_a_transform_that_returns_no_sample_is_named(clips_folder: Path) -> None:
    toy = Toy("val", root=str(clips_folder), transforms=[part("CountWords"), part("Forgetful")])
    with pytest.raises(DataError, match="the transform transform_parts:Forgetful of toy returned dict") as e:
        _ = toy[0]
    assert "with_targets" in str(e.value.hint)


def test_what_they_draw_depends_on_the_epoch_and_not_on_the_workers(clips_folder: Path) -> None:
    spec = [{"type": "RowDropout", "rate": 0.5}, part("SwapWords")]
    toy = Toy("val", root=str(clips_folder), streams=["image"], transforms=spec)
    tokenizer = build_tokenizer(validate(Config("tiny", tiny.config())), toy)

    def batches(workers: int, epoch: int, position: int = 0) -> list[tuple[torch.Tensor, Any]]:
        order = Order(len(toy), 8, (0, 1))
        order.seek(epoch, position)
        made = training_loader(toy, order, tokenizer, workers)
        return [(batch.streams["image"].values, batch.texts) for batch in made]

    first, again, resumed, later = batches(0, 0), batches(2, 0), batches(0, 0, 3), batches(0, 1)
    for ours, theirs in ((first, again), (first[3:], resumed)):
        assert len(ours) == len(theirs) > 3
        assert all(torch.equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(ours, theirs, strict=True))
    assert not torch.equal(first[0][0], later[0][0])


def test_row_dropout_silences_rows_at_its_rate() -> None:
    sample = Sample(tiny.TinyClips().clips[0], streams={"image": np.ones((4000, 3), np.float16)})
    values = RowDropout(0.25)(sample, tiny.TinyClips(), rng()).streams["image"]
    assert values.dtype == np.float16
    silent = (values == 0).all(1)
    assert ((values == 1).all(1) | silent).all()
    assert silent.mean() == pytest.approx(0.25, abs=0.03)
    with pytest.raises(ConfigError, match="rate must be"):
        RowDropout(1.0)


TOY = {"type": "Toy", "size": "small", "streams": ["image"]}


def config(transforms: Any, **phase: Any) -> Config:
    config = tiny.config(data={"train": {**TOY, "transforms": transforms}, "val": dict(TOY)})
    config["head"]["streams"] = {"image": 320}
    config["phases"]["caption"] |= phase
    return Config("mine", config)


WRONG = [
    ([{"type": "RowDropuot"}], "data.train.transforms.0.type: no transform is named 'RowDropuot'; did you mean 'Row"),
    ([{"type": "Toy"}], "data.train.transforms.0.type: no transform is named 'Toy'"),
    (
        [{"type": "RowDropout"}, {"type": "RowDropout", "rat": 0.1}],
        "data.train.transforms.1.rat: RowDropout has no argument 'rat'; did you mean 'rate'?",
    ),
    ([{"type": "RowDropout", "rate": "much"}], "data.train.transforms.0.rate: RowDropout wants float"),
    ([part("Needy")], "data.train.transforms.0: transform_parts:Needy needs the argument 'words'"),
    ([{"rate": 0.1}], "data.train.transforms.0: must be dict(type=..., ...): a transform"),
    (3, "data.train.transforms: Toy wants list[dict[str, Any]] | None for 'transforms', not 3"),
]  # fmt: skip


@pytest.mark.parametrize(("transforms", "said"), WRONG)
def test_what_is_wrong_is_said_before_the_run_with_its_key(transforms: Any, said: str) -> None:
    with pytest.raises(UserError) as caught:
        validate(config(transforms))
    assert said in str(caught.value)
    if isinstance(transforms, list):
        with pytest.raises(UserError, match=r"phases\.caption\.data\.transforms"):
            validate(config([], data={"transforms": transforms}))


def test_what_one_lacks_is_said_with_all_that_is_missing() -> None:
    recipe = validate(config([part("CountWords"), part("Needy", words="nowhere.txt")]))
    with pytest.raises(UserError, match=r"list of words .*data\.train\.transforms\.1") as caught:
        preflight.check(recipe, ["train"])
    assert "--set data.train.transforms.1.words=FILE" in str(caught.value)


def test_what_comes_as_data_names_no_path_to_a_transform() -> None:
    assert TRANSFORMS.load("transform_parts:Mirror").varies
    with installed_only(), pytest.raises(PluginError, match="no transform is named 'transform_parts:Mirror'"):
        TRANSFORMS.load("transform_parts:Mirror")
