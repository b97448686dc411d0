"""What a phase may say, shown by what training does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.config.files import Config
from vidcap_core.engine import runs
from vidcap_core.errors import UserError
from vidcap_core.saved import checkpoint
from vidcap_core.saved.provenance import machine
from vidcap_core.testing import tiny

STILL = {"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 8, "dropout": 0.0}


def train(folder: Path, **changes: Any) -> Path:
    runs.train(Config("test", tiny.config(**changes)), work_dir=folder, device="cpu", quiet=True)
    return folder


def last(folder: Path) -> dict[str, Any]:
    content, notes = checkpoint.latest(folder / "checkpoints")
    assert content is not None
    assert notes == []
    return content


def kept(folder: Path, name: str) -> dict[str, torch.Tensor]:
    return checkpoint.load(folder / "checkpoints" / f"keep-{name}.pt")["weights"]


def moved(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in a if not torch.equal(a[name], b[name])}


def phase(name: str, **keys: Any) -> tuple[str, dict[str, Any]]:
    length = {} if "steps" in keys else {"epochs": 1}
    return name, {**length, "losses": ["tokens"], "keep": name, **keys}


def test_only_what_a_phase_names_moves(tmp_path: Path) -> None:
    part = next(n for n, _ in last_weights(tmp_path / "probe").items() if n.endswith("weight"))
    folder = train(
        tmp_path / "run",
        phases=dict([phase("one"), phase("two", train=[part]), phase("three", freeze=[part])]),
    )
    one, two, three = (kept(folder, name) for name in ("one", "two", "three"))
    assert moved(one, two) == {part}
    assert moved(two, three) == set(one) - {part}


def last_weights(folder: Path) -> dict[str, torch.Tensor]:
    return last(train(folder))["weights"]


def test_a_group_has_its_own_rate(tmp_path: Path) -> None:
    groups = [{"parts": ["head"], "lr_mult": 0.0}, {"parts": ["*.bias"], "lr_mult": 1.0}]
    folder = train(tmp_path / "run", phases=dict([phase("one"), phase("two", groups=groups)]))
    names = moved(kept(folder, "one"), kept(folder, "two"))
    assert names
    assert all(name.endswith("bias") for name in names)


def test_a_phase_clips_gradients_its_own_way(tmp_path: Path) -> None:
    folder = train(
        tmp_path / "run",
        optimizer={"type": "SGD", "lr": 1.0},
        schedule={"type": "constant"},
        phases=dict([phase("one"), phase("two", steps=2, clip_value=1e-5), phase("three", steps=2)]),
    )
    one, two, three = (kept(folder, name) for name in ("one", "two", "three"))
    furthest = {
        name: max(float((b[n] - a[n]).abs().max()) for n in a)
        for name, a, b in (("clipped", one, two), ("free", two, three))
    }
    assert 0 < furthest["clipped"] <= 2.1e-5
    assert furthest["free"] > 1e-4


def test_a_kept_optimiser_keeps_its_moments_and_a_fresh_one_does_not(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", phases=dict([phase("all", epochs=2)]))
    split = train(tmp_path / "split", phases=dict([phase("one"), phase("two", optimizer="keep")]))
    fresh = train(tmp_path / "fresh", phases=dict([phase("one"), phase("two")]))

    def moments(folder: Path) -> int:
        return int(max(state["step"] for state in last(folder)["optimizer"]["state"].values()))

    assert moments(whole) == moments(split) == 8
    assert moments(fresh) == 4


def test_several_updates_a_batch_tick_the_schedule_once(tmp_path: Path) -> None:
    losses = {"tokens": {"type": "TokenLoss"}, "again": {"type": "TokenLoss", "scale": 0.5}}
    folder = train(
        tmp_path / "run",
        losses=losses,
        phases=dict([phase("one", losses=[], updates=[["tokens"], ["again"]])]),
    )
    content = last(folder)
    assert content["progress"]["step"] == 4
    assert int(max(state["step"] for state in content["optimizer"]["state"].values())) == 8


def test_a_phase_may_start_from_a_kept_copy(tmp_path: Path) -> None:
    phases = dict([phase("one"), phase("two"), phase("three", start_from="one", steps=1)])
    a = train(tmp_path / "a", phases=phases, head=STILL, optimizer={"type": "SGD", "lr": 0.1})
    one, three = kept(a, "one"), kept(a, "three")
    distance = sum(float((one[k] - three[k]).abs().sum()) for k in one)
    far = sum(float((one[k] - kept(a, "two")[k]).abs().sum()) for k in one)
    assert 0 < distance < far


def test_early_stopping_ends_the_phase(tmp_path: Path) -> None:
    evaluate = {"metrics": ["cider-d"], "best": "CIDEr-D", "early_stop": 2}
    folder = train(
        tmp_path / "run",
        evaluate=evaluate,
        optimizer={"type": "SGD", "lr": 0.0},
        phases=dict([phase("one", epochs=20)]),
    )
    assert (
        last(folder)["progress"]["step"] == 3 * 4
    )  # the first evaluation is the best; two more bring nothing
    assert "no better score for 2 evaluations" in (folder / "log.txt").read_text()


def test_time_that_is_over_ends_training_and_resume_goes_on(tmp_path: Path) -> None:
    runtime = {"batch": 4, "max_time": 0.0}
    folder = train(tmp_path / "run", runtime=runtime)
    assert not last(folder)["progress"]["done"]
    config = Config("test", tiny.config(runtime={"batch": 4}))
    runs.train(config, work_dir=folder, resume=True, device="cpu", quiet=True)
    assert last(folder)["progress"]["done"]
    assert (
        moved(last(train(tmp_path / "whole", runtime={"batch": 4}))["weights"], last(folder)["weights"])
        == set()
    )


def test_training_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="trains nothing"):
        train(tmp_path / "run", phases=dict([phase("one", train=["head"], freeze=["head"])]))


def test_a_part_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no parameter belongs to the part 'encoders\.video'; parts: head"):
        train(tmp_path / "run", phases=dict([phase("one", freeze=["encoders.video"])]))


def test_a_piece_of_a_name_is_told_how_to_match_it(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        train(tmp_path / "run", phases=dict([phase("one", train=["weight"])]))
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("'*weight*': head.")


def test_a_part_without_parameters_is_there_all_the_same(tmp_path: Path) -> None:
    """A head without dropout still has the module: naming it is no error, training it alone is."""
    train(
        tmp_path / "run", phases=dict([phase("one", train=["head", "head.dropout"], freeze=["head.dropout"])])
    )
    with pytest.raises(UserError, match="trains nothing"):
        train(tmp_path / "other", phases=dict([phase("one", train=["head.dropout"])]))


def test_the_best_weights_are_scored_and_written(tmp_path: Path) -> None:
    folder = train(tmp_path / "run", phases=dict([phase("one", epochs=4)]))
    scores = json.loads((folder / "scores-val.json").read_text())
    best = checkpoint.load(folder / "checkpoints" / "best.pt")
    assert scores["values"]["CIDEr-D"] == pytest.approx(best["best"])
    assert scores["clips"] == "8 of 8"
    assert scores["signatures"].keys() == scores["values"].keys()
    assert scores["signatures"]["CIDEr-D"].startswith("cider-d|")
    assert "|clips:8/8|hash:" in scores["signatures"]["CIDEr-D"]
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["seed"] == 0
    assert meta["versions"]["vidcap-core"]
    assert meta["machine"] == machine()


def test_a_self_critical_phase_follows_any_other(tmp_path: Path) -> None:
    losses = {"tokens": {"type": "TokenLoss"}, "reward": {"type": "SelfCritical", "samples_per_clip": 2}}
    phases = dict(
        [
            phase("words", epochs=4),
            phase("reward", losses=["reward"], epochs=2, data={"unit": "clip"}, batch=8),
        ]
    )
    folder = train(tmp_path / "run", losses=losses, phases=phases)
    lines = [json.loads(line) for line in (folder / "scalars.jsonl").read_text().splitlines()]
    assert sum("loss/reward" in line for line in lines) >= 1
    assert moved(kept(folder, "words"), kept(folder, "reward"))


def test_mixed_precision_on_the_cpu(tmp_path: Path) -> None:
    folder = train(tmp_path / "run", runtime={"batch": 4, "amp": "bf16"})
    assert all(torch.isfinite(value).all() for value in last(folder)["weights"].values())
    with pytest.raises(UserError, match="fp16 needs a GPU"):
        train(tmp_path / "half", runtime={"batch": 4, "amp": "fp16"})
