"""What a finished run keeps when something fails after it, and how it is scored where nothing happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.config.files import Config
from vidcap_core.engine import runs
from vidcap_core.errors import DataError
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing import tiny

PARTS = Path(__file__).parents[1]
ONE_EPOCH = {"caption": {"epochs": 1, "losses": ["tokens"]}}


def config(head: str = "MeanPoolGRU", **changes: Any) -> Config:
    sections = tiny.config(phases=ONE_EPOCH, **changes)
    sections["head"]["type"] = head
    return Config("t", sections)


def trained(folder: Path, head: str = "MeanPoolGRU", **changes: Any) -> RunFolder:
    return runs.train(config(head, **changes), work_dir=folder, device="cpu", quiet=True)


def strict(path: Path) -> Any:
    """JSON without the words that only Python reads."""

    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("Raises", "Raises.explain: ValueError: the attention was not kept"),
        ("TooFew", "TooFew.explain: ValueError: 1 lists of panels for 4 clips"),
        ("Unstorable", "Unstorable.explain: AttributeError: 'object' object has no attribute 'kind'"),
    ],
)
def test_panels_that_fail_cost_the_panels(
    head: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = trained(tmp_path / "run", f"panel_parts:{head}")
    out = capsys.readouterr()
    assert out.err == f"warning: no panels of 8 clips: {reason}; their captions stand\n", "once a run"
    assert strict(folder.scores("val"))["values"]["CIDEr-D"] >= 0
    assert len(strict(folder.predictions("val"))) == 8
    assert strict(folder.path / "panels-val.json") == {}
    assert (folder.path / "report-val.html").is_file()


def test_an_interruption_is_none_of_them(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "run", "panel_parts:Interrupted")


def test_a_page_that_fails_costs_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = trained(tmp_path / "run")
    capsys.readouterr()
    for path in (folder.scores("val"), folder.predictions("val"), folder.path / "report-val.html"):
        path.unlink()
    (folder.path / "report-val.html").mkdir()
    (folder.path / "report-val.html" / "mine.txt").touch()
    result = runs.test(config(), work_dir=folder.path, split="val", device="cpu", quiet=False)
    out = capsys.readouterr()
    assert out.err.startswith("warning: no report: IsADirectoryError: ")
    assert f"{folder.predictions('val')} and scores-val.json are written; try: vidcap report" in out.err
    assert len(out.err.splitlines()) == 1
    assert "report: " not in out.out
    assert result is not None
    assert strict(folder.scores("val"))["values"] == result.values
    assert len(strict(folder.predictions("val"))) == 8


def test_the_commands(tmp_path: Path) -> None:
    """`vidcap-run` ends with 0 and a warning; `vidcap report`, whose purpose the page is, does not."""
    lines = [f"{key} = {value!r}" for key, value in config("panel_parts:Raises").data.items()]
    (tmp_path / "tiny.py").write_text("\n".join(lines))
    places = os.pathsep.join([str(PARTS), os.environ.get("PYTHONPATH", "")])

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", *words]
        environment = {**os.environ, "PYTHONPATH": places}
        return subprocess.run(
            line, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=120, check=False
        )

    first = call("vidcap_core.cli.run", "tiny.py", "--work-dir", "run", "--device", "cpu")
    assert first.returncode == 0, first.stderr
    assert first.stderr.count("warning: no panels of 8 clips: Raises.explain: ValueError") == 1
    page = tmp_path / "run" / "report-val.html"
    page.unlink()
    (page / "mine").mkdir(parents=True)
    second = call("vidcap_core.cli.run", "tiny.py", "test", "--split", "val", "--work-dir", "run")
    assert second.returncode == 0, second.stderr
    assert "warning: no report: IsADirectoryError" in second.stderr
    assert call("vidcap_core.cli.main", "report", "run").returncode == 1


METRICS = ["bleu", "rouge", "cider-d", "diversity", "soda_c", "localisation"]
QUIET = {"type": "panel_parts:Uneventful"}


@pytest.mark.parametrize("best", [None, "CIDEr-D"])
@pytest.mark.parametrize("absent", [False, True])
def test_a_split_without_any_event(absent: bool, best: str | None, tmp_path: Path) -> None:
    data = {"train": tiny.config()["data"]["train"], "val": {**QUIET, "absent": absent}}
    evaluate = {"metrics": METRICS, "best": best}
    folder = trained(tmp_path / "run", data=data, evaluate=evaluate)
    scores = strict(folder.scores("val"))
    own = {name: value for name, value in scores["values"].items() if ":" not in name}
    assert {"BLEU-4", "ROUGE-L", "CIDEr-D", "Novel", "SODA_c", "loc-F1"} <= own.keys()
    assert 0 <= min(own.values()) <= max(own.values()) < 1e-12
    assert "8 of 8 clips have no references, left out ('clip0', 'clip1', 'clip2', ...)" in scores["notes"]
    assert "no clip has a reference event: what counts matches is 0 and rests on nothing" in scores["notes"]
    assert "rests on nothing" in (folder.path / "report-val.html").read_text()


def test_clips_without_events_among_others(tmp_path: Path) -> None:
    data = {"train": tiny.config()["data"]["train"], "val": {**QUIET, "quiet": 3}}
    folder = trained(tmp_path / "run", data=data, evaluate={"metrics": METRICS, "best": "CIDEr-D"})
    scores = strict(folder.scores("val"))
    assert "clips:5/5" in scores["signatures"]["BLEU-4"]
    assert "clips:8/8" in scores["signatures"]["SODA_c"]
    assert set(scores["per_clip"]["ROUGE-L"]) == {f"clip{n}" for n in range(3, 8)}
    assert [scores["per_clip"]["SODA_c"][f"clip{n}"] for n in range(3)] == [0.0, 0.0, 0.0]
    assert len(strict(folder.predictions("val"))) == 8


def test_a_head_that_finds_nothing(tmp_path: Path) -> None:
    folder = trained(tmp_path / "run", "panel_parts:Silent", evaluate={"metrics": METRICS})
    scores = strict(folder.scores("val"))
    own = {name: value for name, value in scores["values"].items() if ":" not in name}
    assert max(own.values()) < 1e-12
    assert "no prediction has a word: what counts matches is 0 and rests on nothing" in scores["notes"]
    assert "no clip has a predicted event: what counts matches is 0 and rests on nothing" in scores["notes"]
    first = strict(folder.predictions("val"))[0]
    assert (first["text"], first["events"], first["span"]) == ("", [], [0.0, 10.0])
    assert (folder.path / "report-val.html").is_file()


def test_metrics_that_cannot_score_a_split_say_so_before_it_is_trained_for(tmp_path: Path) -> None:
    """One clip has no document frequencies; without `best` that used to be said after the last step."""
    data = {"train": tiny.config()["data"]["train"], "val": {**QUIET, "quiet": 7}}
    with pytest.raises(DataError, match="CIDEr-D of a single clip means nothing"):
        trained(tmp_path / "run", data=data, evaluate={"metrics": ["cider-d"], "best": None})
    assert not (tmp_path / "run").exists()


class Undefined:
    """A metric of a stranger, which divides by nothing."""

    name = "undefined"
    version = "1"

    def prepare(self, references: Any) -> None:
        """Nothing to do."""

    def score(self, prepared: None, predictions: Any) -> Any:
        from vidcap_metrics.metric import Values

        return Values(
            {"Undefined": float("nan"), "Endless": float("inf")}, {"Undefined": {"clip0": float("nan")}}
        )


def test_what_is_no_number_is_null(tmp_path: Path) -> None:
    metrics = ["rouge", {"type": f"{__name__}:Undefined"}]
    folder = trained(tmp_path / "run", evaluate={"metrics": metrics, "best": "ROUGE-L"})
    scores = strict(folder.scores("val"))
    assert (scores["values"]["Undefined"], scores["values"]["Endless"]) == (None, None)
    assert scores["per_clip"]["Undefined"] == {"clip0": None}
    assert (folder.path / "report-val.html").is_file()
