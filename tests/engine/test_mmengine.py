"""Where we meet mmengine: its registries build our parts, ours take its parts, its hooks and trackers work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config as MMConfig
from mmengine.hooks import Hook

from vidcap_core.api import component_of
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.types import Clip, Event, Prediction
from vidcap_core.engine import registries, runs
from vidcap_core.engine.evaluate import CaptionMetric
from vidcap_core.engine.runner import CaptionRunner
from vidcap_core.engine.training import Training
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing import tiny


def test_an_mmengine_config_builds_our_parts() -> None:
    exposed = registries.expose()
    config = MMConfig({"loss": {"type": "TokenLoss", "smoothing": 0.1}, "tokenizer": {"type": "Vocabulary"}})
    loss = exposed["losses"].build(config.loss)
    assert type(loss).__name__ == "TokenLoss"
    assert type(exposed["tokenizers"].build(config.tokenizer)).__name__ == "Vocabulary"


def test_an_optimiser_by_torchs_name_and_by_path() -> None:
    weights = [{"params": [torch.nn.Parameter(torch.zeros(1))]}]
    assert isinstance(registries.optimizer(weights, {"type": "Adamax", "lr": 0.1}), torch.optim.Adamax)
    by_path = registries.optimizer(weights, {"type": "torch.optim:SGD", "lr": 0.1})
    assert isinstance(by_path, torch.optim.SGD)


def test_hooks_of_mmengine_are_called(tmp_path: Path) -> None:
    class Count(Hook):  # type: ignore[misc]
        steps = 0

        def after_train_iter(
            self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
        ) -> None:
            Count.steps += 1
            assert "tokens" in outputs

    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    runner = CaptionRunner(
        Training(validate(Config("t", tiny.config())), folder), False, True, hooks=[Count()]
    )
    runner.train()
    assert Count.steps == 8


def test_our_metrics_are_an_mmengine_metric() -> None:
    dataset = tiny.TinyClips()
    metric = CaptionMetric(dataset, [component_of("metrics", {"type": "cider-d"})])
    perfect = [Prediction(c, (Event(0, 10, dataset.references()[c.id][0]),)) for c in dataset.clips]
    metric.process(None, perfect)
    values = metric.evaluate(len(dataset.clips))
    assert values["vidcap/CIDEr-D"] > 3
    assert isinstance(perfect[0].clip, Clip)


def test_scalars_go_to_the_run_folder_and_to_tensorboard(tmp_path: Path) -> None:
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    config = Config("t", tiny.config(runtime={"batch": 4, "log_every": 2, "trackers": ["tensorboard"]}))
    runs.train(config, work_dir=tmp_path / "run", device="cpu", quiet=True)
    lines = [json.loads(line) for line in (tmp_path / "run" / "scalars.jsonl").read_text().splitlines()]
    logged = {line["step"]: line["loss/tokens"] for line in lines if "loss/tokens" in line}
    assert sorted(logged) == [2, 4, 6, 8]
    assert {line["step"] for line in lines if "val/CIDEr-D" in line} == {4, 8}
    events = next((tmp_path / "run").rglob("events.out.tfevents*"))
    board = reading.EventAccumulator(str(events))
    board.Reload()
    seen = {event.step: event.value for event in board.Scalars("loss/tokens")}
    assert seen == pytest.approx(logged)


def test_the_log_is_one_readable_line_an_interval(tmp_path: Path) -> None:
    runs.train(Config("t", tiny.config()), work_dir=tmp_path / "run", device="cpu", quiet=True)
    lines = [line for line in (tmp_path / "run" / "log.txt").read_text().splitlines() if " step " in line]
    assert len(lines) == 4
    for part in ("caption", "step 2/8", "tokens ", "lr ", "clips/s", "MB", "left"):
        assert part in lines[0]
