"""What the log says of speed, and when it says that the loader limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from vidcap_core import train
from vidcap_core.config.files import Config
from vidcap_core.config.schema import Runtime
from vidcap_core.engine import speed as speeds
from vidcap_core.engine.gpus import GPUS, gpu, recognised
from vidcap_core.engine.speed import Speed
from vidcap_core.errors import UserError
from vidcap_core.testing import tiny


def test_a_run_logs_words_and_waits(tmp_path: Path) -> None:
    folder = train(Config("test", tiny.config()), work_dir=tmp_path / "run", device="cpu", quiet=True)
    lines = [json.loads(line) for line in folder.scalars.read_text().splitlines()]
    line = next(line for line in lines if "clips_per_s" in line)
    assert line["words_per_s"] > line["clips_per_s"] > 0
    assert 0 <= line["data_wait"] <= 1
    assert "mfu" not in line  # no card is known here
    assert " words/s  waits " in (folder.path / "log.txt").read_text()


def test_the_share_of_a_cards_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(speeds.time, "monotonic", lambda: now[0])
    speed = Speed(Runtime(amp="bf16"), card=GPUS["a100"])
    a, b = torch.ones(100, 200), torch.ones(200, 300)
    with speed.counting(first=True):
        a @ b
    assert speed.flops == 2 * 100 * 200 * 300
    speed.flops, speed.steps = int(312e12 / 10), 4  # a tenth of a second's worth, four times
    now[0] = 2.0
    assert speed.values()["mfu"] == pytest.approx(0.2)


def test_waiting_is_told_once_with_the_workers_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speeds.os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    speed = Speed(Runtime(), workers=2)
    assert speed.advice(0.75) is None  # the first line holds the workers' start
    assert speed.advice(0.2) is None
    assert "75% of the time is spent waiting for data: --set runtime.workers=8 (now 2" in str(
        speed.advice(0.75)
    )
    assert speed.advice(0.75) is None
    full = Speed(Runtime(), workers=16)
    full.advice(0.5)
    assert "16 data workers use all 16 cores" in str(full.advice(0.5))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("NVIDIA A100-SXM4-80GB", "a100"),
        ("NVIDIA A100-SXM4-40GB", "a100-40"),
        ("NVIDIA GeForce RTX 4090", "4090"),
        ("Tesla T4", "t4"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA H100 NVL", None),
        ("NVIDIA A10G", None),
        ("AMD Instinct MI300X", None),
    ],
)
def test_cards_by_the_drivers_name(said: str, name: str | None) -> None:
    found = recognised(said)
    assert (found and found.name) == name


def test_an_unknown_card_is_answered_with_the_list() -> None:
    with pytest.raises(UserError, match="--gpu h1000: no such card is known; did you mean 'h100'") as error:
        gpu("h1000")
    assert "a100" in str(error.value.hint)
