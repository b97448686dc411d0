"""Folders that a stranger made: whatever they hold, no code of theirs runs, and what is wrong is said in a line."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from security_parts import CHANGES, good_models

from vidcap_core.cli.main import main
from vidcap_core.cli.run import main as run_main
from vidcap_core.config.files import Config
from vidcap_core.contracts.panels import Curve
from vidcap_core.errors import CheckpointError, PluginError
from vidcap_core.report import curves, renderers
from vidcap_core.report.curves import Chart
from vidcap_core.saved import checkpoint, foreign
from vidcap_core.saved.export import export
from vidcap_core.zoo import plugins, registry

NAMES = ("subprocess:Popen", "evil_package:Component", "evil_package.inner.Component")
KINDS = ("run", "bundle")


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `run`, its `bundle` and a `film.mp4`; all of them are as they should be."""
    folder = tmp_path_factory.mktemp("good")
    good_models(folder)
    return folder


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return Path(shutil.copytree(good, tmp_path / "models"))


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that appears when a stranger's code runs; `evil_package` makes it when it is imported at all."""
    path, package = tmp_path / "ran", tmp_path / "importable" / "evil_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"open({str(path)!r}, 'w')\nComponent = dict\n")
    (package / "inner.py").write_text("Component = dict\n")
    monkeypatch.syspath_prepend(str(package.parent))
    plugins.discover.cache_clear()  # tables are made anew of what is found then
    plugins.discover()["core"].components["encoders"]["Wrapping"] = "security_parts:Wrapping"
    yield path
    for name in [name for name in sys.modules if name.partition(".")[0] == "evil_package"]:
        del sys.modules[name]
    plugins.discover.cache_clear()


@pytest.fixture
def refused(folder: Path, marker: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Type a command, and see it end with a line and without a trace of the stranger's code."""

    def check(words: list[str], reason: str) -> None:
        before = signal.getsignal(signal.SIGTERM)
        try:
            code = main(words)
        finally:
            signal.signal(signal.SIGTERM, before)
        said = capsys.readouterr().err
        assert (code, marker.exists()) == (2, False), said
        assert reason in said
        assert "Traceback" not in said

    return check


def caption(folder: Path, model: Path) -> list[str]:
    return ["caption", str(folder / "film.mp4"), "--model", str(model), "--device", "cpu"]


def spoil(model: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the config of a run, or of a bundle, whose index holds it."""
    path = model / "bundle.json" if (model / "bundle.json").is_file() else model / "config.json"
    content = json.loads(path.read_text())
    change(content["config"] if path.name == "bundle.json" else content)
    path.write_text(json.dumps(content))


def put(place: str, name: str, marker: Path) -> Callable[[dict[str, Any]], None]:
    """Put a component of this name somewhere into a config."""
    evil = {"type": name, **({"args": ["touch", str(marker)]} if name.endswith("Popen") else {})}
    grid = {"type": "ToyGrid", "stream": "image"}
    changes: dict[str, dict[str, Any]] = {
        "head": {"head": evil},
        "tokenizer": {"tokenizer": evil},
        "encoders": {"encoders": {"image": evil}},
        "extract": {"extract": {"image": evil, "motion": {"type": "ToyGrid", "stream": "motion"}}},
        "an argument": {"encoders": {"image": {**grid, "inside": [{"of": [evil]}]}}},
        "a text encoder": {"encoders": {"more": {"type": "spectrum.RetrievedCaptions", "text": evil}}},
        "a transform": {"encoders": {"image": {**grid, "of": {"type": "Toy", "transforms": [evil]}}}},
        "a plain string": {"encoders": {"image": {**grid, "type": "Wrapping", "inner": name}}},
    }
    return lambda data: data.update(changes[place])


PLACES = (
    "head",
    "tokenizer",
    "encoders",
    "extract",
    "an argument",
    "a text encoder",
    "a transform",
    "a plain string",
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_spoilt_captions(
    folder: Path, marker: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert main(caption(folder, folder / kind)) == 0
    signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().out.strip()
    assert not marker.exists()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_path_to_code_is_followed(
    folder: Path, marker: Path, refused: Callable[..., None], kind: str, place: str, name: str
) -> None:
    spoil(folder / kind, put(place, name, marker))
    refused(caption(folder, folder / kind), f"'{name}'")
    if kind == "run":
        refused(["export", str(folder / "run"), "-o", str(folder / "out")], f"'{name}'")
        assert not (folder / "out").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_does_not_start_with_it(folder: Path, marker: Path, kind: str) -> None:
    pytest.importorskip("fastapi", reason="needs the extra 'serve'")
    spoil(folder / kind, put("head", "subprocess:Popen", marker))
    words = [
        sys.executable,
        "-m",
        "vidcap_core.cli.main",
        "serve",
        "--model",
        str(folder / kind),
        "--port",
        "0",
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=folder)
    assert (done.returncode, marker.exists()) == (2, False), done.stderr
    assert "may only name components of installed plugins" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bundle_in_a_runs_folder_is_the_bundle(
    folder: Path, marker: Path, refused: Callable[..., None]
) -> None:
    both = folder / "both"
    shutil.copytree(folder / "bundle", both)
    shutil.copy(folder / "run" / "config.json", both)
    shutil.copytree(folder / "run" / "checkpoints", both / "checkpoints")
    content = json.loads((both / "config.json").read_text())
    put("head", "subprocess:Popen", marker)(content)
    (both / "config.json").write_text(json.dumps(content))
    refused(caption(folder, both), "holds 'checkpoints', which its index does not list")
    refused(["export", str(both), "-o", str(folder / "out")], "is a bundle already")
    spoil(both, put("head", "evil_package:Component", marker))
    refused(caption(folder, both), "'evil_package:Component'")
    (both / "bundle.json").rename(both / "BUNDLE.JSON")  # to some systems the same name
    refused(caption(folder, both), "it has no bundle.json")


@pytest.mark.parametrize(
    "name",
    ["config.py", "README.txt", ".gitattributes", "__init__.py", "Weights.safetensors", "TOKENIZER.JSON"],
)
def test_what_a_bundle_does_not_list_is_refused_by_name(
    folder: Path, marker: Path, refused: Callable[..., None], name: str
) -> None:
    (folder / "bundle" / name).write_text(f"open({str(marker)!r}, 'w')")
    refused(caption(folder, folder / "bundle"), f"holds '{name}', which its index does not list")


@pytest.mark.parametrize(
    "name",
    [
        "../secret.json",
        "/secret.json",
        "sub/secret.json",
        "..\\secret.json",
        "C:secret.json",
        "..",
        "",
        ".secret.json",
        "secret.py",
        "secret.pt",
        "Tokenizer.json",
    ],
)
def test_what_a_bundle_must_not_list(folder: Path, refused: Callable[..., None], name: str) -> None:
    secret = folder / "secret.json"
    secret.write_text("{}")
    named = str(secret) if name == "/secret.json" else name
    if "/" not in name and name not in ("..", ""):
        (folder / "bundle" / name).write_text("{}")
    index = json.loads((folder / "bundle" / "bundle.json").read_text())
    index["files"][named] = hashlib.sha256(b"{}").hexdigest()
    (folder / "bundle" / "bundle.json").write_text(json.dumps(index))
    refused(caption(folder, folder / "bundle"), f"'{named}'")
    refused(["push", str(folder / "bundle"), "someone/something"], f"'{named}'")


def test_a_listed_file_with_another_hash(folder: Path, refused: Callable[..., None]) -> None:
    with (folder / "bundle" / "tokenizer.json").open("a") as file:
        file.write(" ")
    refused(caption(folder, folder / "bundle"), "its sha256 differs")


@pytest.mark.parametrize("name", ["bundle.json", "tokenizer.json", "weights.safetensors"])
def test_a_link_in_a_bundle(folder: Path, refused: Callable[..., None], name: str) -> None:
    outside = (folder / "bundle" / name).rename(folder / name)
    (folder / "bundle" / name).symlink_to(outside)
    refused(caption(folder, folder / "bundle"), f"{name} is a link")


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "meta.json", "checkpoints", "checkpoints/best.pt"]
)
def test_a_link_that_leads_out_of_a_run(folder: Path, refused: Callable[..., None], name: str) -> None:
    outside = (folder / "run" / name).rename(folder / Path(name).name)
    (folder / "run" / name).symlink_to(outside)
    refused(caption(folder, folder / "run"), "leads out of")
    refused(["export", str(folder / "run"), "-o", str(folder / "out")], "leads out of")


@pytest.mark.parametrize(
    "name", ["report-val", "report-val/loss.csv", "report-val/loss.png", "log.txt", ".lock"]
)
@pytest.mark.parametrize("words", [["report", "RUN"], ["export", "RUN", "-o", "OUT"]])
def test_nothing_is_written_through_a_link(
    folder: Path, refused: Callable[..., None], name: str, words: list[str]
) -> None:
    run, outside = folder / "run", folder / "outside"
    if name == "report-val":
        outside.mkdir()
    else:
        (run / name).parent.mkdir(exist_ok=True)
        outside.write_text("mine")
    (run / name).symlink_to(outside)
    (run / "scalars.jsonl").write_text('{"step": 1, "loss/touch it;#": 1}\n')
    (run / "predictions-val.json").write_text("[]")
    refused([{"RUN": str(run), "OUT": str(folder / "out")}.get(word, word) for word in words], "leads out of")
    assert list(outside.iterdir()) == [] if outside.is_dir() else outside.read_text() == "mine"


@pytest.mark.parametrize("task", [["--resume"], ["--force-resume"], ["test"]])
def test_no_run_goes_on_through_a_link(
    folder: Path, task: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    outside = (folder / "run" / "checkpoints").rename(folder / "outside")
    for step in (1, 2, 3):
        (outside / f"step-{step:08}.pt").write_text("mine")
    (outside / ".dir.deadbeef.part").mkdir()
    (folder / "run" / "checkpoints").symlink_to(outside)
    (folder / "run" / "log.txt").symlink_to(folder / "log")
    changes = [word for change in CHANGES for word in ("--set", change)]
    assert run_main(["core/toy", *task, *changes, "--work-dir", str(folder / "run")]) == 2
    assert "leads out of" in capsys.readouterr().err
    assert len(list(outside.glob("step-*.pt"))) == 3
    assert (outside / ".dir.deadbeef.part").is_dir()
    assert not (folder / "log").exists()


def test_a_curve_takes_the_place_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    for kind in ("csv", "png"):
        (tmp_path / f"loss.{kind}").symlink_to(tmp_path / "mine")
    names = curves.export([Chart("loss", (Curve("$\\frac{$", (1.0,), (2.0,)),))], tmp_path)
    assert sorted(names) == ["loss.csv", "loss.png"]
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "loss.csv").is_symlink()


def test_html_in_a_stored_panel_is_not_drawn() -> None:
    panel = {"kind": "own", "title": "t", "data": {}, "html": "<meta http-equiv=refresh>", "note": "read me"}
    assert renderers.draw(panel) == {"kind": "own", "title": "t", "data": {}}
    assert "html" not in renderers.draw({**panel, "renderer": ["a list"]})


@pytest.mark.parametrize("text", ["[]", "null", "{}", "[" * 50_000, '{"words": 5}'])
@pytest.mark.parametrize("task", ["caption", "export"])
def test_a_tokenizer_of_another_shape(
    folder: Path, refused: Callable[..., None], text: str, task: str
) -> None:
    (folder / "run" / "tokenizer.json").write_text(text)
    words = caption(folder, folder / "run")
    refused(
        words if task == "caption" else ["export", str(folder / "run"), "-o", str(folder / "out")], "damaged"
    )


def test_a_checkpoint_of_another_shape(folder: Path, refused: Callable[..., None]) -> None:
    checkpoint.save(folder / "run" / "checkpoints" / "best.pt", {"weights": 5})
    refused(caption(folder, folder / "run"), "holds no weights")


@pytest.mark.parametrize("name", ["best.pt", "step-1.pt"])
@pytest.mark.parametrize(
    "content",
    [
        [1],
        {"format": 1},
        {"format": 1, "weights": {}},
        {"format": 1, "weights": [], "progress": {"step": 1}},
        {"format": 1, "weights": {"a": "x"}, "progress": {}},
        {"format": 1, "weights": {}, "average": [1], "progress": {"step": 1}},
        {"format": 1, "weights": {1: torch.zeros(1)}, "progress": {"step": 1}},
        {"format": 1, "weights": {}, "base": [1], "progress": {"step": 1}},
        {"format": 1, "weights": {}, "tokenizer": [1], "progress": {"step": 1}},
        {"format": 1, "weights": {"a": torch.zeros(1, device="meta")}, "progress": {"step": 1}},
        {"format": 1, "weights": {"a": torch.zeros(1).expand(1 << 40)}, "progress": {"step": 1}},
    ],
)
def test_a_checkpoint_that_nobody_saved(
    folder: Path, refused: Callable[..., None], name: str, content: object
) -> None:
    checkpoints = folder / "run" / "checkpoints"
    (checkpoints / "best.pt").unlink()
    torch.save(content, checkpoints / name)
    refused(caption(folder, folder / "run"), "")


def test_a_checkpoint_with_wrong_bits_and_without_a_seal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = folder / "run" / "checkpoints" / "best.pt"
    whole, chance = best.read_bytes()[:-46], random.Random(27)
    for number in range(40):
        flipped = bytearray(whole[: chance.randrange(len(whole))] if number % 4 == 3 else whole)
        for at in (chance.randrange(min(len(flipped), 3000 if number % 2 else 1 << 30)) for _ in range(4)):
            flipped[at] ^= 1 << chance.randrange(8)
        best.write_bytes(flipped)
        main(caption(folder, folder / "run"))
        said = capsys.readouterr().err
        assert "internal error" not in said, number
        assert "Traceback" not in said, number


def test_a_link_inside_a_run_is_nobodys_business(
    folder: Path, marker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoints = folder / "run" / "checkpoints"
    (checkpoints / "best.pt").rename(checkpoints / "another.pt")
    (checkpoints / "best.pt").symlink_to("another.pt")
    assert main(["export", str(folder / "run"), "-o", str(folder / "out")]) == 0
    capsys.readouterr()


def test_predictions_are_read_and_never_built(
    folder: Path, marker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "said.json").write_text(json.dumps({"a": {"type": "evil_package:Component"}}))
    (folder / "meant.json").write_text(json.dumps({"a": ["a dog runs"]}))
    main(["score", str(folder / "said.json"), str(folder / "meant.json"), "--metrics", "bleu"])
    capsys.readouterr()
    assert not marker.exists()


def test_a_report_shows_a_run_and_builds_nothing_of_it(
    folder: Path, marker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = folder / "run"
    spoil(run, put("head", "subprocess:Popen", marker))
    said = {"id": "a", "text": "a dog", "path": None, "span": [0, 1], "events": [], "streams": []}
    panel = {"kind": "own", "title": "own", "data": {}, "renderer": "evil_package:Component"}
    (run / "predictions-val.json").write_text(json.dumps([said]))
    (run / "panels-val.json").write_text(json.dumps({"a": [panel]}))
    assert main(["report", str(run)]) == 0
    capsys.readouterr()
    assert "no installed plugin has the package" in (run / "report-val.html").read_text()
    assert not marker.exists()


@pytest.mark.parametrize("name", NAMES)
def test_no_table_follows_a_path_while_data_are_built(marker: Path, name: str) -> None:
    with registry.installed_only():
        for table in registry.REGISTRIES.values():
            with pytest.raises(PluginError, match="is named"):
                table.load(name)
    assert not marker.exists()
    assert registry.HEADS.load("json:loads") is json.loads  # as one's own config may


def test_what_follows_a_load_is_free_again(marker: Path) -> None:
    head = {"type": "SmallTransformer", "streams": {"image": 8}}
    with pytest.raises(PluginError), foreign.building(Config("stored", {"head": head})):
        registry.HEADS.load("evil_package:Component")
    assert registry.HEADS.load("evil_package:Component") is dict


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"head": "subprocess:Popen"},
        {"head": {}},
        {"head": {"type": ["a"]}},
        {"head": {"type": "X"}, "encoders": ["evil_package:Component"]},
        {"head": {"type": "X"}, "extract": {"image": "evil_package:Component"}},
    ],
)
def test_a_config_of_another_shape(stored: dict[str, Any], marker: Path) -> None:
    with pytest.raises(CheckpointError):
        foreign.captioning_part(Config("stored", stored))
    assert not marker.exists()


def test_a_program_that_is_named_may_use_its_own_code(tmp_path: Path) -> None:
    """`vidcap-run CONFIG test` follows the config that was typed, and what lies in the run's folder is data."""
    from vidcap_core.testing import tiny

    (tmp_path / "mine.py").write_text("from vidcap_core.heads.gru import MeanPoolGRU as Mine\n")
    own = tmp_path / "own.py"
    data = tiny.config(head={"type": "mine:Mine", "streams": {"image": 16}, "width": 8})
    own.write_text("\n".join(f"{key} = {value!r}" for key, value in data.items()))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }

    def vidcap_run(*words: str) -> subprocess.CompletedProcess[str]:
        line = [
            sys.executable,
            "-m",
            "vidcap_core.cli.run",
            str(own),
            *words,
            "--work-dir",
            str(tmp_path / "run"),
        ]
        return subprocess.run(
            [*line, "--device", "cpu"], capture_output=True, text=True, env=environment, timeout=300
        )

    trained = vidcap_run()
    assert trained.returncode == 0, trained.stderr
    tested = vidcap_run("test", "--split", "val")
    assert tested.returncode == 0, tested.stderr
    with pytest.raises(CheckpointError, match=r"(?s)'mine:Mine'.*declare it in one \(docs/plugins.md\)"):
        export(tmp_path / "run", tmp_path / "bundle")
