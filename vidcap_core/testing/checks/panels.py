"""Checks of what a head shows of its texts: that it is there, plain, of the right clip, and the same each time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vidcap_core.captioner.panels import FAILED
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.panels import Curve, Timeline, from_plain, to_plain
from vidcap_core.contracts.types import Prediction
from vidcap_core.testing.check import Checks, Skipped, expect
from vidcap_core.testing.parts import Parts, only, quiet, talkative

TOLERANCE = 1e-3
"""Panels keep five digits."""


def explains(parts: Parts) -> None:
    """`explain` gives panels by clip, which go into JSON and back, and name events that are there."""
    for prediction in _shown(parts):
        for panel in prediction.extras["panels"]:
            data = to_plain(panel)
            text = json.dumps(data, allow_nan=False)
            expect(
                to_plain(from_plain(json.loads(text))) == data,
                f"the panel '{panel.kind}' of {prediction.clip.id} written as JSON and read",
                "the panel",
            )
            index = getattr(panel, "event", None)
            expect(
                index is None or 0 <= index < len(prediction.events),
                f"the panel '{panel.kind}' of {prediction.clip.id} shown",
                f"that its event is there; it is of event {index} of {len(prediction.events)}",
            )
            if isinstance(panel, Timeline):
                expect(
                    len(panel.predicted) == len(prediction.events),
                    f"the panel '{panel.kind}' of {prediction.clip.id} shown",
                    f"that it shows the events; {len(panel.predicted)} of {len(prediction.events)}",
                )


def shows_its_clip(parts: Parts) -> None:
    """The panels of a clip are the same in a batch as alone, and after others: no state, no other clip's."""
    together = _shown(parts)
    batch, captioner = parts.batch(3), talkative(parts.fresh()).eval()
    for index in range(len(batch)):
        alone = quiet(captioner.predict, only(batch, index), panels=True)[0]
        first = [to_plain(panel) for panel in together[index].extras["panels"]]
        second = [to_plain(panel) for panel in alone.extras["panels"]]
        expect(
            same(first, second),
            "each clip alone, not in a batch",
            f"the panels of {alone.clip.id}; {_first_difference(first, second)}",
        )


CHECKS: Checks = {"panels": explains, "panels of the right clip": shows_its_clip}


def same(a: object, b: object) -> bool:
    """Whether plain data are the same, but for the last digits of numbers."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return bool(np.isclose(a, b, rtol=TOLERANCE, atol=TOLERANCE))
    return bool(a == b)


def _shown(parts: Parts) -> list[Prediction]:
    if type(parts.captioner.head).explain is Head.explain:
        raise Skipped("the head has no `explain`")
    captioner, batch = talkative(parts.fresh()).eval(), parts.batch(3)
    shown = quiet(captioner.predict, batch, panels=True)
    failed = next((p.extras[FAILED] for p in shown if FAILED in p.extras), None)
    expect(failed is None, "`explain` called", f"that it works; {failed}")
    if not any(prediction.extras["panels"] for prediction in shown):
        raise Skipped("`explain` shows nothing of the toy clips")
    return shown  # type: ignore[no-any-return]


def _first_difference(a: Sequence[dict[str, Any]], b: Sequence[dict[str, Any]]) -> str:
    if len(a) != len(b):
        return f"{len(a)} became {len(b)}"
    pairs = zip(a, b, strict=True)
    return next((f"{_moved(first, second)} moved" for first, second in pairs if not same(first, second)), "")


def _moved(panel: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Which part of a panel is another one; of a timeline, which of its curves."""
    title = panel.get("title") or panel.get("name") or ""
    what = f"the {panel['kind'].replace('_', ' ')} '{title}'" if title else f"the panel '{panel['kind']}'"
    key = next(key for key in panel if not same(panel[key], other.get(key)))
    first, second = panel[key], other.get(key)
    if isinstance(first, dict) and isinstance(second, dict):
        names = [name for name in {**first, **second} if not same(first.get(name), second.get(name))]
        return f"{key} of '{names[0]}' in {what}"
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = zip(first, second, strict=True)
        item, again = next((x, y) for x, y in pairs if not same(x, y))
        if isinstance(item, dict) and item.get("kind") == again.get("kind") == Curve.kind:
            return f"{_moved(item, again)} in {what}"
    return f"{key} of {what}"
