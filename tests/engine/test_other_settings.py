"""A run scored with other settings says so; what is scored is not drawn at random; long lines of scores are cut."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.types import Event
from vidcap_core.engine import runs
from vidcap_core.engine.evaluate import SHOWN, Evaluation
from vidcap_core.engine.training import Training
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing import tiny
from vidcap_core.testing.tiny import TinyClips
from vidcap_metrics.evaluate import score
from vidcap_metrics.options import Options

ONE_EPOCH = {"caption": {"epochs": 1, "losses": ["tokens"]}}
OTHER = "scored with other settings than the run was trained with: generate.max_length=3"


class TwoAnnotators(TinyClips):
    """Several events a clip; the second annotator leaves the last clip out, and is later elsewhere."""

    def __init__(self, unit: str = "caption", annotators: int = 2) -> None:
        super().__init__(unit=unit, events=3)
        self.annotators = annotators

    def events(self) -> list[dict[str, list[Event]]]:
        [first] = super().events()
        moved = {
            clip: [Event(min(e.start + 1 / 3, 9.0), e.end, e.text) for e in events]
            for clip, events in first.items()
            if clip != "clip7"
        }
        return [first, moved][: self.annotators]


def config(**changes: Any) -> Config:
    return Config("t", tiny.config(phases=ONE_EPOCH, **changes))


def test_other_settings_leave_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.train(config(), work_dir=tmp_path / "run", device="cpu", quiet=False)
    page, scores = folder.path / "report-val.html", folder.scores("val")
    runs.test(config(), work_dir=folder.path, split="val", device="cpu")
    same = (capsys.readouterr().out, page.read_text(), scores.read_text())
    assert all("other settings" not in text for text in same)
    assert "changes" not in json.loads(scores.read_text())

    other = config(generate={"mode": "greedy", "max_length": 3})
    runs.predict(other, work_dir=folder.path, split="val", device="cpu")
    assert capsys.readouterr().out.count(OTHER) == 1
    runs.test(other, work_dir=folder.path, split="val", device="cpu")
    assert capsys.readouterr().out.count(OTHER) == 1
    assert json.loads(scores.read_text())["changes"] == {"generate.max_length": 3}
    text = page.read_text()
    assert text.count(html.escape(OTHER)) == 1
    assert text.index(html.escape(OTHER)) < text.index(html.escape("cider-d|"))

    runs.test(config(), work_dir=folder.path, split="val", device="cpu")
    assert "changes" not in json.loads(scores.read_text())
    assert html.escape(OTHER) not in page.read_text()


def test_what_is_scored_is_not_drawn(tmp_path: Path) -> None:
    drawn = {"frames": {"kind": "segment", "count": 4, "short_side": 24}}
    toy = {"type": "Toy", "size": "small", "limit": 2, "streams": ["image"], **drawn}
    toy["sample"] = {"kind": "segment", "count": 3}
    data = {"train": {**toy, "split": "train", "unit": "clip"}, "val": {**toy, "split": "val"}}
    recipe = validate(config(data=data, evaluate={"metrics": [], "best": None}))
    training = Training(recipe, RunFolder(tmp_path))
    train, val = training.dataset(recipe.phases[0]), training.evaluation_dataset("val")

    def twice(dataset: Any) -> list[bool]:
        one, other = (dataset.get(0, np.random.default_rng(seed)) for seed in (1, 2))
        inputs = np.array_equal(one.inputs["frames"], other.inputs["frames"])
        return [inputs, np.array_equal(one.streams["image"], other.streams["image"])]

    assert twice(train) != [True, True]
    assert twice(val) == [True, True]
    assert val.varies == ()
    even = recipe.data["val"].changed(
        unit="clip", frames={**drawn["frames"], "kind": "uniform"}, sample={"kind": "uniform", "count": 3}
    )
    wanted, given = even.build()[0], val[0]
    assert np.array_equal(wanted.inputs["frames"], given.inputs["frames"])
    assert np.array_equal(wanted.streams["image"], given.streams["image"])


@pytest.mark.parametrize("annotators", [1, 2])
def test_a_runs_own_files_are_scored_as_in_the_run(
    tmp_path: Path, annotators: int, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"type": f"{__name__}:TwoAnnotators", "annotators": annotators}
    names = ["dense", "localisation", "soda_c"]
    folder = runs.train(
        config(data={"train": data, "val": data}, evaluate={"metrics": names, "best": "loc-R"}),
        work_dir=tmp_path / "run",
        device="cpu",
    )
    values = json.loads(folder.scores("val").read_text())["values"]
    files = (folder.predictions("val"), [folder.path / "references-val.json"])
    report = score(*files, Options(names))
    assert report.scores.values == pytest.approx(values, abs=1e-12)
    assert not any("no duration" in warning for warning in report.scores.warnings)
    assert score(*files, Options(["rouge"])).scores.values["ROUGE-L"] > 0

    output = capsys.readouterr()
    lines = [line for line in (output.err + output.out).splitlines() if "dense-METEOR" in line]
    assert len(lines) == 2, "once while training, once at the end"
    for line, file in zip(lines, ("scalars.jsonl", "scores-val.json"), strict=True):
        shown = {name for name in values if f" {name} " in line}
        assert len(shown) == SHOWN
        assert {"dense-METEOR", "loc-P", "loc-R", "SODA_c"} <= shown
        assert line.endswith(f"; all {len(values)} scores: {file})")


def test_ten_scores_are_all_shown() -> None:
    values = {f"m{n}": n / 10 for n in range(10)}
    line = Evaluation(values, {}, {}, "2 of 2", []).line("scores-val.json")
    assert line.split("  ") == [*(f"m{n} 0.{n}000" for n in range(10)), "(2 of 2 clips)"]


def test_the_line_of_a_part_says_which_part() -> None:
    """`clips` ends with a hash of the missing ones there, and the noun counts all."""
    line = Evaluation({"BLEU-1": 1.0}, {}, {}, "1 of 60 (missing c2953e92)", []).line("scores-val.json")
    assert line == "BLEU-1 1.0000  (1 of 60 (missing c2953e92) clips)"
    assert Evaluation({}, {}, {}, "1 of 1", []).line("x").endswith("(1 of 1 clip)")
