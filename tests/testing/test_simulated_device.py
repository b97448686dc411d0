"""The simulated device refuses what a GPU refuses and counts what the host waits for; and what ours cost there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vidcap_core.config.files import Config
from vidcap_core.config.validate import load_recipe, validate
from vidcap_core.contracts.head import Output
from vidcap_core.contracts.types import Batch, Stream, View
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.testing import tiny
from vidcap_core.testing.check import Broken
from vidcap_core.testing.checks import devices
from vidcap_core.testing.parts import Parts
from vidcap_core.testing.simulated_device import DEVICE, MixedDevices, SimulatedDevice

LIMITS = json.loads((Path(__file__).parent / "host_syncs.json").read_text(encoding="utf-8"))
"""Config -> what is done -> how often the host waits; numbers may only fall."""

MINUTES = pytest.mark.slow
"""A model of transformers, whose every operation is counted."""


def test_what_a_gpu_refuses_is_refused_with_file_and_line() -> None:
    with SimulatedDevice():
        there = torch.ones(2, 3).to(DEVICE)
        assert there.device == DEVICE
        assert there.is_cuda
        for mixed in (
            lambda: there + torch.ones(2, 3),
            lambda: torch.cat([there, torch.ones(1, 3)]),
            lambda: torch.ones(4)[there.long()],
            lambda: torch.ones(2, 3).add_(there),
            lambda: there.numpy(),
        ):
            with pytest.raises(MixedDevices, match=r"test_simulated_device.py:\d+"):
                mixed()
        assert torch.equal((there + torch.tensor(1.0)).cpu(), torch.full((2, 3), 2.0))  # one number may mix
        there[torch.tensor([0])] = 0  # as may an index


def test_syncs_copies_and_float64_are_counted_where_they_happen() -> None:
    with SimulatedDevice() as device:
        there = torch.arange(6.0).to(DEVICE)
        quiet, loud = device.watch(), device.watch()
        with quiet as traffic:
            (there * 2).sum().sqrt().clamp_min(1)
            there[there.long()]
            torch.where(there > 2, there, 0)
        assert not list(traffic.lines())
        with loud as traffic:
            float(there.sum())
            there.tolist()
            there.nonzero()
            there[there > 2]
            there.cpu()
            torch.tensor([1, 2], device=DEVICE)
            there[[0, 1]]
            there.double()
        assert sum(traffic.syncs.values()) == 5
        assert sum(traffic.copies.values()) == 2
        assert sum(traffic.doubles.values()) == 1
        assert all(
            line.split()[2].startswith("tests") or "test_simulated_device.py" in line
            for line in traffic.lines()
        )


def test_training_there_is_training_here() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Dropout(0.5), nn.Linear(8, 1))
    values = torch.randn(6, 4)

    def trained(there: nn.Module, inputs: Tensor) -> list[float]:
        torch.manual_seed(0)
        optimizer, losses = torch.optim.AdamW(there.parameters(), lr=0.1), []
        for _ in range(3):
            loss = there(inputs).pow(2).sum()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(float(loss.detach()))
        return losses

    state = {key: value.clone() for key, value in model.state_dict().items()}
    here = trained(model, values)
    model.load_state_dict(state)
    with SimulatedDevice():
        assert trained(model.to(DEVICE), values.to(DEVICE)) == here


class LeftBehind(MeanPoolGRU):
    """Makes a tensor where it happens to be made."""

    def start(self, view: View) -> tuple[Tensor, Tensor]:
        memory, state = super().start(view)
        return memory, state + torch.zeros(len(state), 1)


class Chatty(MeanPoolGRU):
    """Looks at its numbers."""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        output = super().forward(streams, batch, want)
        assert bool(output["tokens"].value.isfinite().all())
        return output


def parts(head: str) -> Parts:
    return Parts(
        validate(Config("tiny", tiny.config(head={"type": head, "streams": {"image": 16}, "width": 8})))
    )


def test_a_head_that_leaves_a_tensor_behind_is_found_by_the_kit() -> None:
    with pytest.raises(Broken, match=r"test_simulated_device.py:\d+"):
        devices.works(parts(f"{__name__}:LeftBehind"))


def test_a_head_that_has_the_host_wait_is_counted() -> None:
    counts: dict[str, Any] = devices.syncs_of(parts(f"{__name__}:Chatty"))
    assert counts["update caption tokens"] == 1
    assert counts["greedy, a word"] == 1 / 8


@pytest.mark.parametrize("config", [pytest.param(c, marks=MINUTES if c == "vlm/toy" else ()) for c in LIMITS])
def test_the_host_waits_no_oftener_than_the_table_says(config: str) -> None:
    made = Parts(validate(Config("tiny", tiny.config())) if config == "tiny" else load_recipe(config))
    counts = devices.syncs_of(made)
    devices.works(made)
    assert counts.keys() == LIMITS[config].keys()
    worse = {
        name: (LIMITS[config][name], count) for name, count in counts.items() if count > LIMITS[config][name]
    }
    assert not worse, f"(allowed, counted): {worse}"
