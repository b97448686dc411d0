"""A sweep in real processes: rows x seeds, resumed, and the table it makes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import vidcap_core
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.engine import sweep, sweep_table
from vidcap_core.engine.sweep import Sweep
from vidcap_core.errors import UserError
from vidcap_core.saved.run import RunFolder, locked
from vidcap_core.saved.sweep_scores import SeedRun
from vidcap_core.testing import tiny

CONFIGS = Path(vidcap_core.__file__).parent / "config" / "bases"


@pytest.fixture
def small(tmp_path: Path) -> Sweep:
    base = tmp_path / "base.py"
    base.write_text("\n".join(f"{key} = {value!r}" for key, value in tiny.config().items()))
    grid = tmp_path / "grid.py"
    grid.write_text("rows = {'narrow': {'head.width': 8}, 'long': {'phases.caption.epochs': 6}}")
    return Sweep(str(base), sweep.read_grid(grid), seeds=2, folds=None, out=tmp_path / "out")


def test_a_sweep_runs_resumes_and_makes_its_table(small: Sweep) -> None:
    said: list[str] = []
    sweep.run(small, jobs=2, say=said.append)
    assert said[0] == "4 runs, 0 done already"
    (small.out / "long-seed1" / sweep.DONE).unlink()
    said.clear()
    sweep.run(small, say=said.append)
    assert said[0] == "4 runs, 3 done already"
    text = sweep_table.write_table(small).read_text()
    data = json.loads((small.out / "table.json").read_text())
    for row in ("narrow", "long"):
        runs = [
            json.loads((small.out / f"{row}-seed{seed}" / "scores-val.json").read_text()) for seed in (0, 1)
        ]
        values = [one["values"]["CIDEr-D"] for one in runs]
        cell = data["rows"][row]["CIDEr-D"]
        assert cell["mean"] == pytest.approx(sum(values) / 2)
        assert cell["std"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
        assert cell["low"] <= cell["mean"] <= cell["high"]
    assert "8 of 8 clips" in text
    assert "2 seeds" in text
    assert "budget: 8 to 24 steps a run" in text
    assert (small.out / "table.csv").read_text().count("\n") == 3


def test_only_means_over_clips_have_an_interval_over_clips(small: Sweep) -> None:
    one = replace(small, rows={"narrow": {"head.width": 8}}, seeds=1)
    sweep.run(one, say=lambda text: None)
    path = small.out / "narrow-seed0" / "scores-val.json"
    scores = json.loads(path.read_text())
    scores["values"]["BLEU-4"] = 0.9  # of a corpus: its clips have other values
    scores["per_clip"]["BLEU-4"] = dict.fromkeys(scores["per_clip"]["CIDEr-D"], 0.1)
    path.write_text(json.dumps(scores))
    cells = sweep_table.table(one)["rows"]["narrow"]
    assert cells["BLEU-4"] == {"mean": 0.9, "std": None, "low": None, "high": None}
    assert cells["CIDEr-D"]["low"] is not None


def test_every_signature_that_occurs_is_told(small: Sweep) -> None:
    """Folds are scored on different clips."""
    one = replace(small, rows={"narrow": {"head.width": 8}})
    sweep.run(one, say=lambda text: None)
    path = small.out / "narrow-seed1" / "scores-val.json"
    scores = json.loads(path.read_text())
    here = scores["signatures"]["CIDEr-D"]
    scores["signatures"]["CIDEr-D"] = there = here.replace("clips:8/8", "clips:7/7")
    path.write_text(json.dumps(scores))
    assert here != there
    assert sweep_table.table(one)["signatures"]["CIDEr-D"] == [here, there]
    meta = small.out / "narrow-seed1" / "meta.json"
    said = json.loads(meta.read_text())
    meta.write_text(json.dumps({**said, "machine": "elsewhere"}))
    assert sweep_table.table(one)["machine"] == f"{said['machine']}; elsewhere"
    assert {f"- {here}", f"- {there}"} <= set(sweep_table.write_table(one).read_text().splitlines())


def test_a_split_that_training_does_not_score_is_scored_once_after_it(small: Sweep) -> None:
    data = tiny.config()["data"] | {"test": {**tiny.config()["data"]["val"], "clips": 5}}
    Path(small.config).write_text("\n".join(f"{k} = {v!r}" for k, v in tiny.config(data=data).items()))
    chosen = replace(small, rows={"narrow": {"head.width": 8}}, seeds=1, split="test")
    sweep.run(chosen, say=lambda text: None)
    assert "5 of 5 clips" in sweep_table.write_table(chosen).read_text()
    assert (small.out / "narrow-seed0" / "scores-val.json").is_file(), "the best weights are chosen on val"


def test_a_misspelt_key_stops_a_sweep_before_it_starts(small: Sweep, tmp_path: Path) -> None:
    wrong = Sweep(small.config, {"a": {"head.widht": 8}}, 1, None, tmp_path / "out")
    with pytest.raises(UserError, match="did you mean 'width'"):
        sweep.run(wrong)
    assert not wrong.out.exists()


@pytest.mark.parametrize("grid", ["_part_rows", "_part_pictures"])
def test_every_row_of_the_cores_grids_can_start(grid: str) -> None:
    rows = sweep.read_grid(CONFIGS / f"{grid}.py")
    for changes in rows.values():
        validate(load_config("core/msvd_part", [f"{key}={value!r}" for key, value in changes.items()]))


def test_difference_is_paired() -> None:
    a = {str(i): float(i) for i in range(50)}
    found = sweep_table.difference(a, {clip: value + 0.1 for clip, value in a.items()})
    assert found["difference"] == pytest.approx(0.1)
    assert found["difference_low"] > 0.09


def test_a_grid_must_have_rows(tmp_path: Path) -> None:
    (tmp_path / "grid.py").write_text("columns = {}")
    with pytest.raises(UserError, match="a grid says rows"):
        sweep.read_grid(tmp_path / "grid.py")


def seed_runs(base: float, seeds: int, spread: float) -> list[SeedRun]:
    """Runs whose clips differ from each other, and whose seeds move all clips alike."""
    moves = [spread * (seed - (seeds - 1) / 2) for seed in range(seeds)]
    clips = [{str(i): base + move + 0.1 * (i % 5) for i in range(40)} for move in moves]
    return [SeedRun({"x": sum(c.values()) / 40}, {"x": c}, seed) for seed, c in enumerate(clips)]


def test_a_difference_that_seeds_explain_is_none() -> None:
    """Over clips alone, each of these would be beyond chance: all clips move alike."""
    near, far = seed_runs(1.1, 3, 0.5), seed_runs(3.0, 3, 0.5)
    found = sweep_table.against(seed_runs(1.0, 3, 0.5), {"near": near, "far": far})
    assert not sweep_table.sure(found["near"]["x"])
    assert sweep_table.sure(found["far"]["x"])
    assert found["far"]["x"]["difference_low"] > 0 > found["near"]["x"]["difference_low"]
    assert found["far"]["x"]["holm"] == pytest.approx(2 * found["far"]["x"]["p"])


def test_one_seed_tests_nothing() -> None:
    found = sweep_table.against(seed_runs(1.0, 1, 0.0), {"far": seed_runs(3.0, 1, 0.0)})
    assert found["far"]["x"]["difference"] == pytest.approx(2.0)
    assert not sweep_table.sure(found["far"]["x"])


def test_a_row_half_done_is_told_and_two_sweeps_do_not_mix(small: Sweep) -> None:
    one = replace(small, rows={"narrow": {"head.width": 8}}, seeds=1)
    sweep.run(one, say=lambda text: None)
    with pytest.raises(UserError, match="narrow-seed1 has no scores yet"):
        sweep_table.write_table(replace(one, seeds=2))
    with (
        locked(RunFolder(small.out)),
        pytest.raises(UserError, match="another process is at work on") as caught,
    ):
        sweep.run(one)
    assert "another -o" in str(caught.value.hint)
