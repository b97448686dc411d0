"""Captions whose manner a model is to follow: given as they are, or drawn from the training split of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidcap_core.api import ConfigError, build_component

KEYS = ("data", "count", "seed")
HINT = "head.examples=dict(data=dict(type='MSRVTT', split='train'), count=5, seed=0)"
Given = Sequence[str] | Mapping[str, Any] | None


@dataclass(frozen=True)
class Examples:
    """Texts, and where they are from."""

    texts: Sequence[str] = ()
    source: str = ""

    @classmethod
    def of(cls, given: Given) -> Examples:
        """As a config has them: texts, or `data` (a data set), `count` and `seed`."""
        if not isinstance(given, Mapping):
            return cls(tuple(given or ()), "a config's examples" if given else "")
        unknown = [key for key in given if key not in KEYS]
        if unknown or not isinstance(data := given.get("data"), Mapping) or "type" not in data:
            what = f"has no key '{unknown[0]}'" if unknown else "names no data set"
            raise ConfigError(f"head.examples {what}", hint=HINT)
        count, seed = given.get("count", 5), given.get("seed", 0)
        if not isinstance(count, int) or not isinstance(seed, int) or count < 1 or seed < 0:
            raise ConfigError("head.examples: count is a number from 1 on, and seed one from 0 on", hint=HINT)
        split = data.get("split", "train")
        if split != "train":
            raise ConfigError(
                f"head.examples: captions of the split '{split}' are what is scored", hint="split='train'"
            )
        texts = _drawn(data, count, seed)
        return cls(texts, f"{len(texts)} captions of the training split of {data.get('type')}, seed {seed}")


def _drawn(data: Mapping[str, Any], count: int, seed: int) -> Sequence[str]:
    """A caption each of so many clips."""
    references = build_component("datasets", {**data, "unit": "clip"}).references()
    clips = sorted(clip for clip, captions in references.items() if captions)
    if len(clips) < count:
        raise ConfigError(
            f"head.examples: the data set has {len(clips)} clips with captions, and not {count}"
        )
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(clips), count, replace=False)
    return [str(rng.choice(references[clips[index]])) for index in chosen]
