"""A component that looks others up by a plain string, which no walk over a config can know to be a name."""

from __future__ import annotations

from typing import Any

from vidcap_core.datasets.toy.grid_encoder import ToyGrid
from vidcap_core.zoo.registry import ENCODERS


class Wrapping(ToyGrid):
    """The toy's encoder, with another one beside it."""

    def __init__(self, inner: str, **keys: Any) -> None:
        super().__init__(**keys)
        self.inner = ENCODERS.load(inner)
