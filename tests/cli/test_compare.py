"""`vidcap compare` as a person types it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from vidcap_core.cli import compare


def command(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    compare.add_parser(subparsers)
    args = parser.parse_args([str(word) for word in words])
    return int(args.func(args))


def write(folder: Path, **contents: object) -> dict[str, Path]:
    """One JSON file each."""
    paths = {name: folder / f"{name}.json" for name in contents}
    for name, content in contents.items():
        paths[name].write_text(json.dumps(content))
    return paths


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Of forty clips: references, captions that are among them, and captions that have two words of each."""
    references = {f"v{n}": [f"man {n} runs with a ball", f"someone plays with ball {n}"] for n in range(40)}
    return write(
        tmp_path,
        refs=references,
        good={clip: lines[0] for clip, lines in references.items()},
        bad=dict.fromkeys(references, "a dog sits with the cat"),
    )


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
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one of the clips nothing happens."""
    event = {"sentence": "a dog sits", "timestamp": [1, 6]}
    paths = write(
        tmp_path,
        refs={
            "v1": {"duration": 6, "timestamps": [[1, 5]], "sentences": ["a dog sits"]},
            "v2": {"duration": 6, "timestamps": [], "sentences": []},
        },
        none={"results": {"v1": [], "v2": []}},
        some={"results": {"v1": [event], "v2": []}},
    )
    words = ("--ref", paths["refs"], "--metrics", "soda_c", "--json", "--samples", "50")
    assert command("compare", paths["none"], paths["some"], *words) == 0
    out = capsys.readouterr()
    assert not {"NaN", "Infinity"} & set(out.out.replace(",", " ").split())
    rows = json.loads(out.out)
    assert rows[0]["a"] == 0 < rows[0]["b"]
    lines = out.err.splitlines()
    assert "warning: A: no clip has a predicted event: what counts matches is 0 and rests on nothing" in lines
    assert lines.count("warning: references 1: 1 clips have no events ('v2')") == 1
