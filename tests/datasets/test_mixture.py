"""Several data sets side by side."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from vidcap_core.config.files import Config
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.datasets.mixture import Mixture
from vidcap_core.engine import runs
from vidcap_core.errors import DataError
from vidcap_core.saved import checkpoint
from vidcap_core.testing import tiny

TOY: dict[str, Any] = {"type": "Toy", "size": "small", "unit": "clip"}
TRAIN = {**TOY, "split": "train"}
VAL = {**TOY, "split": "val"}


def test_an_epoch_passes_each_as_often_as_said() -> None:
    mixture = Mixture({"a": TRAIN, "b": VAL}, {"a": 3})
    assert isinstance(mixture, Dataset)
    a, b = mixture.parts["a"], mixture.parts["b"]
    rng = np.random.default_rng(0)
    seen = Counter(mixture.get(index, rng).clip.id for index in range(len(mixture)))
    assert len(mixture) == 3 * len(a) + len(b)
    assert all(seen[clip.id] == 3 for clip in a.clips)
    assert all(seen[clip.id] == 1 for clip in b.clips)
    assert mixture.references().keys() == a.references().keys() | b.references().keys()
    assert mixture.durations() == {**a.durations(), **b.durations()}
    assert len(mixture.events()[0]) == len(a.clips) + len(b.clips)


def test_a_set_that_is_left_out_still_teaches_its_words() -> None:
    mixture = Mixture({"a": TRAIN, "b": VAL}, {"b": 0})
    assert len(mixture) == len(mixture.parts["a"])
    assert "b:" not in mixture.coverage()
    assert Counter(mixture.captions()) == Counter(
        [*mixture.parts["a"].captions(), *mixture.parts["b"].captions()]
    )
    assert not {clip.id for clip in mixture.parts["b"].clips} & mixture.references().keys()


def test_how_often_decides_the_fingerprint() -> None:
    once, twice = Mixture({"a": TRAIN}), Mixture({"a": TRAIN}, {"a": 2})
    assert once.fingerprint() != twice.fingerprint()
    assert once.fingerprint() == Mixture({"a": TRAIN}).fingerprint()


@pytest.mark.parametrize(
    ("of", "times", "what"),
    [
        ({}, {}, "needs data sets"),
        ({"a": {"split": "train"}}, {}, "'a' of a Mixture must be dict"),
        ({"a": TRAIN}, {"b": 1}, "times names 'b'"),
        ({"a": TRAIN}, {"a": -1}, r"times\.a must be a whole number"),
        ({"a": TRAIN}, {"a": 1.5}, r"times\.a must be a whole number"),
        ({"a": TRAIN, "b": TRAIN}, {}, "is in 'a' and in 'b'"),
    ],
)
def test_what_makes_no_sense_is_refused(of: dict[str, Any], times: dict[str, int], what: str) -> None:
    with pytest.raises(DataError, match=what):
        Mixture(of, times)


def test_phases_change_what_is_mixed(tmp_path: Any) -> None:
    """First one set, then both: as the default model is trained."""
    train = {
        "type": "Mixture",
        "of": {"a": {**TRAIN, "limit": 4, "streams": ["image"]}, "b": {**VAL, "streams": ["image"]}},
    }
    config = tiny.config(
        data={"train": train, "val": {**VAL, "limit": 2, "streams": ["image"]}},
        head={"type": "MeanPoolGRU", "streams": {"image": 320}, "width": 8},
        phases={
            "one": {"epochs": 1, "losses": ["tokens"], "data": {"times": {"b": 0}}},
            "both": {"epochs": 1, "losses": ["tokens"], "data": {"times": {"a": 2}}},
        },
        evaluate={"every": 0, "metrics": ["cider-d"], "best": None},
        runtime={"batch": 2, "log_every": 1},
    )
    runs.train(Config("mixture", config), work_dir=tmp_path / "run", device="cpu", quiet=True)
    content, _ = checkpoint.latest(tmp_path / "run" / "checkpoints")
    b = len(Mixture({"b": VAL}))
    assert content is not None
    assert content["progress"]["step"] == 2 + (8 + b) // 2
