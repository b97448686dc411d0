"""runtime.save='trained' on another machine: where the base lies may be set, and a bundle may hold it after all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import saved_parts
from adapted_runs import adapted, last, other_weights, texts, train

from vidcap_core.cli.main import main
from vidcap_core.engine import runs
from vidcap_core.errors import CheckpointError, UserError
from vidcap_core.saved.export import export
from vidcap_core.saved.load import load_captioner


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with saved_parts.installed():
        yield


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(saved_parts.model_folder(tmp_path / "model", width=128))


def short(model: Path, lm: Path | None = None, **runtime: Any) -> Any:
    """A run of few steps, whose language model may lie elsewhere than its tokenizer."""
    config = adapted(model, {"ema": None, **runtime})
    config.data["phases"]["one"] = {**config.data["phases"]["one"], "epochs": None, "steps": 2}
    config.data["phases"].pop("two")
    config.data["head"]["lm"] = str(lm or model)
    return config


def index(made: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((made / "bundle.json").read_text())
    return content


def test_where_it_lies_is_set_and_its_hash_decides(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(short(model), tmp_path / "run")
    made = export(run, tmp_path / "made")
    before = texts(load_captioner(str(run)))
    new = model.rename(tmp_path / "new")
    there = [f"head.lm={new}"]
    for name in (made, run):
        with pytest.raises(UserError) as caught:
            load_captioner(str(name))
        said = str(caught.value)
        assert f"{name / ('bundle' if name == made else 'config')}.json cannot caption here yet" in said
        assert "--set head.lm=FOLDER" in said
        assert "its hash is compared" in said
        assert "takes no --set" not in said
        assert texts(load_captioner(str(name), changes=there)) == before
        for change in (
            "head.streams={'image': 16}",
            "head={'lm': 'x'}",
            "generate.beam=2",
            "tokenizer.name=x",
        ):
            with pytest.raises(
                UserError, match=r"only the places of its base can be set: head\.lm\n"
            ) as caught:
                load_captioner(str(name), changes=[*there, change])
            assert caught.value.message.startswith(f"--set {change}: ")
    again = tmp_path / "again"
    assert main(["export", str(run), "-o", str(again), "--set", *there]) == 0
    capsys.readouterr()
    assert index(again)["base"]["head"]["source"] == {"lm": str(new)}
    assert index(again)["config"]["head"]["lm"] == str(new)
    assert texts(load_captioner(str(again))) == before
    assert runs.test(short(model, new), work_dir=run, split="val", device="cpu", quiet=True)
    other_weights(new)
    with pytest.raises(CheckpointError, match=r"another base(?s:.)*--set head\.lm=FOLDER"):
        load_captioner(str(made), changes=there)


def test_a_run_goes_on_with_its_base_elsewhere(model: Path, tmp_path: Path) -> None:
    whole = last(train(short(model), tmp_path / "whole"))
    run = train(short(model, max_time=0), tmp_path / "run")
    assert not last(run)["progress"]["done"]
    new = model.rename(tmp_path / "new")
    config = short(model, new)
    config.data["head"]["streams"] = {"image": 17}
    with pytest.raises(UserError, match=r"keys differ:\s+head\.streams\.image: 16 -> 17\n  try"):
        train(config, run, resume=True)
    train(short(model, new), run, resume=True)
    content = last(run)
    assert content["progress"]["done"]
    assert content["base"]["head"]["source"] == {"lm": str(new)}
    assert content["base"]["head"]["sha256"] == whole["base"]["head"]["sha256"]
    assert all((value == content["weights"][name]).all() for name, value in whole["weights"].items())
    assert json.loads((run / "config.json").read_text())["head"]["lm"] == str(new)
    assert texts(load_captioner(str(run)))


def test_a_finished_run_becomes_a_bundle_that_stands_alone(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(short(model), tmp_path / "run")
    before = texts(load_captioner(str(run)))
    best = (run / "checkpoints" / "best.pt").read_bytes()
    train(short(model, save="all"), run, resume=True)  # files that are written stay as they are
    assert (run / "checkpoints" / "best.pt").read_bytes() == best
    made = tmp_path / "made"
    assert main(["export", str(run), "-o", str(made), "--whole"]) == 0
    capsys.readouterr()
    assert "base" not in index(made)
    assert {"head-assets.json", "keep-first.safetensors"} <= index(made)["files"].keys()
    model.rename(tmp_path / "gone")
    assert texts(load_captioner(str(made))) == before
    assert (
        texts(load_captioner(str(made), copy="first")) == before
    )  # the only phase ends with the best weights


def test_what_holds_all_its_weights_takes_no_set(model: Path, tmp_path: Path) -> None:
    run = train(short(model, save="all"), tmp_path / "run")
    with pytest.raises(UserError, match=r"has its config, and holds all its weights"):
        load_captioner(str(run), changes=["head.lm=elsewhere"])


def test_one_server_of_several_models_takes_no_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--model", "a", "--model", "b", "--set", "head.lm=c"]) == 2
    assert "--set head.lm=c: of which of these 2 models: a, b?" in capsys.readouterr().err
