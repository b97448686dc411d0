"""Panels go into JSON and back, take tensors, and refuse numbers that do not fit."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from vidcap_core.contracts.panels import (
    Bars,
    Curve,
    Custom,
    FrameAttention,
    Panel,
    SpatialAttention,
    Timeline,
    from_plain,
    to_plain,
)
from vidcap_core.contracts.types import Event
from vidcap_core.errors import UserError

PANELS: list[Panel] = [
    FrameAttention(
        ("a", "dog"), {"appearance": ((0.25, 0.75), (1, 0)), "motion": ((0.5, 0.5), (0, 1))}, (0, 1.5)
    ),
    SpatialAttention(("a",), [[[[0.1, 0.9], [0.0, 0.0]], [[0.5, 0.5], [0.0, 0.0]]]], (0.0, 2.0), event=1),
    SpatialAttention((), np.ones((1, 3, 2, 2)), np.arange(3)),
    Timeline((Event(0, 2, "x </script> ☃", -1.5),), (Event(1, 3, "y"),), (Curve("mask", (0, 1), (0.5, 1)),)),
    Bars({"joy": 0.75, "fear": 0.125}, ("joy",), title="Emotions"),
    Curve("frames that count", (1, 2, 3), (4, 2.5, 1), x_label="epoch"),
    Custom("my_plugin.wheel", {"angle": 1.5, "names": ["a", "b"]}, renderer="my_plugin.draw:wheel"),
]


@pytest.mark.parametrize("panel", PANELS, ids=lambda p: p.kind)
def test_round_trip_through_json(panel: Panel) -> None:
    text = json.dumps(to_plain(panel), allow_nan=False)
    again = from_plain(json.loads(text))
    assert again == panel
    assert to_plain(again) == to_plain(panel)


def test_tensors_become_plain_numbers() -> None:
    torch = pytest.importorskip("torch")
    weights = torch.softmax(torch.arange(6.0).view(2, 3), dim=-1)
    panel = FrameAttention(["a", "b"], {"video": weights}, torch.arange(3))
    assert isinstance(panel.weights["video"][0][0], float)
    assert panel.times == (0.0, 1.0, 2.0)
    assert to_plain(panel)["weights"]["video"][1][2] == pytest.approx(weights[1, 2].item(), abs=1e-4)


def test_not_a_number_is_valid_json() -> None:
    data = to_plain(Curve("loss", (0, 1), (float("nan"), 1.0)))
    assert data["y"] == [None, 1.0]
    assert json.dumps(data, allow_nan=False)
    again = from_plain(data)
    assert isinstance(again, Curve)
    assert np.isnan(again.y[0])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: FrameAttention(("a",), {"video": ((0.5, 0.5),)}, (0.0,)),
            r"weights\['video'\] must be \[1, 1\]",
        ),
        (
            lambda: SpatialAttention(("a", "b"), np.ones((1, 3, 2, 2)), np.arange(3)),
            r"weights must be \[2, 3, 2, 2\]",
        ),
        (lambda: Curve("x", (0, 1), (1,)), r"Curve.y must be \[2\]"),
        (lambda: Bars({"a": 1}, highlight="a"), "list of words"),
        (lambda: Custom("bars", {}), "another name"),
        (lambda: Custom("mine", {"model": object()}), "cannot hold a object"),
        (lambda: from_plain({"title": "?"}), "without a kind"),
        (lambda: from_plain({"kind": "curve", "x": [1], "y": [1]}), "cannot be read"),
    ],
)
def test_bad_panels_say_what_is_wrong(make: object, said: str) -> None:
    with pytest.raises(UserError, match=said):
        make()  # type: ignore[operator]


def test_panels_import_no_torch() -> None:
    code = (
        "import sys, vidcap_core.contracts.panels; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
