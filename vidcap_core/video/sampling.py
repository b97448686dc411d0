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


def count(sampling: Mapping[str, Any], start: float, end: float) -> int:
    """How many moments there will be: a film that lasts for weeks may ask for more than can be listed."""
    kind, options = _checked(sampling)
    if kind in ("uniform", "segment"):
        return int(_positive(options, "frames", int))
    if kind == "clips":
        return int(_positive(options, "clips", int)) * int(_positive(options, "frames", int))
    moments: int = max(1, round(max(0.0, end - start) * float(_positive(options, "rate", float))))
    return moments if options.get("frames") is None else min(moments, int(options["frames"]))


def frame_times(
    sampling: Mapping[str, Any], start: float, end: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Moments in [start, end), in order.

    uniform: the middles of `frames` equal segments; segment: a random moment of each (the middle without `rng`);
    fps: `rate` a second, at most `frames`; clips: `clips` groups of `frames` at `rate`, spread evenly.
    """
    kind, options = _checked(sampling)
    length = max(0.0, end - start)
    if kind in ("uniform", "segment"):
        frames = _positive(options, "frames", int)
        shifts = rng.random(frames) if kind == "segment" and rng is not None else np.full(frames, 0.5)
        return np.asarray(start + (np.arange(frames) + shifts) * length / frames)
    rate = _positive(options, "rate", float)
    if kind == "fps":
        available = max(1, round(length * rate))
        limit = options.get("frames")
        numbers = (
            np.arange(available)
            if limit is None or available <= limit
            else np.linspace(0, available - 1, limit).astype(int)
        )
        return np.asarray(np.minimum(start + (numbers + 0.5) / rate, start + length))
    groups, size = _positive(options, "clips", int), _positive(options, "frames", int)
    middles = start + (np.arange(groups) + 0.5) * length / groups
    offsets = (np.arange(size) - (size - 1) / 2) / rate
    return np.asarray(np.clip((middles[:, None] + offsets).ravel(), start, start + length))


def _checked(sampling: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind, and what else is wished."""
    options = dict(sampling)
    kind = options.pop("kind", "uniform")
    if kind not in KINDS:
        raise UserError(f"no way of sampling is named '{kind}'", hint=" | ".join(KINDS))
    unknown = set(options) - KINDS[kind]
    if unknown:
        raise UserError(
            f"sampling '{kind}' has no '{sorted(unknown)[0]}'; it has {', '.join(sorted(KINDS[kind]))}"
        )
    return kind, options


def _positive(options: Mapping[str, Any], key: str, kind: type) -> Any:
    value = options.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise UserError(f"sampling needs {key} > 0, not {value!r}")
    return kind(value)
