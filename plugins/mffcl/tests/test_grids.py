"""The comparisons: every row is a run that can start, and rows that are compared have the same budget."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.engine import runs
from vidcap_core.engine.sweep import read_grid
from vidcap_core.saved import checkpoint
from vidcap_core.saved.checkpoint import best_weights

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
GRIDS = {"toy": "_toy_grid", "msvd_part": "_part_grid"}
ROWS = [(name, row) for name, grid in GRIDS.items() for row in read_grid(CONFIGS / f"{grid}.py")]


def load(name, row, **more):
    changes = {**read_grid(CONFIGS / f"{GRIDS[name]}.py")[row], **more}
    return load_config(f"mffcl/{name}", [f"{key}={value!r}" for key, value in changes.items()])


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_every_row_can_start(name, row):
    validate(load(name, row))


def test_rows_of_a_grid_have_the_same_budget_and_no_weights_are_chosen_on_the_clips_that_are_scored():
    toy, part = ([load(name, row) for named, row in ROWS if named == name] for name in GRIDS)
    assert {tuple(phase["epochs"] for phase in row["phases"].values()) for row in toy} == {(25, 100)}
    assert [tuple(phase["steps"] for phase in row["phases"].values()) for row in part] == [
        (60, 140),
        (60, 140),
        (60, 140),
        (200,),
        (200,),
        (200,),
        (60, 140),
    ]
    for row in (*toy, *part):
        assert row["evaluate"]["split"] == "test"
        assert row["evaluate"]["every"] == 0
        if len(row["phases"]) == 2:
            assert row["phases"]["caption"] in (toy[0]["phases"]["caption"], part[0]["phases"]["caption"])
            continue
        captions, alone = (
            part[0]["phases"]["caption"],
            row["phases"]["caption"],
        )  # but for its length and the temporal encoder
        assert alone == {**captions, "steps": 200, "train": ["head.temporal", *captions["train"]]}


@pytest.fixture
def trained(shared_data, monkeypatch, tmp_path):
    """A row of msvd_part after three steps of its first phase and two of its second, with a small language model."""
    monkeypatch.setenv("VIDCAP_SHARED_DATA", str(shared_data))
    small = {
        "tokenizer": {"type": "Vocabulary", "min_count": 5},
        "head.lm": {"model_type": "gpt2", "n_embd": 32, "n_layer": 1, "n_head": 4},
        "head.lead": "",
        "data.train.limit": 40,
        "runtime.amp": "off",
        "data.test.limit": 4,
        "evaluate.metrics": ["cider-d"],
    }
    text = {
        "encoders.text": {"type": "mffcl.SmallText", "dim": 16},
        "head.text": {"text": 16},
        "phases.caption.steps": 2,
    }

    def train(row, first=0):
        tokens = row.startswith("tokens")
        opening = "phases.caption" if tokens else "phases.align"
        steps = {f"{opening}.steps": 3, f"{opening}.keep": "first"}
        made = load("msvd_part", row, **small, **steps, **({} if tokens else text))
        made.data["phases"] = dict(list(made["phases"].items())[first:])
        folder = runs.train(made, work_dir=tmp_path / f"{row}-{first}", device="cpu", quiet=True)
        return folder, best_weights(folder.checkpoints)[0]

    return train


@pytest.mark.parametrize("row", [row for name, row in ROWS if name == "msvd_part"])
def test_every_row_trains_and_captions_real_features(trained, row):
    folder, weights = trained(row)
    assert len(json.loads(folder.predictions("test").read_text())) == 4
    queries = weights.get("head.mapper.mix.queries")
    assert queries is None if "ffn" in row else len(queries) == int(row.rpartition("-")[2])
    if not row.startswith("tokens"):  # the captions' phase leaves the video side as the alignment made it
        first = checkpoint.load(folder.checkpoints / "keep-first.pt")["weights"]
        assert all(
            torch.equal(first[name], weights[name]) for name in weights if name.startswith("head.temporal.")
        )


def test_on_real_features_the_first_phase_changes_what_the_second_reads(trained):
    _, aligned = trained("contrastive-10")
    _, unaligned = trained("contrastive-10", first=1)
    reads = [name for name in aligned if name.startswith("head.temporal.")]
    assert not all(torch.allclose(aligned[name], unaligned[name], atol=1e-4) for name in reads)
