"""runtime.save='trained': files hold what trains; the base is named, hashed, and must be the same one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import saved_parts
import torch
from adapted_runs import RUNTIME, adapted, last, other_weights, texts, train

from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.engine import runs
from vidcap_core.engine.training import Training
from vidcap_core.errors import CheckpointError, UserError
from vidcap_core.saved import base, bundle, checkpoint
from vidcap_core.saved.export import export
from vidcap_core.saved.load import load_bundle, load_run
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing import tiny


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with saved_parts.installed():
        yield


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(saved_parts.model_folder(tmp_path / "model", width=128))


def size(tensors: dict[str, torch.Tensor]) -> int:
    return sum(value.numel() * value.element_size() for value in tensors.values())


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_files_are_as_small_as_what_trains(model: Path, tmp_path: Path) -> None:
    run = train(adapted(model), tmp_path / "run")
    whole = load_run(run, extractors=False).state_dict()
    weights = last(run)["weights"]
    assert {name for name in whole if "down" in name or "up" in name or "enter" in name} == weights.keys()
    trained, everything = size(weights), size(dict(whole))
    assert everything > 25 * trained  # the embeddings are tied, and counted twice
    files = {path.name: path.stat().st_size for path in (run / "checkpoints").iterdir()}
    assert {"best.pt", "keep-first.pt", *files} == files.keys()
    for name, bytes_ in files.items():
        # weights, their average and two moments; 30 KB of random states, names and config
        assert bytes_ < (4 if name.startswith("step") else 1) * trained + 40_000, name
    made = export(run, tmp_path / "bundle")
    assert (made / "weights.safetensors").stat().st_size < trained + 2_000
    assert (made / "keep-first.safetensors").stat().st_size < trained + 2_000
    all_of_it = train(adapted(model, {"save": "all"}), tmp_path / "all")
    assert (all_of_it / "checkpoints" / "best.pt").stat().st_size > 20 * trained


def test_nothing_else_changes(model: Path, tmp_path: Path) -> None:
    trained, whole = (
        train(adapted(model, {"save": kind}), tmp_path / kind / "run") for kind in ("trained", "all")
    )
    weights = last(whole)["weights"]
    assert all(torch.equal(value, weights[name]) for name, value in last(trained)["weights"].items())
    for name in ("predictions-val.json", "scalars.jsonl"):
        a, b = ((run / name).read_text() for run in (trained, whole))
        if name == "scalars.jsonl":
            a, b = (
                str([json.loads(line).get("loss/tokens") for line in text.splitlines()]) for text in (a, b)
            )
        assert a == b
    before = texts(load_run(whole, extractors=False))
    assert len({text for text, _ in before}) > 1
    made = bundle.open_bundle(export(trained, tmp_path / "bundle"))
    assert texts(load_run(trained, extractors=False)) == texts(load_bundle(made)) == before
    early = load_bundle(made, copy="first")
    of_all = load_bundle(bundle.open_bundle(export(whole, tmp_path / "of_all")), copy="first")
    assert same(dict(early.state_dict()), dict(of_all.state_dict()))
    runs.test(adapted(model), work_dir=trained, split="val", device="cpu", quiet=True)


def test_a_checkpoint_says_where_its_base_comes_from(model: Path, tmp_path: Path) -> None:
    run = train(adapted(model), tmp_path / "run")
    said = last(run)["base"]
    assert list(said) == ["head"]
    assert (said["head"]["type"], said["head"]["source"]) == ("Adapted", {"lm": str(model)})
    assert len(said["head"]["sha256"]) == 64
    made = export(run, tmp_path / "bundle")
    assert json.loads((made / "bundle.json").read_text())["base"] == said
    assert not (made / "head-assets.json").exists()
    assert f"head (type='Adapted', lm='{model}')" in (run / "log.txt").read_text()


def test_it_goes_on_bit_by_bit(model: Path, tmp_path: Path) -> None:
    whole = train(adapted(model), tmp_path / "whole")
    run = tmp_path / "run"
    train(adapted(model, {"max_time": 0}), run)
    for _ in range(20):
        train(adapted(model, {"max_time": 0}), run, resume=True)
        if last(run)["progress"]["done"]:
            break
    a, b = last(whole), last(run)
    assert b["progress"]["done"]
    assert a["base"] == b["base"]
    assert same(a["weights"], b["weights"])
    assert same(a["average"], b["average"])


@pytest.mark.parametrize("use", ["resume", "test", "load", "export", "bundle"])
def test_another_base_is_refused_by_name(use: str, model: Path, tmp_path: Path) -> None:
    run = train(adapted(model), tmp_path / "run")
    made = export(run, tmp_path / "bundle")
    other_weights(model)
    uses = {
        "resume": lambda: train(adapted(model), run, resume=True),
        "test": lambda: runs.test(adapted(model), work_dir=run, split="val", device="cpu", quiet=True),
        "load": lambda: load_run(run),
        "export": lambda: export(run, tmp_path / "again"),
        "bundle": lambda: load_bundle(bundle.open_bundle(made)),
    }
    with pytest.raises(CheckpointError) as caught:
        uses[use]()
    assert f"another base than the one that is here: head (type='Adapted', lm='{model}')" in str(caught.value)
    assert "put the weights from that time where head looks for them" in str(caught.value)


def test_a_base_that_is_gone_is_missing(model: Path, tmp_path: Path) -> None:
    run = train(adapted(model), tmp_path / "run")
    made = export(run, tmp_path / "bundle")
    shutil.rmtree(model)
    for load in (lambda: load_run(run), lambda: load_bundle(bundle.open_bundle(made))):
        with pytest.raises(UserError, match=r"(?s)cannot caption here yet.*language model.*\(head\)"):
            load()


def test_missing_and_unknown_keys_are_listed(model: Path, tmp_path: Path) -> None:
    run = train(adapted(model), tmp_path / "run")
    best = run / "checkpoints" / "best.pt"
    content = checkpoint.load(best)
    content.pop("format")
    content["weights"]["head.extra"] = content["weights"].pop("head.enter.bias")
    checkpoint.save(best, content)
    with pytest.raises(CheckpointError, match=r"(?s)missing head\.enter\.bias\s+unknown head\.extra"):
        load_run(run)
    content["base"]["head"]["tensors"].append("head.nowhere")
    checkpoint.save(best, content)
    with pytest.raises(CheckpointError, match=r"another architecture: head has no head\.nowhere here"):
        load_run(run)


@pytest.mark.parametrize(
    "said", [[], {"head": 1}, {"head": {"type": "A", "source": {}, "tensors": 5, "sha256": ""}}]
)
def test_a_damaged_base_is_said(said: Any, model: Path, tmp_path: Path) -> None:
    run = train(adapted(model), tmp_path / "run")
    made = export(run, tmp_path / "bundle")
    index = json.loads((made / "bundle.json").read_text())
    (made / "bundle.json").write_text(json.dumps({**index, "base": said}))
    with pytest.raises(CheckpointError, match="what it says of its base makes no sense"):
        load_bundle(bundle.open_bundle(made))


def partly(**changes: Any) -> Config:
    head = {"type": "Partly", "streams": {"image": 16}, "width": 16, "dropout": 0.1}
    phases = {"one": {"epochs": 2, "losses": ["tokens"], "freeze": ["head.drawn", "head.steady"]}}
    return Config("test", tiny.config(head=head, phases=phases, runtime={**RUNTIME, "ema": None}, **changes))


def test_statistics_of_what_trains_and_what_is_drawn_are_stored(tmp_path: Path) -> None:
    run = train(partly(), tmp_path / "run")
    content = last(run)
    assert {"head.project.1.running_mean", "head.drawn.weight", "head.drawn.bias"} <= content[
        "weights"
    ].keys()
    assert set(content["base"]["head"]["tensors"]) == {
        f"head.steady.{name}"
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
    mean = checkpoint.best_weights(run / "checkpoints").weights["head.project.1.running_mean"]
    assert mean.abs().sum() > 0
    torch.manual_seed(5)
    assert torch.equal(load_run(run).state_dict()["head.project.1.running_mean"], mean)
    before = texts(load_run(run))
    assert texts(load_bundle(bundle.open_bundle(export(run, tmp_path / "bundle")))) == before


def test_a_part_that_changes_by_itself_is_not_lost(tmp_path: Path) -> None:
    config = partly()
    config.data["head"]["type"] = "Drifting"
    config.data["phases"]["one"]["freeze"] = ["head.follower"]
    with pytest.raises(UserError, match=r"(?s)would lose weights of head that changed.*runtime\.save='all'"):
        train(config, tmp_path / "run")
    config.data["runtime"]["save"] = "all"
    train(config, tmp_path / "all")


def test_a_frozen_encoder_is_left_out_and_the_heads_assets_stay(model: Path, tmp_path: Path) -> None:
    """The base is told part by part: a head that trains as a whole is built of its assets."""
    frames = {"kind": "uniform", "count": 2, "short_side": 256}
    clips = {"type": "Toy", "size": "small", "frames": frames, "limit": 4, "unit": "clip"}
    config = adapted(model, {"ema": None})
    config.data["data"] = {split: {**clips, "split": split} for split in ("train", "val")}
    config.data["encoders"] = {
        "image": {"type": "EfficientNetLite0", "pretrained": False, "frames": 2, "seed": 3}
    }
    config.data["head"]["streams"] = {"image": 1280}
    config.data["phases"] = {"one": {"steps": 2, "losses": ["tokens"], "freeze": ["encoders.image"]}}
    run = train(config, tmp_path / "run")
    content = last(run)
    assert list(content["base"]) == ["encoders.image"]
    assert not any(name.startswith("encoders.") for name in content["weights"])
    made = export(run, tmp_path / "bundle")
    before = load_run(run, extractors=False).state_dict()
    shutil.rmtree(model)
    assert same(dict(before), dict(load_bundle(bundle.open_bundle(made)).state_dict()))
    index = json.loads((made / "bundle.json").read_text())
    index["config"]["encoders"]["image"]["seed"] = 4
    (made / "bundle.json").write_text(json.dumps(index))
    with pytest.raises(
        CheckpointError, match=r"encoders\.image \(type='EfficientNetLite0', pretrained=False"
    ):
        load_bundle(bundle.open_bundle(made))


def test_how_it_is_saved_may_change_on_the_way(model: Path, tmp_path: Path) -> None:
    whole = last(train(adapted(model), tmp_path / "whole"))
    for kinds in (("all", "trained"), ("trained", "all")):
        run = tmp_path / "-".join(kinds)
        train(adapted(model, {"save": kinds[0], "max_time": 0}), run)
        train(adapted(model, {"save": kinds[1]}), run, resume=True)
        content = last(run)
        assert ("base" in content) == (kinds[1] == "trained")
        assert all(torch.equal(value, content["weights"][name]) for name, value in whole["weights"].items())
        made = bundle.open_bundle(export(run, tmp_path / f"bundle-{run.name}"))
        assert texts(load_bundle(made, copy="first"))


def test_the_base_is_hashed_when_a_run_starts_and_not_at_each_save(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    real = base._hash
    monkeypatch.setattr(base, "_hash", lambda tensors: hashed.append(len(tensors)) or real(tensors))
    run = train(adapted(model, {"keep": 9}), tmp_path / "run")
    assert len(checkpoint.numbered(run / "checkpoints")) >= 8
    assert len(hashed) == 3  # before the first update, at the first checkpoint, at the last one


def test_what_changes_is_seen_through_tied_weights(model: Path, tmp_path: Path) -> None:
    """A tied weight has two names, of which `named_parameters` gives one."""
    config = adapted(model)
    config.data["phases"] = {"one": {"epochs": 1, "losses": ["tokens"], "train": ["head.lm.transformer.wte"]}}
    training = Training(validate(config), RunFolder(tmp_path / "run"))
    changed = base.changed_by(training.captioner, training.recipe.phases)
    assert changed == {"head.lm.transformer.wte.weight", "head.lm.lm_head.weight"}
    assert all(p.requires_grad for p in training.captioner.parameters())
    run = train(config, tmp_path / "run")
    made = export(run, tmp_path / "bundle")
    assert texts(load_bundle(bundle.open_bundle(made))) == texts(load_run(run))
