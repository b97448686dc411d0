"""SPECTRUM for vidcap: emotion-informed video captioning, reconstructed from figures and abstract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """A head, a loss, the retrieval of captions with a text encoder without weights, and all captions of a clip."""
    return {
        "heads": {"SpectrumHead": "vidcap_spectrum.head:SpectrumHead"},
        "losses": {"EmotionTokenLoss": "vidcap_spectrum.losses:EmotionTokenLoss"},
        "encoders": {
            "RetrievedCaptions": "vidcap_spectrum.retrieved:RetrievedCaptions",
            "HashedWords": "vidcap_spectrum.hashed_words:HashedWords",
        },
        "transforms": {"ClipCaptions": "vidcap_spectrum.targets:ClipCaptions"},
    }


@hookimpl
def vidcap_commands(add: Callable[[str, str], Any]) -> None:
    """`vidcap retrieve`: retrieval as a step of its own."""
    add("retrieve", "vidcap_spectrum.command")
