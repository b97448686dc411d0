"""Batches and captioners know where their tensors are, whatever holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.types import Batch, Clip, Stream


class Pair(NamedTuple):
    values: Tensor
    name: str


class Row(tuple[Tensor, ...]):
    pass


@dataclass(frozen=True)
class Labels:
    ids: Tensor
    names: tuple[str, ...] = ()


def test_a_batch_moves_what_its_targets_hold() -> None:
    one = torch.ones(2)
    targets = {
        "pair": Pair(one, "a"),
        "row": Row([one]),
        "labels": Labels(one, ("a",)),
        "stream": Stream(one, one.bool()),
        "nested": [{"a": (one, None)}],
    }
    moved = Batch((Clip("a"),), targets=targets).to("meta").targets
    assert isinstance(moved["pair"], Pair)
    assert (moved["pair"].values.device.type, moved["pair"].name) == ("meta", "a")
    assert isinstance(moved["row"], Row)
    assert moved["row"][0].device.type == "meta"
    assert isinstance(moved["labels"], Labels)
    assert (moved["labels"].ids.device.type, moved["labels"].names) == ("meta", ("a",))
    assert moved["stream"].values.device.type == "meta"
    assert moved["nested"][0]["a"][0].device.type == "meta"


class Silent(Head):
    """A head without a weight."""


class Buffered(Silent):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.ones(1, device="meta"))


class Weighted(Buffered):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))


def test_a_captioner_without_parameters_has_a_device() -> None:
    devices = [Captioner(head(), None).device.type for head in (Silent, Buffered, Weighted)]
    assert devices == ["cpu", "meta", "cpu"]


class Pinned:
    """Has the method that a data loader calls."""

    def __init__(self, pinned: bool = False) -> None:
        self.pinned = pinned

    def pin_memory(self) -> Pinned:
        return Pinned(True)


def test_a_batch_pins_what_lies_in_it() -> None:
    """Tensors themselves are pinned with a GPU alone."""
    clips = (Clip("a"),)
    batch = Batch(clips, targets={"rows": [Pinned(), {"deep": (Pinned(), 3)}]}, prepared={"head": Pinned()})
    pinned = batch.pin_memory()
    first, second = pinned.targets["rows"]
    assert first.pinned
    assert second["deep"][0].pinned
    assert second["deep"][1] == 3
    assert pinned.prepared["head"].pinned
    assert pinned.clips == clips
    assert not batch.targets["rows"][0].pinned
