"""Every config that trains on made-up data: its run, the bundle, and both for raw files say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidcap_core.captioning.file_captioner import load
from vidcap_core.config.files import Config, load_config
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Broken
from vidcap_core.testing.journey import differences, round_trip
from vidcap_core.zoo import catalogue

MADE_UP = ("Toy", "wsdvc_mask.MadeUp")


def made_up() -> list[str]:
    """The configs of all plugins whose data are made here, and that start from nothing."""
    configs = {row["name"]: load_config(row["name"]) for row in catalogue.rows("configs")}
    return [
        name
        for name, config in configs.items()
        if config["data"]["train"]["type"] in MADE_UP and not config.data.get("start_from")
    ]


def small(name: str, *changes: str) -> Config:
    """A config on the small toy data, which are there in seconds."""
    toy = load_config(name)["data"]["train"]["type"] == "Toy"
    sizes = [f"data.{split}.size='small'" for split in ("train", "val", "test")] if toy else []
    return load_config(name, [*sizes, *changes])


def test_all_of_them_are_here() -> None:
    assert {
        "core/toy",
        "default_model/toy",
        "mffcl/toy",
        "spectrum/toy",
        "srvc_la/toy",
        "wsdvc_mask/toy",
        "wsdvc_mask/toy_joint",
        "wsdvc_mask/toy_parity",
        "wsdvc_mask/made_up",
        "wsdvc_mask/made_up_parity",
    } <= set(made_up())


@pytest.mark.parametrize("name", made_up())
def test_a_run_its_bundle_and_raw_files_say_the_same(name: str, tmp_path: Path) -> None:
    assert differences(small(name), tmp_path, clips=5) == []


def test_a_standardised_stream_says_the_same(tmp_path: Path) -> None:
    changes = (
        "encoders={'image_std': {'type': 'Standardised', 'stream': 'image'}}",
        "head.streams={'image_std': 320, 'motion': 128}",
    )
    assert differences(small("core/toy", *changes), tmp_path, clips=5) == []


def test_an_encoder_that_reads_other_pictures_than_training_is_refused_before_it(tmp_path: Path) -> None:
    other = small("mffcl/toy", *(f"data.{s}.frames.short_side=56" for s in ("train", "val", "test")))
    with pytest.raises(UserError, match=r"encoders.video \(TimeSformer\) asks for short_side=48"):
        differences(other, tmp_path)
    assert not (tmp_path / "born").exists()


def test_a_stream_made_in_another_way_is_found() -> None:
    other = small(
        "core/toy",
        "extract.motion={'type': 'ToyGrid', 'stream': 'motion'}",
        "head.streams={'motion': 128}",
        "data.test.sample={'kind': 'uniform', 'count': 3}",
        "data.val.sample={'kind': 'uniform', 'count': 3}",
    )
    with pytest.raises(Broken, match=r"the stream 'motion' is \(3, 128\) in its data set"):
        round_trip(other)


@pytest.mark.usefixtures("shared_data")
@pytest.mark.parametrize("name", ["core/msvd_part", "srvc_la/msvd_part"])
def test_a_run_on_real_standardised_features_and_its_bundle_say_the_same(name: str, tmp_path: Path) -> None:
    assert differences(load_config(name), tmp_path, files=False) == []
    with pytest.raises(
        UserError, match=r"(?s)'image_std' \(made of 'image'\), .*extract = dict\(image=.*motion="
    ):
        load(tmp_path / "elsewhere" / "bundle", "cpu")
