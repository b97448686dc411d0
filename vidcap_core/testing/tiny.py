"""A data set of a few clips made in memory: each stream tells what its caption says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from vidcap_core.contracts.types import Clip, Event, Sample

SUBJECTS = ("man", "woman", "dog", "cat", "child", "bird")
ACTIONS = ("runs", "sleeps", "eats", "jumps", "sings")


class TinyClips:
    """Clips whose features name a subject and an action; lengths differ, two captions a clip.

    clips: how many; streams: name -> width; length: longest stream; unit: "caption" or "clip";
    seed: of the features; noise: how blurred they are; events: events a clip (1: plain captions).
    """

    def __init__(
        self,
        clips: int = 8,
        streams: dict[str, int] | None = None,
        length: int = 6,
        unit: str = "caption",
        seed: int = 0,
        noise: float = 0.1,
        events: int = 1,
        fixed: bool = False,
    ) -> None:
        self.unit, self.events_per_clip = unit, events
        random = np.random.default_rng(seed)
        widths = streams or {"image": 16}
        codes = {name: np.random.default_rng(99).normal(size=(30, width)) for name, width in widths.items()}
        self.clips = [Clip(f"clip{i}", duration=10.0) for i in range(clips)]
        self._streams: list[dict[str, np.ndarray]] = []
        self._events: list[list[Event]] = []
        for _ in range(clips):
            numbers = random.integers(0, 30, size=events)
            rows = length if fixed else int(random.integers(max(1, length // 2), length + 1))
            owner = np.minimum(np.arange(rows) * events // rows, events - 1)
            self._streams.append(
                {
                    name: (code[numbers[owner]] + noise * random.normal(size=(rows, code.shape[1]))).astype(
                        np.float32
                    )
                    for name, code in codes.items()
                }
            )
            span = 10.0 / events
            self._events.append(
                [
                    Event(k * span, (k + 1) * span, f"a {SUBJECTS[n % 6]} {ACTIONS[n // 6]}")
                    for k, n in enumerate(numbers)
                ]
            )

    def __len__(self) -> int:
        return len(self.clips) * (2 if self.unit == "caption" else 1)

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        """One sample; every random choice comes from `rng`."""
        clip, which = (index // 2, index % 2) if self.unit == "caption" else (index, None)
        events = tuple(self._events[clip])
        text = None if which is None else self.references()[self.clips[clip].id][which]
        return Sample(self.clips[clip], events, text, self._streams[clip])

    def references(self) -> dict[str, list[str]]:
        """Captions by clip."""
        captions = {
            c.id: " ".join(e.text for e in events) for c, events in zip(self.clips, self._events, strict=True)
        }
        return {clip: [text, text.replace("a ", "the ", 1)] for clip, text in captions.items()}

    def events(self) -> list[dict[str, list[Event]]]:
        """Events by clip, of one annotator."""
        return [{clip.id: events for clip, events in zip(self.clips, self._events, strict=True)}]

    def durations(self) -> dict[str, float]:
        """Seconds by clip."""
        return {clip.id: 10.0 for clip in self.clips}

    def captions(self) -> Iterator[str]:
        """Every text, for a tokenizer to learn from."""
        for texts in self.references().values():
            yield from texts

    def coverage(self) -> str:
        """N of M."""
        return f"{len(self.clips)} of {len(self.clips)}"

    def fingerprint(self) -> str:
        """A hash that stands for the data."""
        digest = hashlib.sha256()
        for streams in self._streams:
            for name, values in streams.items():
                digest.update(name.encode() + values.tobytes())
        return digest.hexdigest()[:16]


def config(**changes: Any) -> dict[str, Any]:
    """A config over tiny clips that trains in a second; keys can be replaced."""
    data = {"type": "vidcap_core.testing.tiny:TinyClips"}
    return {
        "seed": 0,
        "data": {"train": dict(data), "val": dict(data)},
        "tokenizer": {"type": "Vocabulary"},
        "head": {"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 16, "dropout": 0.1},
        "losses": {"tokens": {"type": "TokenLoss"}},
        "phases": {"caption": {"epochs": 2, "losses": ["tokens"]}},
        "optimizer": {"type": "Adam", "lr": 0.01},
        "generate": {"mode": "greedy", "max_length": 8},
        "evaluate": {"metrics": ["cider-d"], "best": "CIDEr-D"},
        "runtime": {"batch": 4, "log_every": 2},
        **changes,
    }
