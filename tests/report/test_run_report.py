"""Run and job pages from files: what is read, what is missing, what is hostile."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.contracts.panels import Bars, Timeline, from_plain, to_plain
from vidcap_core.contracts.types import Clip, Event, Prediction
from vidcap_core.errors import UserError
from vidcap_core.report import page, renderers
from vidcap_core.report.captions_page import write_job_report
from vidcap_core.report.clips import films, view, with_frames
from vidcap_core.report.curves import read_charts
from vidcap_core.report.run_page import main_metric, write_run_report
from vidcap_core.saved import predictions as saved_predictions
from vidcap_core.zoo import plugins, registry

spec = importlib.util.spec_from_file_location("made_up", Path(__file__).with_name("made_up.py"))
assert spec is not None
assert spec.loader is not None
made_up = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made_up)


def blocks(path: Path) -> dict[str, Any]:
    """The data inside a page, by id."""
    found = re.findall(
        r'<script type="application/json" id="([^"]+)">(.*?)</script>', path.read_text("utf-8")
    )
    return {name: json.loads(text) for name, text in found}


def test_page_carries_what_the_files_say(tmp_path: Path) -> None:
    folder = made_up.run_folder(tmp_path / "run", clips=6, videos=2, panels=3)
    path = write_run_report(folder, "val")
    assert path == folder / "report-val.html"
    text, inside = path.read_text("utf-8"), blocks(path)
    for fact in ("6 of 6", "0123456789ab+", "vidcap-core 0.1, torch 2.9", "GRUHead", "bleu|v:1|tok:ptb"):
        assert fact in text
    predictions = json.loads((folder / "predictions-val.json").read_text())
    assert [clip["text"] for clip in inside["page-data"]["clips"]] == [p["text"] for p in predictions]
    assert inside["clip-0"]["film"]["images"][0].startswith("data:image/jpeg;base64,")
    assert len(inside["clip-0"]["film"]["images"]) == 8
    assert inside["clip-3"]["film"] is None
    words = inside["clip-4"]["events"][0]["words"]
    assert [word["text"] for word in words] == predictions[4]["text"].split(), (
        "the end of the text is no word"
    )
    assert all(0 < word["p"] <= 1 for word in words)


def test_exports_hold_the_numbers_of_the_run(tmp_path: Path) -> None:
    folder = made_up.run_folder(tmp_path / "run", clips=2, videos=0)
    write_run_report(folder, "val")
    with (folder / "report-val" / "loss.csv").open() as file:
        rows = list(csv.DictReader(file))
    first = json.loads((folder / "scalars.jsonl").read_text().splitlines()[0])
    assert (rows[0]["curve"], float(rows[0]["step"])) == ("tokens", 10)
    assert float(rows[0]["value"]) == first["loss/tokens"]
    assert (folder / "report-val" / "BLEU.png").read_bytes().startswith(b"\x89PNG")


def test_a_loss_that_is_only_watched_has_a_chart_of_its_own(tmp_path: Path) -> None:
    folder = made_up.run_folder(tmp_path / "run", clips=1, videos=0)
    assert [c.name for c in read_charts(folder / "scalars.jsonl", watched={"align"})][:2] == ["loss", "align"]
    config = json.loads((folder / "config.json").read_text())
    config["losses"] = {"tokens": {"type": "TokenLoss"}, "align": {"type": "TokenLoss", "scale": 0.0}}
    (folder / "config.json").write_text(json.dumps(config))
    write_run_report(folder, "val")
    rows = (folder / "report-val" / "align.csv").read_text().splitlines()
    assert rows[1].startswith("align,")


def test_charts_group_losses_and_scores_and_skip_a_torn_line(tmp_path: Path) -> None:
    folder = made_up.run_folder(tmp_path / "run", clips=1, videos=0)
    charts = {
        chart.name: [curve.name for curve in chart.curves] for chart in read_charts(folder / "scalars.jsonl")
    }
    assert charts == {
        "loss": ["tokens", "align"],
        "BLEU": [f"val BLEU-{n}" for n in (1, 2, 3, 4)],
        "CIDEr-D": ["val CIDEr-D"],
        "lr": ["lr"],
        "clips_per_s": ["clips_per_s"],
    }
    assert read_charts(tmp_path / "absent.jsonl") == []


def test_run_without_scores_references_or_panels(tmp_path: Path) -> None:
    folder = made_up.run_folder(tmp_path / "run", clips=2, videos=0)
    for name in ("scores-val.json", "references-val.json", "panels-val.json", "scalars.jsonl", "meta.json"):
        (folder / name).unlink()
    path = write_run_report(folder, "val")
    assert "references are not shown" in path.read_text("utf-8")
    assert not (folder / "report-val").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "config.json").unlink(), "holds no run"),
        (
            lambda folder: (folder / "predictions-val.json").rename(folder / "predictions-test.json"),
            "--split test",
        ),
        (lambda folder: (folder / "scores-val.json").write_text("{"), "scores-val.json is not JSON"),
    ],
)
def test_a_folder_that_is_no_finished_run(tmp_path: Path, spoil: Any, said: str) -> None:
    folder = made_up.run_folder(tmp_path / "run", clips=1, videos=0)
    spoil(folder)
    with pytest.raises(UserError, match=said):
        write_run_report(folder, "val")
    assert list(folder.glob("*.html")) == []
    assert list(folder.glob(".*")) == []


def test_broken_and_vanished_videos_become_notes(tmp_path: Path) -> None:
    folder = made_up.run_folder(tmp_path / "run", clips=2, videos=2)
    (tmp_path / "videos" / "0.mp4").write_bytes(b"no video at all")
    (tmp_path / "videos" / "1.mp4").unlink()
    inside = blocks(write_run_report(folder, "val"))
    assert "cannot be read" in inside["clip-0"]["film"]["note"]
    assert "not where it was" in inside["clip-1"]["film"]["note"]


def test_nothing_can_end_the_data_early() -> None:
    text = "</script><!--<script> & \u2028\u2029 \" ' \\ é 🎬 \x00"
    line = page.embedded({text: text})
    assert not set("<>&\u2028\u2029") & set(line)
    assert json.loads(line) == {text: text}


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    clip = Clip("caf\udce9.mp4")
    path = write_job_report([Prediction(clip, (Event(0, 1, "a dog"),))], tmp_path / "out.html")
    assert blocks(path)["page-data"]["clips"][0]["id"] == "caf\udce9.mp4"


def test_job_page(tmp_path: Path) -> None:
    video = made_up.video(tmp_path / 'my "clip" <1>.mp4', 1)
    words = [{"tokens": ["a", "dog", ""], "log_probs": [-0.1, -0.7, -0.01]}]
    extras = {"words": words, "panels": [Bars({"joy": 0.5})], "n_best": [["the dog"]]}
    prediction = Prediction(Clip(video.name, str(video)), (Event(0, 3, "a dog", -0.4),), extras)
    path = write_job_report(
        [prediction], tmp_path / "out.html", {"model": "core/toy"}, {"bad<b>.mp4": "is empty"}
    )
    inside, text = blocks(path), path.read_text("utf-8")
    assert inside["clip-0"]["panels"][0]["values"] == {"joy": 0.5}
    assert len(inside["clip-0"]["film"]["images"]) == 8
    assert "bad&lt;b&gt;.mp4: is empty" in text
    assert "core/toy" in text


def test_two_clips_of_one_name_keep_their_frames(tmp_path: Path) -> None:
    videos = [made_up.video(tmp_path / str(seed) / "same.mp4", seed) for seed in (0, 1)]
    predictions = [Prediction(Clip("same.mp4", str(video)), (Event(0, 3, "x"),)) for video in videos]
    inside = blocks(write_job_report(predictions, tmp_path / "out.html"))
    assert inside["clip-0"]["film"]["images"] != inside["clip-1"]["film"]["images"]


def test_store_round_trip(tmp_path: Path) -> None:
    class Dataset:
        def references(self) -> dict[str, list[str]]:
            return {"a": ["a dog", "the dog"]}

        def events(self) -> list[dict[str, list[Event]]]:
            return [{"a": [Event(0, 1, "a dog")]}]

    bars = Bars({"joy": 0.5})
    predictions = [Prediction(Clip("a"), (), {"panels": [bars]}), Prediction(Clip("b"), ())]
    saved_predictions.write(tmp_path, "val", predictions, Dataset())
    kept = saved_predictions.read(tmp_path / "panels-val.json")
    assert [from_plain(panel) for panel in kept.pop("a")] == [bars]
    assert kept == {}
    assert saved_predictions.read(tmp_path / "references-val.json") == {"a": ["a dog", "the dog"]}


@pytest.mark.parametrize("annotators", [1, 2])
def test_reference_events_go_into_the_timeline(annotators: int) -> None:
    said = (Event(0, 1, "x"), Event(1, 2, "y"))

    class Dense:
        def events(self) -> Any:
            return [{"a": said}] if annotators == 1 else [{"a": said, "b": said}, {"a": said}]

    stored = json.loads(json.dumps(saved_predictions.references_data(Dense())))["a"]
    assert len(stored) == annotators
    prediction = {"id": "a", "text": "z", "events": [{"start": 0, "end": 2, "text": "z"}]}
    for panels in ([], [to_plain(Timeline((Event(0, 2, "z"),)))]):
        made = view(prediction, stored, panels=panels)
        (panel,) = made.panels
        timeline = from_plain(panel)
        assert isinstance(timeline, Timeline)
        assert timeline.reference == said * annotators
    assert made.references[1] == "1.0–2.0 s: y"
    assert made.span == (0, 2)


def test_a_weak_dataset_has_texts_only() -> None:
    class Weak:
        weak = True

        def events(self) -> Any:
            raise AssertionError("times were dropped")

        def references(self) -> dict[str, list[str]]:
            return {"a": ["x y"]}

    assert saved_predictions.references_data(Weak()) == {"a": ["x y"]}


@pytest.mark.parametrize(("kind", "dense"), [("clips", False), ("long", True)])
def test_references_of_the_toy_dataset(kind: str, dense: bool) -> None:
    plugins.discover()
    dataset = registry.DATASETS.load("Toy")(split="val", size="small", kind=kind, unit="clip")
    data = json.loads(json.dumps(saved_predictions.references_data(dataset)))
    assert set(data) == {clip.id for clip in dataset.clips}
    for clip, value in data.items():
        texts, tracks = saved_predictions.reference_tracks(value)
        assert bool(tracks) is dense
        if not dense:
            assert texts == dataset.references()[clip]


def test_frames_go_to_clips_with_panels_then_to_extremes() -> None:
    bars = to_plain(Bars({"joy": 1}))
    clips = [
        view({"id": str(n), "text": "", "events": []}, scores={"m": n}, panels=[bars] if n == 5 else [])
        for n in range(9)
    ]
    assert with_frames(clips, "m", 3) == [5, 0, 8]
    assert with_frames(clips, None, 3) == [5, 0, 1]


def test_reading_frames_ends_in_time(tmp_path: Path) -> None:
    path = made_up.video(tmp_path / "0.mp4", 0)
    clips = [view({"id": str(n), "text": "", "events": [], "path": str(path)}) for n in range(4)]
    assert list(films(clips, None, 3, 60.0)) == [0, 1, 2]
    assert films(clips, None, 3, -1.0) == {}
    shown = page.Page("t", "s", (), clips)
    assert "frames of 3 of 4 clips" in "".join(page.pieces(shown, 3))


def test_metric_by_name() -> None:
    assert main_metric({"BLEU-4": {}, "CIDEr-D": {}}, "bleu-4") == "BLEU-4"
    assert main_metric({"BLEU-4": {}, "CIDEr-D": {}}, None) == "CIDEr-D"
    assert main_metric({}, "bleu-4") is None


class TestRenderers:
    """Plugins may draw kinds of their own; a file may not choose other code."""

    @pytest.fixture
    def installed(self, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
        module = types.ModuleType("vidcap_drawn")

        def wheel(data: dict[str, Any]) -> str:
            return f"<b>{data['angle']:.1f}</b>"

        for name, value in (("wheel", wheel), ("getcwd", __import__("os").getcwd)):
            setattr(module, name, value)
        wheel.__module__ = module.__name__
        monkeypatch.setitem(sys.modules, module.__name__, module)
        found = {
            **plugins.discover(),
            "drawn": plugins.Plugin("drawn", "vidcap-plugin-drawn", "1", module=module),
        }
        monkeypatch.setattr(plugins, "discover", lambda: found)
        return module

    def panel(self, renderer: str, **data: Any) -> dict[str, Any]:
        return {"kind": "wheel", "data": data, "renderer": renderer, "title": ""}

    def test_a_plugin_draws(self, installed: types.ModuleType) -> None:
        assert renderers.draw(self.panel("vidcap_drawn:wheel", angle=2))["html"] == "<b>2.0</b>"

    def test_its_failure_is_a_note(self, installed: types.ModuleType) -> None:
        drawn = renderers.draw(self.panel("vidcap_drawn:wheel"))
        assert "KeyError" in drawn["note"]
        assert "html" not in drawn

    @pytest.mark.parametrize(
        "renderer",
        [
            "os:getcwd",
            "vidcap_drawn:getcwd",
            "vidcap_core.zoo.plugins:discover",
            "vidcap_drawn:absent",
            "x",
            "",
        ],
    )
    def test_nothing_else_runs(self, installed: types.ModuleType, renderer: str) -> None:
        drawn = renderers.draw(self.panel(renderer, angle=2))
        assert "html" not in drawn
        assert renderer == "" or renderer in drawn["note"]


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import argparse

    from vidcap_core.cli import report

    parser = argparse.ArgumentParser()
    report.add_parser(parser.add_subparsers())
    folder = made_up.run_folder(tmp_path / "run", clips=2, videos=1, split="test")
    args = parser.parse_args(["report", str(folder), "--split", "test", "--frames", "0"])
    assert args.func(args) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == folder / "report-test.html"
    assert blocks(path)["clip-0"]["film"] is None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("predictions-val.json", '{"a": "a dog"}', r"predictions-val\.json: holds dict, not a list"),
        ("predictions-val.json", '["a dog"]', r"predictions-val\.json\.0: holds str, not an object"),
        ("predictions-val.json", '[{"id": "a"}]', r"\.0: lacks 'text'"),
        ("predictions-val.json", '[{"id": "a", "text": "", "events": [{"start": "0"}]}]', r"\.0\.events\.0"),
        ("predictions-val.json", "[" * 100_000, "is not JSON: it is nested too deeply"),
        ("predictions-val.json", "9" * 5_000, "is not JSON"),
        ("scores-val.json", '{"values": {"CIDEr": "good"}}', r"scores-val\.json\.values\.CIDEr"),
        ("references-val.json", "[]", r"references-val\.json: holds list, not an object"),
        ("panels-val.json", '{"a": [{}]}', r"panels-val\.json\.a\.0: lacks 'kind'"),
        ("config.json", "[]", r"config\.json: holds list"),
        ("scalars.jsonl", "garbage\n{}\n", r"scalars\.jsonl, line 1: "),
        (
            "scalars.jsonl",
            '{"step": 1}\n{"a": 1}\n{"step": 2}\n',
            r"scalars\.jsonl, line 2: no object with a step",
        ),
        ("scalars.jsonl", '{"step": 1, "a": 1' + "0" * 400 + "}\n\n", r"line 1: a number beyond all bounds"),
    ],
)
def test_files_of_another_shape_are_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    folder = made_up.run_folder(tmp_path / "run", clips=2)
    (folder / name).write_text(content)
    with pytest.raises(UserError, match=said) as caught:
        write_run_report(folder, frames=0)
    assert "\n  try: " in str(caught.value)
