"""Two encoders whose rows lie in one space: one of pictures, one of texts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.errors import UserError
from vidcap_core.zoo import registry

DEFAULT = "PictureWords"
"""The pair that is used where none is named, once a plugin brings it."""
TEXT = "Text"
"""What the name of a pair's text encoder has behind that of its picture encoder."""
WHOLE = ("hf-hub", "local-dir")
"""What open_clip's names begin with where weights and config are in one place."""


@dataclass(frozen=True)
class Pair:
    """Pictures and texts as rows of length 1."""

    name: str
    pictures: Encoder
    texts: Encoder

    def to(self, device: str) -> Pair:
        """The same on a device."""
        self.pictures.to(device)
        self.texts.to(device)
        return self

    @torch.inference_mode()
    def query(self, text: str) -> np.ndarray:
        """A text's row [D]."""
        row = self.texts([text]).values[0, 0].float()
        return functional.normalize(row, dim=0).cpu().numpy()

    def recipe(self) -> str:
        """A hash of all that decides what a picture becomes."""
        said = json.dumps(self.pictures.recipe(), sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()


def load(name: str | None = None) -> Pair:
    """The pair of a name.

    The name of a picture encoder beside which there is one with `Text` behind its name; a CLIP of open_clip, as
    `ARCHITECTURE:WEIGHTS` (a tag or a file), `hf-hub:NAME` or `local-dir:FOLDER`; none: the pair that is installed.
    """
    known = registry.ENCODERS.names()
    name = name or _default(known)
    if name in known:
        if f"{name}{TEXT}" not in known:
            raise UserError(
                f"'{name}' knows no texts: there is no encoder '{name}{TEXT}'", hint=_choices(known)
            )
        pair = Pair(name, _built(name), _built(f"{name}{TEXT}"))
    elif ":" in name:
        pair = Pair(name, *_open_clip(name))
    else:
        raise UserError(f"--model '{name}' names no pair of encoders", hint=_choices(known))
    if pair.pictures.dim != pair.texts.dim:
        raise UserError(
            f"'{name}' is no pair: its pictures have {pair.pictures.dim} numbers, its texts {pair.texts.dim}",
            hint=_choices(known),
        )
    return pair


def _default(known: list[str]) -> str:
    names = [name for name in known if name.rpartition(".")[2] == DEFAULT]
    if not names:
        raise UserError("no encoder pair for pictures and texts is installed", hint=_choices(known))
    return names[0]


def _choices(known: list[str]) -> str:
    pairs = [name for name in known if f"{name}{TEXT}" in known]
    return " or ".join(f"--model {name}" for name in (*pairs, "ViT-B-32:laion2b_s34b_b79k", "ViT-B-32:FILE"))


def _built(name: str, **arguments: Any) -> Encoder:
    made: Encoder = registry.build_component("encoders", {"type": name, **arguments})
    return made.eval()


def _open_clip(name: str) -> tuple[Encoder, Encoder]:
    first, _, rest = name.partition(":")
    arguments = (
        {"model": name, "pretrained": True} if first in WHOLE else {"model": first, "pretrained": rest}
    )
    return _built("OpenClipImage", **arguments), _built("OpenClipText", **arguments)
