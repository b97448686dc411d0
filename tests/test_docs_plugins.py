"""The pages for authors: they show what `vidcap new` writes; each example installs, works and keeps its promises."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from refresh_docs import DOCS, EXAMPLES, page_of, shown

from vidcap_core.api import Batch, Clip, Event, Named, Sample, Stream, View
from vidcap_core.errors import UserError
from vidcap_core.testing import scaffold, write_video

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = list(EXAMPLES.values())
QUICK = [f"data.{split}.limit=8" for split in ("train", "val", "test")]


@pytest.mark.parametrize("kind", scaffold.KINDS)
def test_a_page_shows_what_vidcap_new_writes(kind: str) -> None:
    blocks, written = shown(page_of(kind)), scaffold.files(EXAMPLES[kind], kind)
    assert blocks
    for path, text in blocks.items():
        assert text == written[path], path
    same = {
        "README.md",
        "pyproject.toml",
        "card.yaml",
        "tests/test_plugin.py",
    }  # in all skeletons, but for words
    if kind == "head":  # the tutorial goes through all but the first
        same = {"README.md"}
    module = f"vidcap_{EXAMPLES[kind]}"
    same |= {f"{module}/{name}" for name in ("__init__.py", "py.typed", "head.py")}
    assert set(written) - set(blocks) <= same


def test_every_kind_has_a_page() -> None:
    text = (DOCS / "plugins.md").read_text(encoding="utf-8")
    for kind in scaffold.KINDS:
        page = DOCS / "plugins" / "head.md" if kind in ("head", "writer") else page_of(kind)
        assert page.is_file()
        assert f"| `{kind}` |" in text
        assert f"({page.relative_to(DOCS)})" in text


@pytest.mark.parametrize("kind", scaffold.KINDS)
def test_an_example_imports_one_module_of_ours(kind: str) -> None:
    """And its test another one: in each file that `vidcap new` writes, and on the page of a kind."""
    files = [*scaffold.files(EXAMPLES[kind], kind).items(), *shown(page_of(kind)).items()]
    for path, text in files:
        of_us = {
            line.split()[1]
            for line in text.splitlines()
            if line.strip().startswith(("from vidcap_core", "import vidcap_core"))
        }
        assert of_us <= {"vidcap_core.testing" if path.startswith("tests/") else "vidcap_core.api"}, path


WITHOUT_HEADS = {"default_alignment", "neural_metrics"}
"""Plugins of weights or metrics: they have nothing to run."""


def test_every_skeleton_is_laid_out_as_our_own_plugins() -> None:
    """Configs and card beside the package, which alone holds code; `benchmarks/` comes with the first benchmark."""
    common = {path for path in scaffold.files("pooled") if "/head" not in path}
    for kind in scaffold.KINDS:
        theirs = set(scaffold.files("pooled", kind))
        assert common - theirs <= ({"configs/toy.py"} if kind == "command" else set()), kind
    for plugin in (path.parent for path in ROOT.glob("plugins/*/pyproject.toml")):
        ours = {path.replace("pooled", plugin.name) for path in common}
        if not (plugin / "configs" / "toy.py").is_file() and plugin.name in WITHOUT_HEADS:
            ours = {path for path in ours if not path.startswith("configs/")}
        assert [path for path in sorted(ours) if not (plugin / path).is_file()] == []


def test_the_head_of_the_tutorial_is_under_fifty_lines() -> None:
    assert len(shown(DOCS / "plugins.md")["vidcap_pooled/head.py"].splitlines()) < 50


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every documented plugin, written to a folder of its own and installed from there by pip."""
    folder = tmp_path_factory.mktemp("pages")
    for kind, name in EXAMPLES.items():
        source = scaffold.write(name, folder / "source" / name, kind)
        for path, text in shown(page_of(kind)).items():
            (source / path).write_text(text, encoding="utf-8")
    install(folder, *EXAMPLES.values())
    return folder


def install(folder: Path, *names: str) -> None:
    """Sources into the folder that the tests have on their path."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--upgrade"]
    sources = [str(folder / "source" / name) for name in names]
    where = ["--disable-pip-version-check", "--target", str(folder / "site")]
    subprocess.run([*pip, *where, *sources], check=True)


def run(site: Path, *command: str) -> str:
    """A command in a process of its own that sees the installed examples; its output."""
    path = filter(None, [str(site / "site"), os.environ.get("PYTHONPATH")])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=site,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def vidcap(site: Path, *command: str) -> str:
    return run(site, "vidcap_core.cli.main", *command)


def trained(site: Path, config: str, work_dir: str, *changes: str, phase: str = "caption") -> Path:
    """The folder of a short run of a config."""
    words = [word for change in (f"phases.{phase}.epochs=1", *QUICK, *changes) for word in ("--set", change)]
    run(site, "vidcap_core.cli.run", config, *words, "--work-dir", work_dir, "--quiet")
    return site / work_dir


@pytest.mark.parametrize("name", PLUGINS)
def test_an_example_keeps_its_promises(site: Path, name: str) -> None:
    lines = vidcap(site, "conform", name).splitlines()
    assert [line for line in lines if line.startswith("FAIL")] == []
    assert len([line for line in lines if line.startswith("ok")]) >= 3


def test_the_tutorial_is_found_and_its_config_is_valid(site: Path) -> None:
    assert "1 head, 1 config" in vidcap(site, "plugins")
    assert "pooled/toy: fine" in vidcap(site, "config", "check", "pooled/toy")
    by_path = vidcap(site, "config", "check", "source/pooled/configs/toy.py")
    assert by_path == "source/pooled/configs/toy.py: fine\n"
    assert "streams are averaged over time" in vidcap(site, "info", "pooled")


def test_the_skeletons_test_runs_without_pytest(site: Path) -> None:
    """As `python tests/test_plugin.py`, where pytest cannot be imported."""
    code = (
        "import runpy, sys; sys.modules['pytest'] = None; "
        "runpy.run_path('source/trains/tests/test_plugin.py', run_name='__main__')"
    )
    path = filter(None, [str(site / "site"), os.environ.get("PYTHONPATH")])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=site, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_head_of_the_tutorial_trains(site: Path) -> None:
    folder = trained(site, "pooled/toy", "pooled-run")
    assert json.loads((folder / "scores-val.json").read_text())["clips"].startswith("8 of ")


def test_a_head_that_writes_by_itself_captions_a_file(site: Path) -> None:
    folder = trained(site, "at_once/toy", "at-once-run", "generate.min_length=2")
    write_video(site / "films" / "clip.mp4")
    written = vidcap(site, "caption", "films/clip.mp4", "--model", str(folder))
    assert written.startswith("films/clip.mp4: ")
    assert len(written.split()) >= 3


def test_a_head_that_writes_by_itself_refuses_what_it_cannot(site: Path) -> None:
    with pytest.raises(AssertionError, match=r"generate\.mode='beam': AtOnceHead writes in a way of its own"):
        run(site, "vidcap_core.cli.run", "at_once/toy", "--set", "generate.mode=beam")


def test_a_whole_model_trains_little_of_itself_and_its_bundle_captions(site: Path) -> None:
    """The commands of the page; a bundle with all weights needs no folder."""
    folder = trained(site, "tuned/toy", "tuned-run", "generate.min_length=2")
    vidcap(site, "export", str(folder), "-o", str(site / "small"))
    weights = site / "site" / "vidcap_tuned" / "model" / "model.safetensors"
    assert (site / "small" / "weights.safetensors").stat().st_size < weights.stat().st_size / 3
    whole = trained(site, "tuned/toy", "tuned-whole", "generate.min_length=2", "runtime.save=all")
    vidcap(site, "export", str(whole), "-o", str(site / "whole"))
    write_video(site / "films" / "clip.mp4")
    before = vidcap(site, "caption", "films/clip.mp4", "--model", str(site / "small"))
    weights.parent.rename(site / "away")
    try:
        assert vidcap(site, "caption", "films/clip.mp4", "--model", str(site / "whole")) == before
        with pytest.raises(AssertionError, match=r"(?s)captioning model.*model.*"):
            run(site, "vidcap_core.cli.run", "tuned/toy", "--work-dir", "none")
    finally:
        (site / "away").rename(weights.parent)


@pytest.mark.parametrize("change", ["generate.length=gnmt", "generate.stop=cap"])
def test_a_whole_model_refuses_what_its_search_has_not(site: Path, change: str) -> None:
    with pytest.raises(AssertionError, match="TunedHead searches as transformers does"):
        run(site, "vidcap_core.cli.run", "tuned/toy", "--set", change)


def test_the_encoder_makes_a_store(site: Path) -> None:
    write_video(site / "films" / "clip.mp4")
    store = ["--videos", "films", "--encoder", "tinted.TintedEncoder", "--out", "tints.store"]
    vidcap(site, "features", "extract", *store, "--device", "cpu")
    assert "TintedEncoder" in vidcap(site, "features", "inspect", "tints.store", "--verify")


def test_the_dataset_is_checked(site: Path) -> None:
    folder = site / "site" / "vidcap_squares" / "sample"
    table = vidcap(site, "data", "check", "squares", "--root", str(folder), "--split", "train", "--json")
    assert json.loads(table)[0]["clips"] == 8


def test_the_transform_changes_what_is_trained_on_and_nothing_else(site: Path) -> None:
    code = """
import numpy as np
from vidcap_core.api import load_recipe
data = load_recipe("thinned/toy").data
train, bare = data["train"].changed(limit=8).build(), data["train"].changed(limit=8, transforms=None).build()
draw = lambda dataset, seed: len(dataset.get(0, np.random.default_rng(seed)).streams["image"])
print({draw(bare, 1), draw(bare, 2)} == {draw(bare, 0)}, draw(train, 1) < draw(bare, 1))
print(draw(train, 1) == draw(train, 1), "transforms" in data["val"].arguments)
"""
    (site / "look.py").write_text(code)
    assert run(site, "look").split() == ["True", "True", "True", "False"]


def test_the_metric_scores_files(site: Path) -> None:
    (site / "predictions.json").write_text(json.dumps({"a": "a dog flies", "b": ""}))
    (site / "references.json").write_text(json.dumps({"a": ["a dog runs", "the dog"], "b": ["a cat"]}))
    files = ["predictions.json", "references.json"]
    scores = json.loads(vidcap(site, "score", *files, "--metrics", "known", "--json"))
    assert scores["values"]["Known"] == pytest.approx(1 / 3)
    assert scores["signatures"]["Known"].startswith("known|v:1|")


def test_the_panel_is_drawn_in_the_report(site: Path) -> None:
    folder = trained(site, "drawn/toy", "drawn-run", "generate.min_length=3")
    page = next(folder.glob("report*.html")).read_text(encoding="utf-8")
    assert "\\u2587" in page or "▇" in page


def test_the_command_runs(site: Path) -> None:
    assert vidcap(site, "trains", "core/toy") == "caption: tokens\n"
    assert "trains" in vidcap(site, "--help")


def test_a_command_gets_at_a_trained_head(site: Path) -> None:
    """By the function of the page."""
    text = (DOCS / "plugins" / "command.md").read_text(encoding="utf-8")
    [function] = [
        code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "vidcap_core.load" in code
    ]
    folder = trained(site, "pooled/toy", "loaded-run")
    (site / "loaded.py").write_text(
        f"import argparse\n\n{function}\nrun(argparse.Namespace(model={str(folder)!r}))\n"
    )
    name, count = run(site, "loaded").split()
    assert name == "PooledHead"
    assert int(count) > 1000


def test_the_head_that_finds_events_learns_and_is_scored(site: Path) -> None:
    folder = trained(site, "timely/toy", "timely-run", phase="events")
    scores = json.loads((folder / "scores-val.json").read_text())
    assert scores["clips"].startswith("8 of ")
    assert {"dense-METEOR", "loc-F1"} <= set(scores["values"])
    events = [
        event
        for clip in json.loads((folder / "predictions-val.json").read_text())
        for event in clip["events"]
    ]
    assert len(events) >= 8
    assert all(0 <= event["start"] <= event["end"] and event["text"] for event in events)


def test_the_kit_says_what_it_left_out_of_the_head_that_finds_events(site: Path) -> None:
    lines = vidcap(site, "conform", "timely").splitlines()
    [step] = [line for line in lines if "step = forward" in line]
    assert step.startswith(
        "-    head TimelyHead: step = forward: the head plans its own views, and rows of `tokens`"
    )
    assert "ok   loss SpanLoss: masked outputs" in lines
    [card] = [line for line in lines if "card in own words" in line]
    assert card.startswith("-    card in own words: card.yaml still has the words of `vidcap new`")


@pytest.mark.parametrize(
    "record", [Batch, Clip, Event, Named, Sample, Stream, View], ids=lambda r: r.__name__
)
def test_the_fields_of_records_are_written_down(record: type) -> None:
    text = (DOCS / "plugins.md").read_text(encoding="utf-8")
    [row] = [line for line in text.splitlines() if line.startswith(f"| `{record.__name__}` |")]
    own = {field.name for field in fields(record)}
    own |= {name for name, value in vars(record).items() if isinstance(value, property)}
    assert own <= set(re.findall(r"`(\w+)`", row))


def test_a_bundle_that_is_shipped_captions(site: Path) -> None:
    """The commands of the page, in their order."""
    folder = trained(site, "shipped/toy", "shipped-run", "generate.min_length=2")
    vidcap(site, "export", str(folder), "-o", str(site / "source" / "shipped" / "bundles" / "toy"))
    install(site, "shipped")
    write_video(site / "films" / "clip.mp4")
    assert "shipped" in vidcap(site, "list", "models")
    assert vidcap(site, "caption", "films/clip.mp4", "--model", "shipped").startswith("films/clip.mp4: ")


@pytest.mark.parametrize("name", ["Pooled", "1st", "a b", "core", "", "../x"])
def test_a_name_that_cannot_be(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        scaffold.write(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_kind_that_is_not(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no skeleton is of the kind 'hed'; did you mean 'head'") as caught:
        scaffold.write("pooled", tmp_path / "new", "hed")
    assert "--kind head|dense-head|encoder|" in str(caught.value.hint)
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("precious")
    with pytest.raises(UserError, match="is there already, and not empty"):
        scaffold.write("pooled", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_what_to_type_next_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from vidcap_core.cli.main import main

    folder = tmp_path / "new"
    assert main(["new", "known", "--kind", "metric", "--into", str(folder)]) == 0
    first, then, *commands = capsys.readouterr().out.splitlines()
    assert first == f"wrote {folder}; check it: vidcap conform known, after: pip install -e {folder}"
    assert (then, commands) == (
        "then:",
        ["  vidcap-run known/toy", f"  python {folder}/tests/test_plugin.py"],
    )
    assert main(["new", "known", "--kind", "metric", "--into", str(folder)]) == 2
