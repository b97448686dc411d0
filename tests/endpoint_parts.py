"""A head that asks an HTTP endpoint for its texts: it reads frames and paths, and never sees an id of a word."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any, ClassVar

from vidcap_core.api import Head, Hyp, RawClip, Rows, View, WriteSettings


class Endpoint(Head):
    """The captions that a server gives.

    url: of the server.
    """

    comes_trained = True
    decodes = frozenset({"max_length", "n_best", "sample", "prompt"})
    reads = frozenset({"frames", "audio", "path"})
    sampling: ClassVar[dict[str, Any]] = {"kind": "uniform", "count": 2}

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def prepare(self, raw: RawClip) -> Mapping[str, Any]:
        """What the server is asked."""
        assert raw.frames is not None
        assert raw.times is not None
        colour = [round(float(c)) for c in raw.frames.mean((0, 1, 2))]
        loud = raw.audio is not None and float(abs(raw.audio).max()) > 0.01
        return {"asked": {"path": raw.clip.path, "colour": colour, "times": raw.times.tolist(), "loud": loud}}

    def write(self, view: View, settings: WriteSettings) -> Rows:
        """A request a row."""
        rows = []
        for clip in view.clips:
            asked = {**view.inputs["asked"][clip], "n": settings.n_best, "prompt": settings.prompt}
            body = json.dumps(asked).encode()
            with urllib.request.urlopen(self.url, body) as answer:
                texts = json.load(answer)["texts"]
            rows.append([Hyp([], -float(index), [], text=text) for index, text in enumerate(texts)])
        return rows
