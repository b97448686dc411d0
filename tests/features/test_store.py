"""The store: what goes in comes out, from any process; a killed writer loses at most the clip in work."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from vidcap_core.errors import DataError
from vidcap_core.features.index import read_index, write_index
from vidcap_core.features.shard_index import index_name, key_of
from vidcap_core.features.store import FeatureStore
from vidcap_core.features.writer import FeatureWriter

RECIPE = {"encoder": "Made", "seed": 1}


def features(index: int) -> np.ndarray:
    rng = np.random.default_rng(index)
    return rng.normal(size=(3 + index % 5, 8)).astype(np.float32)


def write(path: Path, count: int = 30, shard_bytes: int = 400) -> Path:
    with FeatureWriter(path, RECIPE, "float32", shard_bytes) as writer:
        for index in range(count):
            if f"clip{index}" not in writer.done:
                writer.add(f"clip{index}", features(index))
    return path


def listed(path: Path) -> Path:
    """The same store as version 2 had it: all clips in the one index."""
    store, index = FeatureStore(path), read_index(path)
    index["clips"] = {clip: place.plain() for clip, place in store._clips.items()}
    for shard in index["shards"]:
        (path / index_name(shard["file"])).unlink()
        del shard["clips"], shard["index"]
    write_index(path, {**index, "version": 2})
    return path


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    store = FeatureStore(write(tmp_path / "s"))
    assert store.ids == [f"clip{i}" for i in range(30)]
    assert store.dim == 8
    assert store.recipe == RECIPE
    assert "clip3" in store
    assert "clip99" not in store
    assert len(store.shards) > 3
    for index in range(30):
        np.testing.assert_array_equal(store[f"clip{index}"], features(index))
        assert store.shape(f"clip{index}") == features(index).shape
    with pytest.raises(KeyError, match="clip99"):
        store["clip99"]
    assert store.verify() == []


def test_shards_are_safetensors(tmp_path: Path) -> None:
    store = FeatureStore(write(tmp_path / "s"))
    found = {}
    for shard in store.shards:
        found.update(load_file(store.path / shard["file"]))
    assert set(found) == set(store.ids)
    np.testing.assert_array_equal(found["clip7"], features(7))


def test_a_view_cannot_change_the_file(tmp_path: Path) -> None:
    store = FeatureStore(write(tmp_path / "s"))
    with pytest.raises(ValueError, match="read-only"):
        store["clip0"][0, 0] = 1


def read_some(store: FeatureStore, queue: multiprocessing.Queue[bool]) -> None:
    queue.put(all(np.array_equal(store[f"clip{i}"], features(i)) for i in range(30)))


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_workers_read_a_store_opened_before_they_began(tmp_path: Path, way: str) -> None:
    store = FeatureStore(write(tmp_path / "s"))
    store["clip0"]  # a map is open when the process splits
    context = multiprocessing.get_context(way)
    queue = context.Queue()
    workers = [context.Process(target=read_some, args=(store, queue)) for _ in range(3)]
    for worker in workers:
        worker.start()
    assert [queue.get(timeout=60) for _ in workers] == [True] * 3
    for worker in workers:
        worker.join()


def test_pickled_by_path(tmp_path: Path) -> None:
    store = FeatureStore(write(tmp_path / "s"))
    assert len(pickle.dumps(store)) < 1000
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(store))["clip4"], features(4))


SLOW_WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import features, RECIPE
from vidcap_core.features.writer import FeatureWriter
with FeatureWriter(Path(sys.argv[1]), RECIPE, "float32", 400) as writer:
    for index in range(30):
        if f"clip{index}" not in writer.done:
            writer.add(f"clip{index}", features(index))
            print(index, flush=True)
            time.sleep(0.003)
"""


@pytest.mark.parametrize("after", [0, 1, 4, 11, 23])
def test_killed_and_restarted_is_byte_identical(tmp_path: Path, after: int) -> None:
    whole = contents(write(tmp_path / "whole"))
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER, str(tmp_path / "killed"), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= after:
            os.kill(process.pid, signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL
    with FeatureWriter(tmp_path / "killed", RECIPE, "float32", 400) as writer:
        assert len(writer.done) >= after + 1  # what was said to be written is there
        assert len(writer.done) < 30
        for index in range(30):
            if f"clip{index}" not in writer.done:
                writer.add(f"clip{index}", features(index))
    assert contents(tmp_path / "killed") == whole


@pytest.mark.parametrize("step", ["write_shard", "write_index", "truncate"])
def test_killed_while_sealing(tmp_path: Path, step: str) -> None:
    """The process dies right before, or right after, each step that makes a shard of the open data."""
    whole = contents(write(tmp_path / "whole"))
    for late in (False, True):
        path = tmp_path / f"killed-{late}"
        code = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import vidcap_core.features.writer as w
from test_store import write
def deadly(real):
    def call(*args, **named):
        if not {late}: os.kill(os.getpid(), signal.SIGKILL)
        real(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    return call
if {step!r} == "truncate":
    real = w.FeatureWriter._line
    def line(self, entry):
        if "recipe" in entry and self._index["shards"]:
            os.kill(os.getpid(), signal.SIGKILL)
        real(self, entry)
    w.FeatureWriter._line = line
else:
    setattr(w, {step!r}, deadly(getattr(w, {step!r})))
write(Path({str(path)!r}))
"""
        assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
        assert contents(write(path)) == whole


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_journal_loses_one_clip(tmp_path: Path, cut: int) -> None:
    whole = contents(write(tmp_path / "whole", 4, 10_000))
    path = tmp_path / "torn"
    stopped = FeatureWriter(path, RECIPE, "float32", 10_000)
    for index in range(3):
        stopped.add(f"clip{index}", features(index))
    stopped.__exit__(RuntimeError, RuntimeError("stopped"), None)
    journal = path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-cut])
    with FeatureWriter(path, RECIPE, "float32", 10_000) as writer:
        assert writer.done == {"clip0", "clip1"}
        for index in (2, 3):
            writer.add(f"clip{index}", features(index))
    assert contents(path) == whole


def test_another_recipe_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "s")
    with pytest.raises(DataError, match="seed is 1 there, 2 here"):
        FeatureWriter(tmp_path / "s", {**RECIPE, "seed": 2}, "float32")
    with pytest.raises(DataError, match="dtype"):
        FeatureWriter(tmp_path / "s", RECIPE, "float16")
    assert FeatureStore(tmp_path / "s").verify() == []


def test_two_writers_are_refused(tmp_path: Path) -> None:
    with FeatureWriter(tmp_path / "s", RECIPE) as writer:
        with pytest.raises(DataError, match="another process"):
            FeatureWriter(tmp_path / "s", RECIPE)
        writer.add("a", features(0))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros(4), "are \\[T, D\\]"),
        (np.zeros((0, 4)), "are \\[T, D\\]"),
        (np.full((2, 4), np.nan), "NaN"),
        (np.full((2, 4), 1e6), "too large for float16"),
        (np.zeros((2, 5)), "has 5 features a row, the store has 8"),
    ],
)
def test_bad_features_are_refused(tmp_path: Path, values: np.ndarray, reason: str) -> None:
    with FeatureWriter(tmp_path / "s", RECIPE) as writer:
        writer.add("good", features(0))
        with pytest.raises(DataError, match=reason):
            writer.add("bad", values)
    assert FeatureStore(tmp_path / "s").ids == ["good"]


def test_damage_is_found(tmp_path: Path) -> None:
    store = FeatureStore(write(tmp_path / "s"))
    file = store.path / store.shards[0]["file"]
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)
    wrong = FeatureStore(tmp_path / "s").verify()
    assert len(wrong) == 2
    assert "shard-00000" in wrong[0]
    file.write_bytes(raw[:-4])
    with pytest.raises(DataError, match="copied in part"):
        FeatureStore(tmp_path / "s")["clip0"]


@pytest.mark.parametrize("name", ["index.json", "shard-00001.safetensors", "shard-00001.index"])
def test_no_flipped_bit_is_silently_wrong(tmp_path: Path, name: str) -> None:
    """Offset, type, start: each of them would give other features under a clip's name."""
    file = write(tmp_path / "s") / name
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    for place in rng.choice(8 * len(whole), 400, replace=False).tolist():
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        file.write_bytes(flipped)
        try:
            wrong = FeatureStore(tmp_path / "s").verify()
        except DataError as error:
            wrong = [error.line]
        assert wrong, f"bit {place}"


CHANGES = {
    "shard": lambda index: index["clips"]["clip0"].update(shard=99),
    "before": lambda index: index["clips"]["clip0"].update(offset=-8),
    "beyond": lambda index: index["clips"]["clip0"].update(offset=1 << 40),
    "shape": lambda index: index["clips"]["clip0"].update(shape=[1 << 60, 8]),
    "flat": lambda index: index["clips"]["clip0"].update(shape=3),
    "wide": lambda index: index.update(dim=9),
    "type": lambda index: index.update(dtype="object"),
    "elsewhere": lambda index: index["shards"][0].update(file="../s/shard-00000.safetensors"),
    "start": lambda index: index["shards"][0].update(start=-1),
    "no clips": lambda index: index.pop("clips"),
    "clips": lambda index: index.update(clips=[1]),
    "recipe": lambda index: index.update(recipe=7),
    "none": lambda index: index["clips"].clear(),
    "bytes": lambda index: index["shards"][0].update(bytes=str(index["shards"][0]["bytes"])),
    "no hash": lambda index: index["shards"][0].pop("sha256"),
    "unnamed": lambda index: index["shards"][0].update(file=""),
    "above": lambda index: index["shards"][0].update(file=".."),
    "nul": lambda index: index["shards"][0].update(file="a\0"),
    "half a byte": lambda index: index["clips"]["clip0"].update(offset=0.5),
    "truth": lambda index: index["clips"]["clip0"].update(shard=True),
    "text": lambda index: index.update(dim="8"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_sealed_index_that_cannot_be_right(tmp_path: Path, change: str) -> None:
    """A seal says that nothing was damaged, and not who wrote it."""
    index = read_index(listed(write(tmp_path / "s")))
    CHANGES[change](index)
    write_index(tmp_path / "s", index)
    with pytest.raises(DataError, match=r"index\.json: is damaged"):
        FeatureStore(tmp_path / "s")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda index: index["clips"]["clip0"].update(offset=1), "clip0: its features were changed"),
        (
            lambda index: index["clips"].update(clip0=index["clips"]["clip1"] | {"sha256": "0" * 64}),
            "clip0: ",
        ),
    ],
)
def test_a_clip_that_is_not_where_its_index_says(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], line: str
) -> None:
    """Every shard is right, and every clip is looked at all the same."""
    index = read_index(listed(write(tmp_path / "s")))
    change(index)
    write_index(tmp_path / "s", index)
    [wrong] = FeatureStore(tmp_path / "s").verify()
    assert wrong.startswith(line)


def test_a_store_of_version_2_is_read_as_ever(tmp_path: Path) -> None:
    store = FeatureStore(listed(write(tmp_path / "s")))
    assert store.ids == [f"clip{i}" for i in range(30)]
    for index in range(30):
        np.testing.assert_array_equal(store[f"clip{index}"], features(index))
        assert store.shape(f"clip{index}") == features(index).shape
    assert store.verify() == []
    assert ("clip99" in store, 3 in store) == (False, False)
    assert store.fingerprint() == "bbb352d24da3a6bf"


@pytest.mark.parametrize("count", [4, 17, 30])
def test_a_store_of_version_2_goes_on_as_one_of_today(tmp_path: Path, count: int) -> None:
    whole = contents(write(tmp_path / "whole"))
    path = listed(write(tmp_path / "s", count))
    before = {file.name: file.read_bytes() for file in path.glob("*.safetensors")}
    write(path)
    assert FeatureStore(path).verify() == []
    assert FeatureStore(path).fingerprint() == FeatureStore(tmp_path / "whole").fingerprint()
    assert {name: contents(path)[name] for name in before} == before
    if count == 30:
        assert contents(path) == whole


OF_A_SHARD = {
    "more clips": lambda shard, raw: shard.update(clips=shard["clips"] + 1),
    "no clips": lambda shard, raw: shard.update(clips=0),
    "many clips": lambda shard, raw: shard.update(clips=1 << 60),
    "beyond": lambda shard, raw: raw.__setitem__(
        slice(8 * shard["clips"], 8 * shard["clips"] + 8), b"\xff" * 8
    ),
    "long": lambda shard, raw: raw.__setitem__(
        slice(24 * shard["clips"], 24 * shard["clips"] + 4), b"\xff" * 4
    ),
    "empty": lambda shard, raw: raw.__setitem__(
        slice(24 * shard["clips"], 24 * shard["clips"] + 4), b"\0" * 4
    ),
    "ids": lambda shard, raw: raw.__setitem__(
        slice(16 * shard["clips"], 16 * shard["clips"] + 8), b"\xff" * 8
    ),
    "half": lambda shard, raw: raw.__delitem__(slice(len(raw) - 3, None)),
    "no index": lambda shard, raw: shard.pop("index"),
    "unhashed": lambda shard, raw: raw.append(0),
}


@pytest.mark.parametrize("change", OF_A_SHARD)
def test_a_shards_index_that_cannot_be_right(tmp_path: Path, change: str) -> None:
    """Sealed anew, so that its content alone gives it away."""
    index = read_index(write(tmp_path / "s"))
    shard = index["shards"][1]
    file = tmp_path / "s" / index_name(shard["file"])
    raw = bytearray(file.read_bytes())
    OF_A_SHARD[change](shard, raw)
    file.write_bytes(raw)
    if change not in ("no index", "unhashed"):
        shard["index"] = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    write_index(tmp_path / "s", index)
    with pytest.raises(DataError, match=r"index\.json: is damaged"):
        FeatureStore(tmp_path / "s")


def test_an_index_that_finds_another_clip(tmp_path: Path) -> None:
    """Keys that are not those of the ids: `verify` looks for each clip."""
    index = read_index(write(tmp_path / "s"))
    shard = index["shards"][0]
    file = tmp_path / "s" / index_name(shard["file"])
    raw = bytearray(file.read_bytes())
    raw[:8] = key_of("stranger").to_bytes(8, "little")
    file.write_bytes(raw)
    shard["index"]["sha256"] = hashlib.sha256(raw).hexdigest()
    write_index(tmp_path / "s", index)
    assert FeatureStore(tmp_path / "s").verify() == ["clip0: its index does not find it"]


def test_odd_ids_come_back(tmp_path: Path) -> None:
    ids = ["a/b c", "Žluťoučký 🎬", "half\udc80", "", "n" * 5000]
    with FeatureWriter(tmp_path / "s", RECIPE, "float32", 400) as writer:
        for number, clip in enumerate(ids):
            writer.add(clip, features(number))
    store = FeatureStore(tmp_path / "s")
    assert store.ids == ids
    for number, clip in enumerate(ids):
        np.testing.assert_array_equal(store[clip], features(number))


def test_a_shard_of_another_store_is_found(tmp_path: Path) -> None:
    """Same clips, same sizes, another seed of the encoder."""
    store, other = write(tmp_path / "s"), write(tmp_path / "o")
    shard = other / "shard-00001.safetensors"
    raw = bytearray(shard.read_bytes())
    raw[-4:] = np.float32(9).tobytes()
    (store / shard.name).write_bytes(raw)
    assert FeatureStore(store).verify()[0] == f"{shard.name}: is not what the index says"
    (store / shard.name).unlink()
    assert FeatureStore(store).verify() == [f"{shard.name}: is not there"]


def test_what_is_no_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no feature store"):
        FeatureStore(tmp_path)
    (tmp_path / "index.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(DataError, match="not the index"):
        FeatureStore(tmp_path)
    writer = FeatureWriter(tmp_path / "s", RECIPE)
    writer.add("a", features(0))
    with pytest.raises(DataError, match="not finished"):
        FeatureStore(tmp_path / "s")
    writer.close()
    assert time.time() - (tmp_path / "s" / "index.json").stat().st_mtime < 60


@pytest.mark.parametrize("kind", ["file", "pipe", "dangling", "below a file", "long"])
def test_where_no_store_can_be(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("x" * 300 if kind == "long" else "s")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "nowhere" / "x")
    elif kind != "long":
        path.write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        FeatureWriter(path / "inner" if kind == "below a file" else path, RECIPE)


@pytest.mark.parametrize("line", [b"[" * 100_000, b'{"clip": 3}', b"[]", b'{"shape": 3}', b"9" * 5000])
def test_a_journal_that_nobody_wrote(tmp_path: Path, line: bytes) -> None:
    """What follows is made again."""
    writer = FeatureWriter(tmp_path / "s", RECIPE, "float32", 10_000)
    writer.add("clip0", features(0))
    writer.__exit__(RuntimeError, RuntimeError("stopped"), None)
    with (tmp_path / "s" / "journal.jsonl").open("ab") as journal:
        journal.write(line + b"\n")
    with FeatureWriter(tmp_path / "s", RECIPE, "float32", 10_000) as writer:
        assert writer.done == {"clip0"}
        writer.add("clip1", features(1))
    np.testing.assert_array_equal(FeatureStore(tmp_path / "s")["clip1"], features(1))
