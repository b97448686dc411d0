"""Samples streamed from shards: each once a pass, from any place on, and told by name where a shard is broken."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shard_parts import tables, tars

from vidcap_core.api import IterableDataset
from vidcap_core.datasets.shards import Shards
from vidcap_core.errors import DataError, UserError
from vidcap_core.testing.tiny import TinyClips

SIZES = (7, 5, 6, 4)
Make = Callable[..., Path]


def some(data: Shards, count: int, lane: int = 0, lanes: int = 1, start: int = 0) -> list[Any]:
    return list(itertools.islice(data.stream((3, 0), lane, lanes, start), count))


def ids(*given: Any, **more: Any) -> list[str]:
    return [sample.clip.id for sample in some(*given, **more)]


@pytest.fixture(params=[tars, tables])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Shards:
    if request.param is tables:
        pytest.importorskip("pyarrow")
    return Shards(str(request.param(tmp_path / "shards", SIZES)), shuffle=5, streams=["image"])


def test_a_sample_is_what_was_written(data: Shards) -> None:
    assert isinstance(data, IterableDataset)
    assert len(data) == 22
    clips = TinyClips(22)
    for sample in some(data, 22):
        number = int(sample.clip.id.removeprefix("clip"))
        assert np.array_equal(
            sample.streams["image"], clips.get(2 * number, np.random.default_rng()).streams["image"]
        )
        assert sample.text in clips.references()[sample.clip.id]
    assert set(data.captions()) == set(clips.captions())


def test_each_sample_once_a_pass_and_another_order_each_time(data: Shards) -> None:
    two = ids(data, 44)
    assert sorted(two[:22]) == sorted(two[22:]) == sorted(f"clip{n}" for n in range(22))
    assert two[:22] != two[22:]
    parts = [some(data, 30, lane, 2) for lane in range(2)]
    firsts = [list(dict.fromkeys(s.clip.id for s in part)) for part in parts]
    assert len(firsts[0]) + len(firsts[1]) >= 22
    assert ids(data, 22) != sorted(ids(data, 22))


@pytest.mark.parametrize("start", [1, 4, 11, 21, 22, 23, 50])
def test_it_goes_on_from_any_place(data: Shards, start: int) -> None:
    for lane, lanes in ((0, 1), (1, 2)):
        there = some(data, 12, lane, lanes, start)
        whole = some(data, start + 12, lane, lanes)[start:]
        assert [(s.clip.id, s.text) for s in there] == [(s.clip.id, s.text) for s in whole]


def test_without_sizes_it_goes_on_too(tmp_path: Path) -> None:
    known = Shards(str(tars(tmp_path / "a", SIZES)), shuffle=5, streams=["image"])
    with pytest.raises(DataError, match=r"nothing says how many samples .*000\.tar has"):
        Shards(str(tars(tmp_path / "b", SIZES, counted=False)))
    unknown = Shards(str(tmp_path / "b"), samples=10, shuffle=5, streams=["image"])
    assert len(unknown) == 10
    for start in (0, 9, 25, 60):
        assert ids(unknown, 9, start=start) == ids(known, 9, start=start)


def test_a_shard_that_is_broken_in_its_midst_is_named(tmp_path: Path) -> None:
    folder = tars(tmp_path / "shards", SIZES)
    shard = folder / "001.tar"
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"001\.tar: is broken behind \d samples"):
        ids(Shards(str(folder), streams=["image"]), 22)
    shard.write_bytes(whole[:4096] + b"\1" * 512 + whole[4608:])
    with pytest.raises(DataError, match=r"001\.tar: is broken behind \d samples: what should be a header"):
        ids(Shards(str(folder), streams=["image"]), 22)
    shard.write_bytes(whole)
    (folder / "sizes.json").write_text(json.dumps({f"{n:03}.tar": 6 for n in range(4)}))
    with pytest.raises(DataError, match=r"tar: has \d samples, and sizes\.json beside it says 6"):
        ids(Shards(str(folder), streams=["image"]), 22)


def test_a_broken_table_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    folder = tables(tmp_path / "tables", SIZES)
    table = folder / "001.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[:4] + bytes(80) + whole[84:])
    with pytest.raises(DataError, match=r"001\.parquet: is broken at row \d"):
        ids(Shards(str(folder), streams=["image"]), 22)
    table.write_bytes(whole[:-30])
    with pytest.raises(DataError, match=r"001\.parquet: is no Parquet, or damaged"):
        Shards(str(folder), streams=["image"])


def test_mistakes_are_told(tmp_path: Path) -> None:
    folder = tars(tmp_path / "shards", (2, 2))
    for wrong, said in (
        ({"path": str(tmp_path / "nowhere")}, "nowhere: there is no such file"),
        ({"path": str(tmp_path)}, "there are no shards"),
        ({"path": str(tmp_path / "*.tar")}, "there are no shards"),
        ({"path": str(folder / "sizes.json")}, "is no shard"),
        ({"path": str(folder), "shuffle": 0}, "shuffle must be 1 or more"),
    ):
        with pytest.raises(UserError, match=said):
            Shards(**wrong)  # type: ignore[arg-type]
    [absent] = Shards.missing(str(tmp_path / "nowhere"))
    assert "nowhere" in absent.looked
    for arguments, said in (
        ({"streams": ["motion"]}, "has no 'motion'; it has image.npy, json"),
        ({"caption": "txt"}, "has no caption; it has image.npy, json"),
        ({"frames": {"kind": "uniform", "count": 2}}, "holds no video; it has image.npy, json"),
    ):
        with pytest.raises(DataError, match=said):
            some(Shards(str(folder), **arguments), 1)  # type: ignore[arg-type]
    (folder / "sizes.json").write_text("[1]")
    with pytest.raises(DataError, match="is not of the form"):
        Shards(str(folder))
