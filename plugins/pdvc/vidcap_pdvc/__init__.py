"""PDVC for vidcap: dense captions by set prediction, learnt with times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """The head, its losses, and the vocabulary of the authors."""
    return {
        "heads": {"PDVCHead": "vidcap_pdvc.head:PDVCHead"},
        "losses": {
            "EventScoreLoss": "vidcap_pdvc.losses:EventScoreLoss",
            "EventSpanLoss": "vidcap_pdvc.losses:EventSpanLoss",
            "EventCountLoss": "vidcap_pdvc.losses:EventCountLoss",
            "EventTokenLoss": "vidcap_pdvc.losses:EventTokenLoss",
        },
        "tokenizers": {"PDVCVocabulary": "vidcap_pdvc.vocabulary:PDVCVocabulary"},
    }


@hookimpl
def vidcap_importers(add: Callable[[str, str], Any]) -> None:
    """`vidcap import pdvc`."""
    add("pdvc", "vidcap_pdvc.importers:pdvc")
