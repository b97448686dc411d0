"""Where we meet mmengine: its registries build our parts, ours take its parts, its hooks and trackers work."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config as MMConfig

from vidcap_core.api import component_of
from vidcap_core.cli.main import main
from vidcap_core.config.files import Config
from vidcap_core.config.recipe import Optimizer
from vidcap_core.contracts.types import Clip, Event, Prediction
from vidcap_core.engine import mm, registries, runs
from vidcap_core.engine.caption_metric import CaptionMetric
from vidcap_core.errors import ConfigError
from vidcap_core.saved import checkpoint
from vidcap_core.testing import tiny

DOC = Path(__file__).parents[2] / "docs" / "running.md"


def test_an_mmengine_config_builds_our_parts() -> None:
    exposed = registries.expose()
    config = MMConfig({"loss": {"type": "TokenLoss", "smoothing": 0.1}, "tokenizer": {"type": "Vocabulary"}})
    loss = exposed["losses"].build(config.loss)
    assert type(loss).__name__ == "TokenLoss"
    assert type(exposed["tokenizers"].build(config.tokenizer)).__name__ == "Vocabulary"


def test_an_optimiser_by_torchs_name_and_by_path() -> None:
    weights = [{"params": [torch.nn.Parameter(torch.zeros(1))]}]
    assert isinstance(
        registries.build_optimizer(weights, Optimizer("Adamax", {"lr": 0.1})), torch.optim.Adamax
    )
    by_path = registries.build_optimizer(weights, Optimizer("torch.optim:SGD", {"lr": 0.1}))
    assert isinstance(by_path, torch.optim.SGD)


def trained(folder: Path, **changes: Any) -> Path:
    """A tiny run."""
    runs.train(Config("t", tiny.config(**changes)), work_dir=folder, device="cpu", quiet=True)
    return folder


def test_a_hook_of_ones_own_is_called_at_every_stage(tmp_path: Path) -> None:
    hook = {"type": "hook_parts:Notes", "path": str(tmp_path / "notes.txt")}
    trained(tmp_path / "run", hooks=[hook])
    assert (tmp_path / "notes.txt").read_text().splitlines() == [
        "run 0/8 0/2",
        "epoch 0/8 0/2",
        *(f"batch {i} {i}/8 0/2" for i in range(4)),
        "scored CIDEr-D 4/8 1/2",
        "epoch 4/8 1/2",
        *(f"batch {i} {i + 4}/8 1/2" for i in range(4)),
        "scored CIDEr-D 8/8 2/2",
        "end 8/8 2/2",
    ]


def test_the_documented_hooks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = DOC.read_text(encoding="utf-8").split("### Hooks")[1].split("## A run")[0]
    config, module = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (tmp_path / "mine.py").write_text(module)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    hooks: dict[str, Any] = {}
    exec(config.replace("every=100", "every=3"), hooks)
    run = trained(tmp_path / "run", hooks=hooks["hooks"])
    log = (run / "log.txt").read_text(encoding="utf-8")
    assert log.count("largest weight ") == 2  # of 8 steps


def test_priority_says_which_hook_comes_first(tmp_path: Path) -> None:
    path = str(tmp_path / "notes.txt")
    late = {"type": "hook_parts.Notes", "path": path, "name": "late ", "priority": "LOW"}
    early = {"type": "hook_parts.Notes", "path": path, "name": "early "}
    phases = {"caption": {"steps": 1, "losses": ["tokens"]}}
    trained(tmp_path / "run", hooks=[late, early], phases=phases)
    lines = (tmp_path / "notes.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["early", "late"] * 5


def test_mmengines_averaging_hook_gives_the_weights_that_runtime_ema_gives(tmp_path: Path) -> None:
    runtime = tiny.config()["runtime"]
    by_hook = trained(tmp_path / "hook", hooks=[{"type": "EMAHook", "momentum": 0.25}])
    by_key = trained(tmp_path / "key", runtime={**runtime, "ema": 0.75})
    plain = trained(tmp_path / "plain")
    best = [checkpoint.load(run / "checkpoints" / "best.pt")["weights"] for run in (by_hook, by_key, plain)]
    assert all(torch.equal(best[0][name], best[1][name]) for name in best[1])
    assert not all(torch.equal(best[0][name], best[2][name]) for name in best[2])


@pytest.mark.parametrize(
    ("hook", "where", "what"),
    [
        ({"type": "EMAHok"}, "hooks.0.type", "did you mean 'EMAHook'?"),
        ({"type": "EmptyCacheHook", "after_itr": True}, "hooks.0.after_itr", "did you mean 'after_iter'?"),
        ({"type": "EMAHook", "priority": "SOON"}, "hooks.0.priority", "0 (first) to 100 (last)"),
        ({"type": "CheckpointHook"}, "hooks.0.type", "try: runtime.save_every"),
        ({"type": "hook_parts:Nots"}, "hooks.0.type", "has no attribute 'Nots'"),
        ({"type": "hook_pards:Notes"}, "hooks.0.type", "No module named 'hook_pards'"),
        ({"type": "hook_parts:Path"}, "hooks.0.type", "must derive from mmengine.hooks.Hook"),
        ("EMAHook", "hooks.0", "must be dict(type=..., ...)"),
    ],
)
def test_a_hook_that_cannot_be_called_is_refused_before_the_run(
    hook: Any, where: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        trained(tmp_path / "run", hooks=[hook])
    assert f"{where}: " in str(caught.value)
    assert what in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_config_check_looks_at_hooks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text("_base_ = ['vidcap://toy.py']\nhooks = [dict(type='EMAHok')]\n")
    assert main(["config", "check", str(path)]) == 2
    assert "did you mean 'EMAHook'?" in capsys.readouterr().err
    path.write_text("_base_ = ['vidcap://toy.py']\nhooks = [dict(type='EMAHook', momentum=0.1)]\n")
    assert main(["config", "check", str(path)]) == 0


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


def test_the_loop_imports_nothing_heavy_that_it_does_not_use() -> None:
    heavy = ["transformers", "bitsandbytes", "peft", "torch._dynamo", "timm"]
    code = f"import sys, vidcap_core.engine.runs; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_figure_is_made_when_somebody_draws(tmp_path: Path) -> None:
    drawing = mm.Visualizer(save_dir=str(tmp_path))
    assert drawing.ax_save is None
    drawing.set_image(np.full((8, 12, 3), 200, np.uint8))
    assert drawing.dpi > 0
    assert drawing.get_image().shape == (8, 12, 3)
