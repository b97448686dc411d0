"""Which plain data fits which annotation, and which arguments fit which call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from vidcap_core.zoo.arguments import fits, problems, spell


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1, int),
        (1, float),
        (1.5, float),
        ("a", str),
        (None, None),
        (None, int | None),
        (True, bool),
        ([1, 2], list[int]),
        ((1, 2), list[int]),
        ([1, 2], tuple[int, ...]),
        ([1, "a"], tuple[int, str]),
        ([], tuple[int, ...]),
        ({"a": 1}, dict[str, int]),
        ({"a": [1.5]}, Mapping[str, Sequence[float]]),
        (["a"], Sequence[str]),
        ([1], list),
        ({}, dict),
        ("on", Literal["on", "off"]),
        (object(), Any),
        ("x", Path),
        ("x", "Unresolved"),
        ([1], set[int]),
        ({"type": "A"}, str | dict[str, Any]),
        ("v", object),
    ],
)
def test_fits(value: Any, hint: Any) -> None:
    assert fits(value, hint)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1.5, int),
        ("1", int),
        (True, int),
        (True, float),
        (1, bool),
        (1, str),
        ("", int | None),
        (None, int),
        ("ab", list[str]),
        ("ab", Sequence[str]),
        ({"a": 1}, list[str]),
        ([1, "a"], list[int]),
        ([1], tuple[int, str]),
        ({"a": "b"}, dict[str, int]),
        ([], dict),
        ("onn", Literal["on", "off"]),
        (1, Literal[True]),
        ([[1, "a"]], list[list[int]]),
        (["a"], Mapping[str, str]),
    ],
)
def test_does_not_fit(value: Any, hint: Any) -> None:
    assert not fits(value, hint)


@pytest.mark.parametrize(("value", "fine"), [(0.1, True), ("fast", False), (None, False)])
def test_a_class_that_is_made_elsewhere_does_not_open_a_union(value: Any, fine: bool) -> None:
    assert fits(value, float | Path) is fine
    assert fits({"a": 1}, Path | None)


class Layered:
    """A component as plugins write them."""

    def __init__(self, layers: int, rate: float = 0.1, *, kind: Literal["a", "b"] = "a") -> None:
        self.layers = layers


def test_problems_name_the_argument() -> None:
    assert list(problems({"layers": 2, "rate": 1, "kind": "b"}, Layered, "Layered")) == []
    assert list(problems({"layer": 2}, Layered, "Layered")) == [
        (("layer",), "Layered has no argument 'layer'; did you mean 'layers'?"),
        ((), "Layered needs the argument 'layers'"),
    ]
    assert list(problems({"layers": "two"}, Layered, "Layered")) == [
        (("layers",), "Layered wants int for 'layers', not 'two'")
    ]
    assert list(problems({}, Layered, "Layered", filled=["layers"])) == []
    assert list(problems([1], Layered, "Layered")) == [
        ((), "must be a dict of Layered's arguments, not list")
    ]


def test_open_ended_calls_take_any_name() -> None:
    def takes(a: int, **rest: float) -> None: ...

    assert list(problems({"a": 1, "b": "anything"}, takes, "takes")) == []


def test_types_are_spelt_as_written() -> None:
    assert spell(int) == "int"
    assert spell(list[int]) == "list[int]"
    assert spell(Literal["a", "b", "c"]) == "'a', 'b' or 'c'"
    assert spell(list[Literal["a", "b"]]) == "list['a' or 'b']"
    assert spell(Literal["a"] | None) == "'a' | None"


class Based:
    def __init__(self, split: str, streams: list[str] | None = None) -> None: ...


class Handing(Based):
    def __init__(self, split: str = "train", shuffled: float = 0.0, **others: Any) -> None:
        super().__init__(split, **others)


class Twice(Handing):
    def __init__(self, seed: int = 0, **others: Any) -> None:
        super().__init__(**others)


class Open(torch.nn.Module):
    def __init__(self, width: int, **options: Any) -> None: ...


def test_what_a_class_hands_on_is_checked_against_its_base() -> None:
    assert (
        list(problems({"seed": 1, "shuffled": 0.5, "streams": ["image"], "split": "val"}, Twice, "T")) == []
    )
    assert list(problems({"strems": ["image"]}, Twice, "T")) == [
        (("strems",), "T has no argument 'strems'; did you mean 'streams'?")
    ]
    assert list(problems({"streams": 3}, Handing, "H")) == [
        (("streams",), "H wants list[str] | None for 'streams', not 3")
    ]
    assert list(problems({"width": 1, "anything": 2}, Open, "O")) == []
