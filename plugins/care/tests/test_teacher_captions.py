"""NACF from a teacher: the captions that it learns, and what is said where there are none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from vidcap_care.teacher_captions import TeacherCaptions

from vidcap_core.api import DataError, load_recipe
from vidcap_core.testing import TinyClips


def test_samples_get_the_teachers_text(tmp_path: Path) -> None:
    data = TinyClips()
    sample = data.get(0, np.random.default_rng(0))
    file = tmp_path / "predictions-train.json"
    file.write_text(json.dumps([{"id": sample.clip.id, "text": "a red ball"}]))
    taught = TeacherCaptions(str(file))(sample, data, np.random.default_rng(0))
    assert taught.text == "a red ball"
    assert taught.clip == sample.clip
    assert TeacherCaptions(str(file), share=0.0)(sample, data, np.random.default_rng(0)) is sample
    drawn = [
        TeacherCaptions(str(file), share=0.5)(sample, data, np.random.default_rng(seed)).text
        for seed in range(40)
    ]
    assert 8 < drawn.count("a red ball") < 32


def test_captions_that_are_not_there_are_named(tmp_path: Path) -> None:
    data = TinyClips()
    sample = data.get(0, np.random.default_rng(0))
    file = tmp_path / "predictions-train.json"
    [missing] = TeacherCaptions.missing(str(file))
    assert "test --split train" in missing.fix
    file.write_text(json.dumps([{"id": "another", "text": "a"}]))
    with pytest.raises(DataError, match=f"no caption of the clip '{sample.clip.id}'"):
        TeacherCaptions(str(file))(sample, data, np.random.default_rng(0))
    file.write_text('{"text": "a"}')
    with pytest.raises(DataError, match="no captions of a teacher can be read"):
        TeacherCaptions(str(file))(sample, data, np.random.default_rng(0))
    with pytest.raises(DataError, match=r"share=2 must lie in \[0, 1\]"):
        TeacherCaptions(str(file), share=2)


def test_stages_and_teachers_of_the_configs() -> None:
    stages = load_recipe("care/toy_two_stages").phases
    assert [(phase.name, phase.updates) for phase in stages] == [
        ("concepts", (("concepts",),)),
        ("caption", (("tokens", "concepts"),)),
    ]
    assert stages[0].train == ("head.network.encoders", "head.network.concepts.predict")
    assert [phase.name for phase in load_recipe("care/msrvtt_two_stages").phases] == ["concepts", "caption"]
    taught = load_recipe("care/toy_nacf_taught")
    assert taught.start is not None
    assert taught.start.run == "runs/arb"
