"""Prepared data that nobody prepared: a line, whatever stands there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidcap_core.datasets.prepared import read_prepared, source_folders
from vidcap_core.errors import DataError

FACTS = {"schema": 1, "splits": {"train": {"defects": [], "everything": 1}}, "source": "/nowhere"}
MANIFESTS = {
    "garbage": b"\xff{",
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "digits": b"9" * 5000,
    "splits a list": json.dumps({**FACTS, "splits": ["train"]}).encode(),
}
LINES = {
    "garbage": b"\xff{",
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "no id": b"{}",
    "events of numbers": b'{"id": "a", "events": 3}',
    "a video of numbers": b'{"id": "a", "video": 3}',
}
SPLITS = {"a list": [], "no defects": {}, "defects of text": {"defects": "ab", "everything": 1}}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest(tmp_path: Path, name: str) -> None:
    (tmp_path / "dataset.json").write_bytes(MANIFESTS[name])
    for read in (lambda: read_prepared(tmp_path, "train"), lambda: source_folders(tmp_path)):
        with pytest.raises(DataError, match=r"dataset\.json: is damaged"):
            read()


@pytest.mark.parametrize("name", LINES)
def test_a_split(tmp_path: Path, name: str) -> None:
    (tmp_path / "dataset.json").write_text(json.dumps(FACTS))
    (tmp_path / "train.jsonl").write_bytes(LINES[name])
    with pytest.raises(DataError, match=r"train\.jsonl: is damaged"):
        read_prepared(tmp_path, "train")


@pytest.mark.parametrize("name", SPLITS)
def test_what_is_known_of_a_split(tmp_path: Path, name: str) -> None:
    (tmp_path / "dataset.json").write_text(json.dumps({**FACTS, "splits": {"train": SPLITS[name]}}))
    (tmp_path / "train.jsonl").write_text("")
    with pytest.raises(DataError, match=r"train\.jsonl: is damaged"):
        read_prepared(tmp_path, "train")


def test_a_split_whose_file_is_gone(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text(json.dumps(FACTS))
    with pytest.raises(DataError, match=r"train\.jsonl: is damaged"):
        read_prepared(tmp_path, "train")
