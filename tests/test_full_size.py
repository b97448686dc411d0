"""The plain baselines at full size: next to the papers' rows, with their stores and schedules."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vidcap_core.cli.main import main
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.engine import sweep

BASES = Path(__file__).parents[1] / "vidcap_core" / "config" / "bases"
ROWS = sweep.read_grid(BASES / "_full_rows.py")


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", ["msvd", "msrvtt", "vatex", "activitynet"])
def test_every_row_can_start(name: str, row: str) -> None:
    made = load_config(f"core/{name}", [f"{key}={value!r}" for key, value in ROWS[row].items()])
    validate(made)
    assert made["head"]["type"] == {"gru": "MeanPoolGRU", "transformer": "SmallTransformer"}[row]


@pytest.mark.parametrize("name", ["msvd", "msrvtt"])
def test_the_schedule_is_that_of_the_papers_row(name: str) -> None:
    mine, theirs = load_config(f"core/{name}"), load_config(f"srvc_la/{name}")
    for key in ("data", "tokenizer", "optimizer", "schedule", "generate", "runtime", "extract"):
        assert mine[key] == theirs[key], key
    assert mine["phases"]["caption"]["epochs"] == theirs["phases"]["caption"]["epochs"]


def test_activitynet_reads_the_store_of_the_papers_row() -> None:
    mine, theirs = load_config("core/activitynet"), load_config("wsdvc_mask/activitynet")
    for key in ("optimizer", "schedule", "runtime", "extract"):
        assert mine[key] == theirs[key], key
    assert mine["data"]["train"]["streams"] == theirs["data"]["train"]["streams"]
    assert mine["extract"]["image"]["frames"] == {"kind": "fps", "rate": 1.0}
    epochs = sum(phase["epochs"] for phase in theirs["phases"].values())
    assert mine["phases"]["caption"]["epochs"] == epochs


def test_a_part_trains_and_says_how_much_of_the_split_it_is(tmp_path: Path) -> None:
    clips = {f"video{n}": split for n, split in enumerate(["train", "train", "validate", "test", "validate"])}
    videos = [
        {"id": n, "video_id": c, "split": s, "start time": 0.0, "end time": 2.0}
        for n, (c, s) in enumerate(clips.items())
    ]
    said = [{"video_id": c, "caption": t} for c in clips for t in ("a ball rolls", "a ball moves", "a ball")]
    for file in ("train_val_videodatainfo.json", "test_videodatainfo.json"):
        (tmp_path / file).write_text(json.dumps({"videos": videos, "sentences": said}))
    rows = np.random.default_rng(0).normal(size=(4, 30, 512)).astype(np.float32)
    np.savez(tmp_path / "clip.npz", ids=np.array(list(clips)[:4]), feats=rows)
    where = {"root": str(tmp_path), "streams": {"clip": str(tmp_path / "clip.npz")}}
    changes = [
        f"data.{split}.{key}={value!r}" for split in ("train", "val", "test") for key, value in where.items()
    ]
    changes += [
        "head.width=16",
        "phases.caption.epochs=1",
        "evaluate.metrics=['bleu']",
        "evaluate.best=None",
        "extract={}",
    ]
    settings = [word for change in changes for word in ("--set", change)]
    run = tmp_path / "run"
    assert main(["run", "core/msrvtt", "--work-dir", str(run), "--device", "cpu", *settings]) == 0
    scores = json.loads((run / "scores-val.json").read_text())
    assert scores["clips"].startswith("1 of 497 (missing ")
    assert "1 of 497" in (run / "report-val.html").read_text()
    assert main(["export", str(run), "-o", str(tmp_path / "bundle")]) == 0
    assert "Scored on val: 1 of 497 (missing " in (tmp_path / "bundle" / "README.md").read_text()
