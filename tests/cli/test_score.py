"""`vidcap score` is `vidcap-score`, and knows the metrics of plugins besides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidcap_core.cli.main import main
from vidcap_metrics.cli.main import main as scorer_main
from vidcap_metrics.scorer import Scorer

REFERENCES = {"a": ["a man runs", "he runs"], "b": ["a dog sits"]}
PREDICTIONS = {"a": "a man", "b": "a dog sits"}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    out = []
    for name, content in (("predictions", PREDICTIONS), ("references", REFERENCES)):
        out.append(str(tmp_path / f"{name}.json"))
        Path(out[-1]).write_text(json.dumps(content))
    return out


@pytest.mark.parametrize("words", [[], ["--metrics", "rouge,cider-d", "--human"], ["--json", "--intervals"]])
def test_both_commands_print_the_same(
    files: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if "--human" in words:
        Path(files[1]).write_text(json.dumps({clip: [*lines, "a cat"] for clip, lines in REFERENCES.items()}))
    assert main(["score", *files, *words]) == 0
    ours = capsys.readouterr()
    assert scorer_main([*files, *words]) == 0
    assert capsys.readouterr() == ours
    assert "ROUGE-L" in ours.out


def test_a_metric_of_ones_own_is_known_to_vidcap_alone(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--metrics", "vidcap_metrics.bleu:Bleu"]
    assert main(["score", *files, *words, "--json"]) == 0
    assert (
        json.loads(capsys.readouterr().out)["values"]
        == Scorer(REFERENCES, ["bleu"]).score(PREDICTIONS).values
    )
    assert scorer_main([*files, *words]) == 2
    assert "no metric is named" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "--metrics names no metric"),
        ("CIDEr", "what papers call CIDEr is cider-d"),
        ("ROUGE-L", "did you mean 'rouge'"),
        ("Bleu_4", "did you mean 'bleu'"),
    ],
)
def test_names_that_are_none(
    files: list[str], typed: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", *files, "--metrics", typed]) == 2
    assert said in capsys.readouterr().err


def test_videos_that_no_metric_looks_at(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"")
    assert main(["score", *files, "--metrics", "bleu", "--videos", str(tmp_path)]) == 2
    assert "--videos is for none of bleu" in capsys.readouterr().err


def test_an_argument_of_one_metric(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--metrics",
        "bleu,hallucination",
        "--set",
        "hallucination.words={'dog': []}",
        "--tokenizer",
        "13a",
    ]
    assert main(["score", *files, *words, "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["values"]["Object-recall"] == 1
    assert "|words:" in out["signatures"]["CHAIR-i"]
    assert (
        out["values"]["BLEU-1"]
        == Scorer(REFERENCES, ["bleu"], tokenizer="13a").score(PREDICTIONS).values["BLEU-1"]
    )
