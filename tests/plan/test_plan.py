"""What a config needs, measured without data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from vidcap_core.cli.main import main
from vidcap_core.config.files import Config
from vidcap_core.config.validate import load_recipe, validate
from vidcap_core.engine.gpus import GPUS
from vidcap_core.engine.plan.meter import Meter
from vidcap_core.engine.plan.plan import plan
from vidcap_core.engine.plan.small_values import SmallValues
from vidcap_core.errors import UserError
from vidcap_core.testing import tiny

HEAD = {"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 16, "dropout": 0.0}


def tiny_plan(world: int = 1, **changes: Any) -> Any:
    recipe = validate(Config("test", tiny.config(**{"head": HEAD, **changes})))
    return plan(recipe, GPUS["h100"], world)


def test_bytes_are_those_of_the_tensors_that_live() -> None:
    with FakeTensorMode():
        held = torch.empty(1000, 1000)
        with Meter() as meter:
            assert meter.hold([held, held]) == 4_000_000
            double = held * 2
            assert meter.now == 8_000_000
            del double
            assert meter.now == 4_000_000
            held.t()
            held.add_(1)
    assert (meter.peak, meter.operations) == (8_000_000, 2)
    assert meter.moved == 8_000_000 + 4_000_000


def test_lengths_and_masks_stay_known() -> None:
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    values = SmallValues(mode)
    mask = torch.tensor([[True, True, False], [True, False, False]])
    rows = torch.randn(2, 3, 8)
    with mode, values:
        known, shadow = values.shadow(mask), values.shadow(rows)
        assert known.sum(1).tolist() == [2, 1]
        assert shadow[known].shape == (3, 8)
        assert int(known.sum(1).max()) == 2
        with pytest.raises(torch._subclasses.fake_tensor.DataDependentOutputException):
            shadow.sum().item()


def test_state_is_counted_exactly() -> None:
    made = tiny_plan(optimizer={"type": "AdamW", "lr": 0.1})
    [phase] = made.phases
    weights = made.parameters * 4
    assert phase.cost.weights == phase.cost.trains == weights
    assert 2 * weights <= phase.cost.optimizer < 2.1 * weights  # two moments, and a number of steps each
    assert phase.cost.peak >= phase.cost.weights + phase.cost.optimizer
    assert phase.cost.flops > 0
    assert made.made_up == ()
    assert tiny_plan(optimizer={"type": "SGD", "lr": 0.1}).phases[0].cost.optimizer == 0


def test_twice_the_batch_keeps_twice_the_activations() -> None:
    small, large = (tiny_plan(runtime={"batch": size}).phases[0].cost for size in (4, 8))
    assert large.activations == pytest.approx(2 * small.activations, rel=0.35)  # texts differ in length
    assert large.state == small.state


def test_a_batch_that_cards_cannot_share() -> None:
    with pytest.raises(UserError, match="batch of 4 clips cannot be shared evenly by 3 cards") as error:
        tiny_plan(3, runtime={"batch": 4})
    assert "runtime.batch=6" in str(error.value.hint)


def test_a_config_whose_data_are_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [f"data.{split}.root={str(tmp_path)!r}" for split in ("train", "val", "test")]
    made = plan(load_recipe("core/msrvtt", changes), GPUS["h100"])
    assert any("annotations" in what for what in made.made_up)
    assert made.phases[0].cost.clips == 128
    assert made.phases[0].steps == 20 * (130_260 // 128)  # the official number of captions
    assert made.stores["clip"] == 30 * 512 * 2 * (6513 + 497 + 2990)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "core/toy", "--gpu", "h1000"]) == 2
    assert "did you mean 'h100'" in capsys.readouterr().err
    assert main(["plan", "core/toy", "--nodes", "0"]) == 2
    config = tmp_path / "c.py"
    config.write_text("\n".join(f"{key} = {value!r}" for key, value in tiny.config(head=HEAD).items()))
    assert main(["plan", str(config), "--gpu", "t4"]) == 0
    said = capsys.readouterr().out
    for part in (
        "on t4 (16 GB)",
        "phase caption: ",
        "activations",
        "loader: one worker reads",
        "assumed: 40%",
    ):
        assert part in said
    assert main(["plan", str(config), "--json", "--set", "runtime.batch=2"]) == 0
    assert json.loads(capsys.readouterr().out)["phases"][0]["cost"]["clips"] == 2
