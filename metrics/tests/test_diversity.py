"""Diversity by hand, SPICE that refuses, and the human score."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from vidcap_metrics import spice
from vidcap_metrics.diversity import Diversity
from vidcap_metrics.errors import DataError, UserError
from vidcap_metrics.human import leave_one_out
from vidcap_metrics.scorer import Scorer


def test_diversity_by_hand() -> None:
    references = {"a": ["a man runs", "x"], "b": ["y"], "c": ["z"]}
    predictions = {"a": "a man runs", "b": "a man runs", "c": "a dog"}
    values = Scorer(references, ["diversity"]).score(predictions).values
    assert values == pytest.approx(
        {
            "Vocabulary": 4,
            "Distinct-1": 4 / 8,
            "Distinct-2": 3 / 5,
            "Unique": 2 / 3,
            "Novel": 1 / 3,
            "Length": 8 / 3,
        }
    )


def test_novel_against_training_captions() -> None:
    metric = Diversity(training={"t": ["A dog."]})
    values = Scorer({"a": ["x"], "b": ["y"]}, [metric]).score({"a": "a dog", "b": "a cat"}).values
    assert values["Novel"] == 0.5


def test_captions_of_one_word_have_no_bigrams() -> None:
    assert Scorer({"a": ["x"]}, ["diversity"]).score({"a": "dog"}).values["Distinct-2"] == 0


def test_spice_refuses_without_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="SPICE needs Java"):
        Scorer({"a": ["x"]}, ["spice"])


def test_spice_names_what_is_missing() -> None:
    if not shutil.which("java"):
        pytest.skip("needs Java")
    folder = Path(importlib.util.find_spec("pycocoevalcap.spice").submodule_search_locations[0]) / "lib"  # type: ignore
    if all((folder / name).is_file() for name in spice.MODELS):
        pytest.skip("SPICE's models are installed")
    with pytest.raises(UserError, match=r"SPICE needs .*stanford-corenlp-3\.6\.0"):
        Scorer({"a": ["x"]}, ["spice"])


def test_human_score_is_the_mean_over_left_out_references() -> None:
    references = {"a": ["a man runs", "a man walks", "x y z"], "b": ["a dog", "the dog"], "c": ["alone"]}
    found = leave_one_out(references, ["rouge"])
    rounds = []
    for number in range(2):
        several = {clip: lines for clip, lines in references.items() if len(lines) > 1}
        others = {clip: lines[:number] + lines[number + 1 :] for clip, lines in several.items()}
        said = {clip: lines[number] for clip, lines in several.items()}
        rounds.append(Scorer(others, ["rouge"]).score(said).values["ROUGE-L"])
    assert (found.rounds, found.clips, found.of) == (2, 2, 3)
    assert found.values["ROUGE-L"] == pytest.approx(sum(rounds) / 2)


def test_no_human_score_of_single_references() -> None:
    with pytest.raises(DataError, match="no clip has two references"):
        leave_one_out({"a": ["x"], "b": ["y"]}, ["rouge"])
