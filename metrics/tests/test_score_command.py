"""`vidcap-score` as a person types it."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import pytest

from vidcap_metrics.cli import score
from vidcap_metrics.errors import UserError

WORDS = ["a", "the", "man", "dog", "runs", "sits", "plays", "ball", "with"]


def command(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    score.add_arguments(parser)
    return score.run(parser.parse_args([str(word) for word in words]))


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


def test_table(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(files["good"], files["refs"], "--metrics", "rouge,cider-d") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["metric", "value", "signature"]
    assert lines[1].split()[:2] == ["ROUGE-L", "1.0000"]
    assert "cider-d|v:1|tok:ptb-3.4.1|refs:3|missing:error|clips:40/40" in lines[2]


def test_json_with_intervals_human_and_clips(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    clips = files["refs"].with_name("clips.json")
    command(
        files["bad"],
        files["refs"],
        "--metrics",
        "bleu,rouge,diversity",
        "--json",
        "--intervals",
        "--human",
        "--clips",
        clips,
        "--samples",
        "200",
    )
    data = json.loads(capsys.readouterr().out)
    low, high = data["intervals"]["ROUGE-L"]
    assert low < data["values"]["ROUGE-L"] < high
    assert data["human"]["rounds"] == 3
    assert len(json.loads(clips.read_text())["BLEU-4"]) == 40


def test_two_reference_files_are_one_set(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    command(files["bad"], files["refs"], files["good"], "--metrics", "rouge")
    assert "refs:4" in capsys.readouterr().out


def test_missing_clips(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    some = dict(list(json.loads(files["good"].read_text()).items())[:30])
    files["good"].write_text(json.dumps(some))
    with pytest.raises(UserError, match="10 clips have references but no prediction"):
        command(files["good"], files["refs"], "--metrics", "rouge")
    assert command(files["good"], files["refs"], "--metrics", "rouge", "--missing", "zero") == 0
    out = capsys.readouterr()
    assert "0.7500" in out.out
    assert "warning: 10 of 40 clips have no prediction" in out.err


def test_captions_and_events_do_not_mix(files: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="dense: for events with times"):
        command(files["good"], files["refs"], "--metrics", "bleu,dense")


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


@pytest.mark.parametrize("metrics", ["dense,soda_c", "localisation"])
def test_predictions_without_any_event(
    quiet: dict[str, Path], metrics: str, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = quiet["none"].with_name("clips.json")
    words = ("--metrics", metrics, "--json", "--intervals", "--samples", "50", "--clips", clips)
    assert command(quiet["none"], quiet["refs"], *words) == 0
    out = capsys.readouterr()
    data = strict(out.out)
    assert isinstance(data, dict)
    assert {value for name, value in data["values"].items() if ":" not in name} == {0.0}
    assert all(interval == [0.0, 0.0] for interval in data["intervals"].values())
    assert "no clip has a predicted event: what counts matches is 0 and rests on nothing" in out.err
    strict(clips.read_text())


def test_captions_without_a_word(quiet: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    metrics = ("--metrics", "bleu,meteor,rouge,cider-d,diversity")
    assert command(quiet["silent"], quiet["captions"], "--json", "--intervals", *metrics) == 0
    out = capsys.readouterr()
    data = strict(out.out)
    assert isinstance(data, dict)
    assert max(data["values"].values()) < 1e-15
    assert "no prediction has a word: what counts matches is 0" in out.err
