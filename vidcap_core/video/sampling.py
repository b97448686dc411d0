"""Which moments of a span to look at: pure functions from a span and a wish to times in seconds.

The one language of encoders' `sampling`, of `data.*.frames`, of extraction and of captioning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vidcap_core.errors import ConfigError

KINDS: dict[str, dict[str, type]] = {
    "uniform": {"count": int},
    "segment": {"count": int},
    "fps": {"rate": float, "most": int},
    "clips": {"clips": int, "count": int, "rate": float},
}
"""By kind, its keys with their types; all but `most` are needed."""


def check_sampling(sampling: Mapping[str, Any]) -> None:
    """Refuse a kind that does not exist, a key that its kind does not have, and values that choose no moment."""
    _checked(sampling)


def count(sampling: Mapping[str, Any], start: float, end: float) -> int:
    """How many moments there will be: a film that lasts for weeks may ask for more than can be listed."""
    kind, options = _checked(sampling)
    if kind in ("uniform", "segment"):
        return int(options["count"])
    if kind == "clips":
        return int(options["clips"] * options["count"])
    moments: int = max(1, round(max(0.0, end - start) * options["rate"]))
    most: int = options.get("most", moments)
    return min(moments, most)


def frame_times(
    sampling: Mapping[str, Any], start: float, end: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Moments in [start, end), in order.

    uniform: the middles of `count` equal segments; segment: a random moment of each (the middle without `rng`);
    fps: `rate` a second, at most `most`; clips: `clips` groups of `count` at `rate`, spread evenly.
    """
    kind, options = _checked(sampling)
    length = max(0.0, end - start)
    if kind in ("uniform", "segment"):
        size = options["count"]
        shifts = rng.random(size) if kind == "segment" and rng is not None else np.full(size, 0.5)
        return np.asarray(start + (np.arange(size) + shifts) * length / size)
    rate = options["rate"]
    if kind == "fps":
        available = max(1, round(length * rate))
        most = options.get("most", available)
        numbers = (
            np.arange(available) if available <= most else np.linspace(0, available - 1, most).astype(int)
        )
        return np.asarray(np.minimum(start + (numbers + 0.5) / rate, start + length))
    groups, size = options["clips"], options["count"]
    middles = start + (np.arange(groups) + 0.5) * length / groups
    offsets = (np.arange(size) - (size - 1) / 2) / rate
    return np.asarray(np.clip((middles[:, None] + offsets).ravel(), start, start + length))


def _checked(sampling: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind, and what else is wished."""
    options = {key: value for key, value in sampling.items() if value is not None}
    kind = options.pop("kind", "uniform")
    if kind not in KINDS:
        raise ConfigError(f"no way of sampling is named '{kind}'", hint=" | ".join(KINDS))
    known = KINDS[kind]
    if unknown := sorted(set(options) - set(known)):
        raise ConfigError(f"sampling '{kind}' has no '{unknown[0]}'; it has {', '.join(known)}")
    for key, number in known.items():
        value = options.get(key)
        if value is None and key == "most":
            continue
        fitting = isinstance(value, int if number is int else (int, float)) and not isinstance(value, bool)
        if not fitting or not value > 0:  # type: ignore[operator]
            noun = "a whole number" if number is int else "a number"
            raise ConfigError(f"sampling '{kind}' needs {key}, {noun} above 0, not {value!r}")
    return kind, options
