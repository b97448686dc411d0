"""Runs over a stream of samples: the same bits whoever reads, and after a kill; what cannot work is refused."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import killed_runs
import pytest
import torch
from killed_runs import after_steps, final, losses, same
from shard_parts import tars

from vidcap_core.config.files import Config
from vidcap_core.engine import runs
from vidcap_core.engine.lanes import LaneOrder, lanes_of
from vidcap_core.errors import DataError, UserError
from vidcap_core.testing import tiny

SIZES = (5, 4, 6, 3, 5, 4)


def config(folder: Path, **changes: Any) -> dict[str, Any]:
    """Two phases over shards, that save at each step; scored on clips that are listed."""
    made = tiny.config(
        phases={"one": {"epochs": 3, "losses": ["tokens"]}, "two": {"steps": 5, "losses": ["tokens"]}},
        runtime={"batch": 4, "log_every": 1, "save_every": 1, **changes.pop("runtime", {})},
        **changes,
    )
    made["data"]["train"] = {"type": "Shards", "path": str(folder), "streams": ["image"], "shuffle": 4}
    return made


def train(made: dict[str, Any], folder: Path) -> None:
    runs.train(Config("test", made), work_dir=folder, device="cpu", quiet=True)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tars(tmp_path_factory.mktemp("data") / "shards", SIZES)


@pytest.fixture(scope="module")
def whole(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(config(shards), folder)
    return folder


def test_killed_and_resumed_it_ends_bit_for_bit_the_same(whole: Path, shards: Path, tmp_path: Path) -> None:
    made, folder = Config("test", config(shards)), tmp_path / "run"
    steps = sum("loss/tokens" in line for line in losses(whole))
    assert steps == 3 * 4 + 5  # of six batches an epoch, as many in each of four lanes
    for steps in (2, 5, 9):  # in the first epoch, in the second, in the second phase
        assert (
            killed_runs.in_child(made, folder, folder.exists(), after_steps(folder, steps, 0))
            == -signal.SIGKILL
        )
    assert killed_runs.in_child(made, folder, True) == 0
    assert same(final(whole), final(folder))
    assert losses(whole) == losses(folder)


def test_workers_change_nothing(whole: Path, shards: Path, tmp_path: Path) -> None:
    train(config(shards, runtime={"workers": 2}), tmp_path / "run")
    assert same(final(whole), final(tmp_path / "run"))


def test_lanes_are_shared_out() -> None:
    assert [lanes_of(shards, 1, 50) for shards in (1, 2, 3, 7, 8, 100)] == [1, 2, 2, 4, 8, 8]
    assert lanes_of(12, 4, 50) == lanes_of(50, 1, 3) == 2
    with pytest.raises(DataError, match="3 shards cannot be shared by 4 processes"):
        lanes_of(3, 4, 50)

    class Data:
        def __len__(self) -> int:
            return 45

        def most_lanes(self) -> int:
            return 9

    orders = [LaneOrder(Data(), 4, (0,), rank, 2) for rank in range(2)]  # type: ignore[arg-type]
    for order in orders:
        assert (order.batches, order.lanes) == (8, 4)
        assert [order.workers(asked) for asked in (0, 1, 3, 6, 20)] == [0, 1, 2, 4, 4]
    stretches = []
    for epoch in range(3):
        for order in orders:
            order.seek(epoch, 0)
            stretches += [stretch for batch in order for stretch in batch]
    for lane in range(8):  # no sample is left out, none is given twice
        firsts = [first for its, first, count in stretches if its == lane]
        assert firsts == list(range(0, 2 * len(firsts), 2))
    orders[0].seek(1, 5)
    later = [stretch for batch in orders[0] for stretch in batch]
    orders[0].seek(1, 0)
    assert later == [stretch for batch in orders[0] for stretch in batch][5:]


def test_what_a_stream_cannot_do_is_refused(shards: Path, tmp_path: Path) -> None:
    scored = config(shards)
    scored["data"]["val"] = scored["data"]["train"]
    learning = config(shards, losses={"tokens": {"type": "SelfCritical"}})
    cached = config(shards)
    cached["phases"]["one"]["cache"] = ["image"]
    for made, said in (
        (scored, r"data\.val: Shards is a stream of samples: it can be trained on, and not scored"),
        (learning, "SelfCritical learns from all clips before a run"),
        (cached, "only listed clips are kept"),
    ):
        with pytest.raises(UserError, match=said):
            train(made, tmp_path / "run")
        assert not (tmp_path / "run").exists()


def test_a_shard_that_breaks_ends_the_run_with_its_name(tmp_path: Path) -> None:
    folder = tars(tmp_path / "shards", SIZES)
    content = (folder / "004.tar").read_bytes()
    (folder / "004.tar").write_bytes(content[: len(content) // 2])
    for workers in (0, 2):
        with pytest.raises(UserError, match=r"004\.tar: is broken behind \d samples"):
            train(config(folder, runtime={"workers": workers}), tmp_path / f"run{workers}")
