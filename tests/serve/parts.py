"""Parts of a model that can break: imported by the server's worker, from the config of the run that the tests train."""

from __future__ import annotations

import math
import os
import time
from typing import Any

from torch import Tensor

from vidcap_core.contracts.panels import FrameAttention
from vidcap_core.contracts.types import Stream
from vidcap_core.datasets.toy.grid_encoder import ToyGrid
from vidcap_core.heads.transformer import SmallTransformer

LONG = 25.0
"""Seconds over a green clip."""
PAUSE = "VIDCAP_TEST_PAUSE"
"""Of the environment: seconds that each word takes."""
COLOURS = {"red": (200, 20, 20), "green": (20, 200, 20)}


class Breaking(ToyGrid):
    """The toy's encoder; a red clip takes the process down, over a green one it takes its time."""

    def forward(self, frames: Tensor, mask: Tensor) -> Stream:
        red, green, blue = frames.float().mean((0, 1, 2, 3)).tolist()
        if red > 150 and green + blue < 100:
            os.abort()
        if green > 150 and red + blue < 100:
            time.sleep(LONG)
        return super().forward(frames, mask)


class Looking(SmallTransformer):
    """The core's Transformer, with attention made up: word l looks at the l-th part of the clip."""

    def step(self, tokens: Tensor, memory: Any, state: Any) -> Any:
        time.sleep(float(os.environ.get(PAUSE, "0")))
        return super().step(tokens, memory, state)

    def explain(self, views: Any, streams: Any, batch: Any, events: Any) -> list[list[FrameAttention]]:
        shown = []
        for clip, said in zip(batch.clips, events, strict=True):
            start, end = clip.span
            words = said[0].text.split()
            rows = [
                [math.exp(-((t / 12 - w / len(words)) ** 2) * 30) for t in range(12)]
                for w in range(len(words))
            ]
            times = [start + (t + 0.5) / 12 * (end - start) for t in range(12)]
            shown.append([FrameAttention(words, {"image": rows}, times)])
        return shown
