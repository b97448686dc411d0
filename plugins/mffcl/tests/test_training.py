"""Schedules and phases: the paper's rates to the digit, and that the first phase matters to the second."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vidcap_core.api import Stream, load_recipe
from vidcap_core.engine import runs
from vidcap_core.engine.schedule import multiplier
from vidcap_core.saved import checkpoint
from vidcap_core.saved.checkpoint import best_weights


@pytest.mark.parametrize(
    ("name", "steps", "batch"), [("msvd", 14910, 16), ("msrvtt", 25320, 8), ("vatex", 113350, 6)]
)
def test_the_papers_schedule_to_the_digit(name, steps, batch):
    paper = load_recipe(f"mffcl/{name}_paper")
    caption = paper.phases[1]
    optimizer = caption.optimizer
    rates = [
        optimizer.arguments["lr"] * multiplier(caption.schedule, step, steps, 100) for step in (0, 1, 2, 98)
    ]
    assert rates == pytest.approx([0.01, 0.01 / 1.5, 0.005, 0.0002])
    assert (optimizer.type, optimizer.arguments["weight_decay"]) == ("Adam", 0.009)
    assert (caption.steps, caption.batch) == (steps, batch)
    assert paper.decoding.settings.mode == "sample"


def test_the_rate_can_fall_by_epochs():
    schedule = replace(load_recipe("mffcl/msvd_paper").phases[1].schedule, unit="epoch")
    assert [multiplier(schedule, step, 400, 100) for step in (0, 99, 100, 200)] == pytest.approx(
        [1, 1, 1 / 1.5, 0.5]
    )


def phases(*names):
    known = {
        "align": {
            "steps": 4,
            "losses": ["contrastive"],
            "best": False,
            "keep": "align",
            "train": ["head.temporal", "head.contrast"],
        },
        "caption": {"steps": 4, "losses": ["tokens"], "train": ["head.mapper"]},
        "joint": {"steps": 4, "losses": ["tokens", "contrastive"]},
    }
    return {name: known[name] for name in names}


def trained(made, tmp_path, *names):
    made.config.data["phases"] = phases(*names)
    made.config.data["evaluate"] = {"every": 0, "metrics": ["cider-d"], "best": None}
    made.config.data["seed"] = 3
    folder = runs.train(made.config, work_dir=tmp_path / "-".join(names), device="cpu", quiet=True)
    return folder, best_weights(folder.checkpoints)[0]


def test_alignment_changes_what_captioning_reads_and_captioning_leaves_it(small, tmp_path):
    made = small(clips=8, temporal=2, streams={"image": 64})
    frames = made.batch().streams["image"]
    _, alone = trained(made, tmp_path, "caption")
    folder, both = trained(made, tmp_path, "align", "caption")
    aligned = checkpoint.load(folder.checkpoints / "keep-align.pt")["weights"]

    def read(weights):
        made.captioner.load_state_dict(weights)
        with torch.no_grad():
            return made.head.clip_rows({"image": Stream(frames.values, frames.mask)}).values[:, 0]

    assert (read(both) - read(alone)).abs().max() > 1e-2
    assert torch.equal(read(both), read(aligned))
    assert not torch.equal(both["head.mapper.mix.queries"], aligned["head.mapper.mix.queries"])


def test_one_joint_phase_trains_everything(small, tmp_path):
    made = small(clips=8, temporal=1, streams={"image": 64})
    before = {name: value.clone() for name, value in made.captioner.state_dict().items()}
    made.config.data["optimizer"] = {"type": "Adam", "lr": 0.01}
    _, after = trained(made, tmp_path, "joint")
    trains = {name for name, _ in made.captioner.named_parameters()}
    same = sorted(name for name in trains if torch.equal(before[name], after[name]))
    assert same == []
