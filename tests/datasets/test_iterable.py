"""A data set that comes in a stream: what it promises, that a run trains over it, and that none is scored on it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from vidcap_core.api import AnyDataset, Clip, IterableDataset, Sample
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.engine import runs
from vidcap_core.errors import ConfigError
from vidcap_core.testing import tiny
from vidcap_core.testing.tiny import TinyClips


class Endless:
    """Clips that nobody has counted. clips: how many there are in truth."""

    def __init__(self, clips: int = 10) -> None:
        self._clips = clips

    def __len__(self) -> int:
        return self._clips

    def most_lanes(self) -> int:
        """One for each clip."""
        return self._clips

    def stream(self, seed: Sequence[int], lane: int, lanes: int, start: int) -> Iterator[Sample]:
        """Each lane takes every so-manieth clip of each pass, in an order of the pass."""
        for number in itertools.count():
            order = np.random.default_rng([*seed, number]).permutation(self._clips)
            for index in order[lane::lanes][start:]:
                yield Sample(
                    Clip(f"clip{index}"), (), f"number {index}", {"image": np.ones((2, 16), np.float32)}
                )
            start = max(0, start - len(order[lane::lanes]))

    def captions(self) -> Iterator[str]:
        """All of them."""
        return (f"number {index}" for index in range(self._clips))

    def coverage(self) -> str:
        """Nobody knows of how many."""
        return f"{self._clips} of {self._clips}"

    def fingerprint(self) -> str:
        """Their count is all there is to them."""
        return str(self._clips)


def made_by_a_function(clips: int = 10, unit: str = "caption") -> Endless:
    """Before it is called nobody knows what it makes."""
    return Endless(clips)


class Both(TinyClips, Endless):
    """One that can also look a sample up by its number."""


def ids(count: int, lane: int = 0, lanes: int = 1, start: int = 0) -> list[str]:
    samples = itertools.islice(Endless().stream((0, 1), lane, lanes, start), count)
    return [sample.clip.id for sample in samples]


def test_the_contract() -> None:
    assert isinstance(Endless(), IterableDataset)
    assert not isinstance(Endless(), AnyDataset)
    assert not isinstance(TinyClips(), IterableDataset)
    assert ids(10) == ids(20)[:10] != ids(20)[10:]
    assert ids(7, start=14) == ids(21)[14:]
    parts = [ids(len(range(lane, 10, 3)), lane, 3) for lane in range(3)]
    assert sorted(itertools.chain(*parts)) == sorted(ids(10))


@pytest.mark.parametrize("name", ["Endless", "made_by_a_function"])
def test_a_run_trains_over_one_and_refuses_to_score_it(name: str, tmp_path: Path) -> None:
    made = tiny.config()
    made["data"]["train"] = {"type": f"{__name__}:{name}", "clips": 10}
    runs.train(Config("mine", made), work_dir=tmp_path / "run", device="cpu", quiet=True)
    made["data"]["val"] = made["data"]["train"]
    with pytest.raises(ConfigError, match=rf"data\.val: {__name__}:{name} is a stream of samples") as caught:
        runs.train(Config("mine", made), work_dir=tmp_path / "other", device="cpu", quiet=True)
    assert "lists its clips" in str(caught.value.hint)
    assert not (tmp_path / "other").exists()


def test_one_that_can_also_be_read_by_number_is_not() -> None:
    made = tiny.config()
    made["data"]["train"] = {"type": f"{__name__}:Both"}
    assert isinstance(validate(Config("mine", made)).data["train"].build(), IterableDataset)
