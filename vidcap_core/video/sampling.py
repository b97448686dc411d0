"""Which moments of a span to look at: pure functions from a span and a wish to times in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vidcap_core.errors import UserError

KINDS = {
    "uniform": {"frames"},
    "segment": {"frames"},
    "fps": {"rate", "frames"},
    "clips": {"clips", "frames", "rate"},
}


def times(
    sampling: Mapping[str, Any], start: float, end: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Moments in [start, end), in order.

    uniform: the middles of `frames` equal segments; segment: a random moment of each (the middle without `rng`);
    fps: `rate` a second, at most `frames`; clips: `clips` groups of `frames` at `rate`, spread evenly.
    """
    wish = dict(sampling)
    kind = wish.pop("kind", "uniform")
    if kind not in KINDS:
        raise UserError(f"no way of sampling is named '{kind}'", hint=" | ".join(KINDS))
    unknown = set(wish) - KINDS[kind]
    if unknown:
        raise UserError(
            f"sampling '{kind}' has no '{sorted(unknown)[0]}'; it has {', '.join(sorted(KINDS[kind]))}"
        )
    length = max(0.0, end - start)
    if kind in ("uniform", "segment"):
        count = _positive(wish, "frames", int)
        place = rng.random(count) if kind == "segment" and rng is not None else np.full(count, 0.5)
        return np.asarray(start + (np.arange(count) + place) * length / count)
    rate = _positive(wish, "rate", float)
    if kind == "fps":
        count = max(1, round(length * rate))
        moments = start + (np.arange(count) + 0.5) / rate
        moments = np.minimum(moments, start + length)
        limit = wish.get("frames")
        kept = (
            slice(None) if limit is None or count <= limit else np.linspace(0, count - 1, limit).astype(int)
        )
        return np.asarray(moments[kept])
    groups, size = _positive(wish, "clips", int), _positive(wish, "frames", int)
    middles = start + (np.arange(groups) + 0.5) * length / groups
    offsets = (np.arange(size) - (size - 1) / 2) / rate
    return np.asarray(np.clip((middles[:, None] + offsets).ravel(), start, start + length))


def _positive(wish: Mapping[str, Any], key: str, kind: type) -> Any:
    value = wish.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise UserError(f"sampling needs {key} > 0, not {value!r}")
    return kind(value)
