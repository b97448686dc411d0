"""Whatever stands in a file that a stranger wrote: a UserError, or the right answer."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidcap_core.contracts.types import Event
from vidcap_core.datasets.jsonl import Jsonl
from vidcap_core.errors import UserError
from vidcap_core.features.index import INDEX, read_index, write_index
from vidcap_core.features.store import FeatureStore
from vidcap_core.features.writer import FeatureWriter
from vidcap_core.saved import bundle
from vidcap_core.zoo import cards
from vidcap_metrics import formats_dense
from vidcap_metrics.formats import load_predictions, load_references

FUZZ = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
NAMES = """id image_id caption captions sentence annotations results duration timestamps sentences start end text
events video split span format version files config head type recipe dtype dim shards clips name title summary licence
paper facts measured parameters limits default what status"""
KEYS = st.sampled_from(NAMES.split()) | st.text(max_size=3)
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -1, 0, 2**63, 1e308])
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(["train", "a dog runs"])
DATA = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
RAW = st.binary(max_size=60) | st.sampled_from([b"[" * 50_000, b"9" * 5_000, b"\xff\xfe", b'{"a": NaN}'])
CHANGED = st.tuples(st.integers(0, 1000), st.integers(0, 255))
CARD: dict[str, Any] = {"name": "a", "title": "b", "summary": "c", "licence": "d", "limits": ["e"]}
BUNDLE: dict[str, Any] = {
    "format": 1,
    "files": {"weights.safetensors": "0", "tokenizer.json": "0"},
    "config": {"head": {"type": "MeanPoolGRU"}},
}


def _store(folder: Path, content: bytes) -> object:
    """Facts, hashes and features of a store with this index."""
    (folder / INDEX).write_bytes(content)
    store = FeatureStore(folder)
    return store.facts(), store.verify(), [store[clip].sum() for clip in store]


def _sealed(folder: Path, content: bytes) -> object:
    """The same where the index has the right hash, so that what it says is looked at."""
    try:
        index = json.loads(content)
    except (ValueError, RecursionError):
        return _store(folder, content)
    write_index(folder, index if isinstance(index, dict) else {"clips": index})
    return _store(folder, (folder / INDEX).read_bytes())


def _file(name: str, read: Callable[[Path], object]) -> Callable[[Path, bytes], object]:
    def written(folder: Path, content: bytes) -> object:
        (folder / name).write_bytes(content)
        return read(folder / name)

    return written


READERS: dict[str, Callable[[Path, bytes], object]] = {
    **{
        f"predictions.{kind}": _file(f"p.{kind}", load_predictions)
        for kind in ("json", "jsonl", "csv", "tsv")
    },
    **{f"packed.{kind}": _file(f"p.json.{kind}", load_predictions) for kind in ("gz", "zip")},
    "references": _file("r.json", load_references),
    "dense references": _file("r.json", formats_dense.read_references),
    "dense results": _file("p.json", formats_dense.read_predictions),
    "jsonl": _file("train.jsonl", lambda path: Jsonl(path=str(path)).read("train")),
    "bundle.json": _file("bundle.json", lambda path: bundle.read_index(path.parent)),
    "index.json": _store,
    "index.json, sealed": _sealed,
    "card.yaml": _file("card.yaml", cards.read),
}


@pytest.mark.parametrize("reader", READERS)
@FUZZ
@given(
    content=DATA.map(lambda data: json.dumps(data).encode())
    | st.lists(DATA, max_size=3).map(lambda rows: "\n".join(map(json.dumps, rows)).encode())
    | RAW
)
def test_anything_is_read_or_refused(reader: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(UserError):
        READERS[reader](Path(folder), content)


@pytest.mark.parametrize(("reader", "whole"), [("bundle.json", BUNDLE), ("card.yaml", CARD)])
@FUZZ
@given(key=st.data(), value=DATA)
def test_a_whole_one_with_one_other_value(reader: str, whole: dict[str, Any], key: Any, value: Any) -> None:
    changed = {**whole, key.draw(st.sampled_from(sorted(whole))): value}
    text = yaml.safe_dump(changed) if reader == "card.yaml" else json.dumps(changed)
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(UserError):
        READERS[reader](Path(folder), text.encode("utf-8", "replace"))


def _paths(node: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in plain data, at any depth."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, value in pairs for found in [(*path, key), *_paths(value, (*path, key))]]


@FUZZ
@given(where=st.data(), value=DATA | st.integers(-1, 300))
def test_a_sealed_store_with_one_other_value(where: Any, value: Any) -> None:
    """A seal says that nothing was damaged, and not who wrote it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with FeatureWriter(folder, {"encoder": "Made"}, "float32", shard_bytes=64) as writer:
            for number in range(3):
                writer.add(f"clip{number}", np.full((2 + number, 4), number, "float32"))
        index = read_index(folder)
        *outer, last = where.draw(st.sampled_from(_paths(index)))
        node: Any = index
        for key in outer:
            node = node[key]
        node[last] = value
        write_index(folder, index)
        with contextlib.suppress(UserError):
            _store(folder, (folder / INDEX).read_bytes())


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1)
CAPTIONS = st.dictionaries(st.text("abc123_", min_size=1, max_size=5), TEXTS, min_size=1, max_size=5)


@FUZZ
@given(captions=CAPTIONS)
def test_captions_come_back_from_every_format(captions: dict[str, str]) -> None:
    table = io.StringIO()
    writer = csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("id", "caption"), *captions.items()])
    rows = [{"id": clip, "caption": text} for clip, text in captions.items()]
    files = {
        "p.csv": table.getvalue().replace('"id","caption"', "id,caption", 1),
        "p.json": json.dumps(captions),
        "p.jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in rows),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.write_bytes(text.encode())
            assert load_predictions(path) == captions


@FUZZ
@given(
    times=st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), max_size=4),
    seconds=st.floats(1e-3, 1e6),
    text=TEXTS,
)
def test_events_come_back(times: list[tuple[float, float]], seconds: float, text: str) -> None:
    entry = {"duration": seconds, "timestamps": times, "sentences": [text] * len(times)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.json"
        path.write_text(json.dumps({"v": entry}))
        [read] = formats_dense.read_references(path)
    assert read.events == {"v": tuple(Event(start, end, text) for start, end in times)}
    assert read.durations == {"v": seconds}
