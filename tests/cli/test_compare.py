"""`vidcap compare` as a person types it."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import pytest

from vidcap_core.cli import compare

WORDS = ["a", "the", "man", "dog", "runs", "sits", "plays", "ball", "with"]


def command(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    compare.add_parser(subparsers)
    args = parser.parse_args([str(word) for word in words])
    return int(args.func(args))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    chance = random.Random(4)
    references = {f"v{n}": [" ".join(chance.choices(WORDS, k=6)) for _ in range(3)] for n in range(40)}
    good = {clip: lines[0] for clip, lines in references.items()}
    bad = {clip: " ".join(chance.choices(WORDS, k=6)) for clip in references}
    out = {}
    for name, content in (("refs", references), ("good", good), ("bad", bad)):
        out[name] = tmp_path / f"{name}.json"
        out[name].write_text(json.dumps(content))
    return out


@pytest.fixture
def quiet(tmp_path: Path) -> dict[str, Path]:
    """Events of two clips and of one more in which nothing happens; predictions with few events, and with none."""
    talk = {"duration": 9, "timestamps": [[0, 5], [5, 9]], "sentences": ["a man runs", "a dog sits"]}
    annotations = {"a": talk, "b": talk, "c": {"duration": 4, "timestamps": [], "sentences": []}}
    some = [{"sentence": "a man runs", "timestamp": [0, 4]}]
    contents: dict[str, object] = {
        "refs": annotations,
        "none": {"results": {"a": [], "b": [], "c": []}},
        "some": {"results": {"a": some, "b": [], "c": []}},
        "captions": {"a": ["a man runs"], "b": ["a dog sits"]},
        "silent": {"a": "", "b": ""},
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return {name: tmp_path / f"{name}.json" for name in contents}


def strict(text: str) -> object:
    """JSON without the words that only Python reads."""

    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_compare(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    command(
        "compare", files["bad"], files["good"], "--ref", files["refs"], "--metrics", "rouge,cider-d", "--json"
    )
    rouge, cider = json.loads(capsys.readouterr().out)
    assert rouge["sure"]
    assert rouge["low"] > 0
    assert cider["sure"]
    command("compare", files["bad"], files["bad"], "--ref", files["refs"], "--metrics", "rouge")
    assert "not sure" in capsys.readouterr().out


def test_compare_with_predictions_without_any_event(
    quiet: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--ref", quiet["refs"], "--metrics", "soda_c", "--json", "--samples", "50")
    assert command("compare", quiet["none"], quiet["some"], *words) == 0
    out = capsys.readouterr()
    rows = strict(out.out)
    assert isinstance(rows, list)
    assert rows[0]["a"] == 0 < rows[0]["b"]
    lines = out.err.splitlines()
    assert "warning: A: no clip has a predicted event: what counts matches is 0 and rests on nothing" in lines
    assert lines.count("warning: references 1: 1 clips have no events ('c')") == 1
