"""A data set that comes in a stream: what it promises, and that a run over it is refused by name."""

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

    def stream(
        self, seed: Sequence[int], epoch: int, shard: int, shards: int, start: int
    ) -> Iterator[Sample]:
        """Each shard takes every so-manieth clip of the epoch's order."""
        order = np.random.default_rng([*seed, epoch]).permutation(self._clips)
        for index in order[shard::shards][start:]:
            yield Sample(Clip(f"clip{index}"), text=f"number {index}")

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


def ids(epoch: int, shard: int = 0, shards: int = 1, start: int = 0) -> list[str]:
    return [sample.clip.id for sample in Endless().stream((0, 1), epoch, shard, shards, start)]


def test_the_contract() -> None:
    assert isinstance(Endless(), IterableDataset)
    assert not isinstance(Endless(), AnyDataset)
    assert not isinstance(TinyClips(), IterableDataset)
    assert ids(0) == ids(0) != ids(1)
    assert ids(0, start=4) == ids(0)[4:]
    parts = [ids(0, shard, 3) for shard in range(3)]
    assert sorted(itertools.chain(*parts)) == sorted(ids(0))
    assert ids(0, 1, 3, start=2) == parts[1][2:]


@pytest.mark.parametrize("name", ["Endless", "made_by_a_function"])
@pytest.mark.parametrize("split", ["train", "val"])
def test_a_run_over_one_is_refused_by_name(split: str, name: str, tmp_path: Path) -> None:
    made = tiny.config()
    made["data"][split] = {"type": f"{__name__}:{name}", "clips": 5}
    with pytest.raises(
        ConfigError, match=rf"data\.{split}: {__name__}:{name} is a stream of samples"
    ) as caught:
        runs.train(Config("mine", made), work_dir=tmp_path / "run", device="cpu", quiet=True)
    assert "vidcap_core.api.AnyDataset" in str(caught.value.hint)
    assert not (tmp_path / "run").exists()


def test_one_that_can_also_be_read_by_number_is_not() -> None:
    made = tiny.config()
    made["data"]["train"] = {"type": f"{__name__}:Both"}
    assert isinstance(validate(Config("mine", made)).data["train"].build(), IterableDataset)
