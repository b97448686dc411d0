"""Which moments of a span to look at: pure functions from a span and a wish to times in seconds.

The one language of encoders' `sampling`, of `data.*.frames`, of extraction and of captioning.
"every", and "windows" without a rate, count frames: `timed` brings them to seconds once the film's rate is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import ConfigError, VideoError

KINDS: dict[str, dict[str, type]] = {
    "uniform": {"count": int},
    "segment": {"count": int},
    "fps": {"rate": float, "most": int},
    "every": {"step": int, "most": int},
    "clips": {"clips": int, "count": int, "rate": float},
    "windows": {"size": int, "stride": int, "rate": float, "most": int},
}
"""By kind, its keys with their types."""
OPTIONAL = {"fps": {"most"}, "every": {"most"}, "windows": {"stride", "rate", "most"}}
"""By kind, the keys that may be left out."""


def check_sampling(sampling: Mapping[str, Any]) -> None:
    """Refuse a kind that does not exist, a key that its kind does not have, and values that choose no moment."""
    _checked(sampling)


def wished(frames: int | Mapping[str, Any]) -> dict[str, Any]:
    """What an encoder's argument `frames` asks for: a number of them spread evenly, or a sampling."""
    sampling = {"kind": "uniform", "count": frames} if isinstance(frames, int) else dict(frames)
    check_sampling(sampling)
    return sampling


def timed(sampling: Mapping[str, Any], rate: float | None, path: str | Path) -> Mapping[str, Any]:
    """The same wish in seconds, of a film with `rate` frames a second."""
    kind, options = _checked(sampling)
    if kind == "every":
        options = {"size": 1, "stride": options.pop("step"), **options}
    elif kind != "windows" or "rate" in options:
        return sampling
    if not rate:
        raise VideoError(
            f"{path}: says no frame rate, and sampling '{kind}' counts frames",
            hint='kind="fps", or "windows" with a rate: they go by seconds',
        )
    return {"kind": "windows", **options, "rate": rate}


def count(sampling: Mapping[str, Any], start: float, end: float) -> int:
    """How many moments there will be: a film that lasts for weeks may ask for more than can be listed."""
    kind, options = _checked(sampling)
    if kind in ("uniform", "segment"):
        return int(options["count"])
    if kind == "clips":
        return int(options["clips"] * options["count"])
    moments = _frames(kind, options, max(0.0, end - start))
    groups = _windows(options, moments) if kind == "windows" else moments
    return int(min(groups, options.get("most", groups)) * options.get("size", 1))


def frame_times(
    sampling: Mapping[str, Any], start: float, end: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Moments in [start, end), in order.

    uniform: the middles of `count` equal segments; segment: a random moment of each (the middle without `rng`);
    fps: `rate` a second, at most `most`; clips: `clips` groups of `count` at `rate`, spread evenly;
    windows: groups of `size` at `rate`, one every `stride` frames, at most `most` groups. Groups may overlap.
    """
    kind, options = _checked(sampling)
    length = max(0.0, end - start)
    if kind in ("uniform", "segment"):
        size = options["count"]
        shifts = rng.random(size) if kind == "segment" and rng is not None else np.full(size, 0.5)
        return np.asarray(start + (np.arange(size) + shifts) * length / size)
    if kind != "clips":
        available = _frames(kind, options, length)
        if kind == "windows":
            first = _thinned(_windows(options, available), options) * options.get("stride", options["size"])
            numbers = np.minimum(first[:, None] + np.arange(options["size"]), available - 1).ravel()
        else:
            numbers = _thinned(available, options)
        return np.asarray(np.minimum(start + (numbers + 0.5) / options["rate"], start + length))
    groups, size = options["clips"], options["count"]
    middles = start + (np.arange(groups) + 0.5) * length / groups
    offsets = (np.arange(size) - (size - 1) / 2) / options["rate"]
    return np.asarray(np.clip((middles[:, None] + offsets).ravel(), start, start + length))


def _frames(kind: str, options: Mapping[str, Any], length: float) -> int:
    """How many frames a film has at the wished rate."""
    if "rate" not in options:
        raise ConfigError(f"sampling '{kind}' counts frames, and no file is there to count those of")
    return int(max(1, round(length * options["rate"])))


def _windows(options: Mapping[str, Any], frames: int) -> int:
    """How many whole windows fit; a shorter film has one, in which its last frame is repeated."""
    size: int = options["size"]
    stride: int = options.get("stride", size)
    return 1 + max(0, frames - size) // stride


def _thinned(available: int, options: Mapping[str, Any]) -> np.ndarray:
    """The numbers from 0 on, or `most` of them, spread evenly."""
    most = options.get("most", available)
    return np.arange(available) if available <= most else np.linspace(0, available - 1, most).astype(int)


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
        if value is None and key in OPTIONAL.get(kind, ()):
            continue
        fitting = isinstance(value, int if number is int else (int, float)) and not isinstance(value, bool)
        if not fitting or not value > 0:  # type: ignore[operator]
            noun = "a whole number" if number is int else "a number"
            raise ConfigError(f"sampling '{kind}' needs {key}, {noun} above 0, not {value!r}")
    return kind, options
