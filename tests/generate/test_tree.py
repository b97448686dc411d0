"""Rows of any pytree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
import torch

from vidcap_core.decoding.decoder_state import select_rows


class Pair(NamedTuple):
    hidden: Any
    cell: Any


@dataclass(frozen=True)
class Record:
    value: Any
    name: str
    derived: Any = field(init=False, default=None)


def test_every_kind_of_node():
    rows = torch.arange(4)
    tree = {
        "tuple": (rows, None),
        "named": Pair(rows, [rows * 2]),
        "record": Record(rows[:, None], "x"),
        "plain": (3, "text", torch.tensor(5.0)),
    }
    got = select_rows(tree, torch.tensor([2, 2, 0]), 4)
    assert got["tuple"][0].tolist() == [2, 2, 0]
    assert got["tuple"][1] is None
    assert isinstance(got["named"], Pair)
    assert got["named"].cell[0].tolist() == [4, 4, 0]
    assert got["record"].value.tolist() == [[2], [2], [0]]
    assert (got["record"].name, got["plain"][:2], got["plain"][2].item()) == ("x", (3, "text"), 5.0)
    assert tree["tuple"][0] is rows


def test_where_rows_are_wrong():
    with pytest.raises(
        ValueError, match=r"memory\['a'\]\[1\]\.value has shape \(3,\): 4 rows must come first"
    ):
        select_rows({"a": [None, Record(torch.zeros(3), "x")]}, torch.tensor([0]), 4, "memory")
