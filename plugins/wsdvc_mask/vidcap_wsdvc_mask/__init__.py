"""Weakly-supervised dense video captioning by complementary masking (ILCACM), for vidcap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """The head, the losses on its masks, what gives them sentences without times, and made-up videos."""
    return {
        "heads": {"MaskHead": "vidcap_wsdvc_mask.head:MaskHead"},
        "losses": {
            "MaskDiversity": "vidcap_wsdvc_mask.losses:MaskDiversity",
            "MaskCoverage": "vidcap_wsdvc_mask.losses:MaskCoverage",
            "MaskSimilarity": "vidcap_wsdvc_mask.losses:MaskSimilarity",
            "MaskStatistic": "vidcap_wsdvc_mask.losses:MaskStatistic",
            "RowTokenLoss": "vidcap_wsdvc_mask.losses:RowTokenLoss",
        },
        "datasets": {"MadeUp": "vidcap_wsdvc_mask.made_up:MadeUp"},
        "transforms": {
            "Sentences": "vidcap_wsdvc_mask.sentences:Sentences",
            "SentenceFeatures": "vidcap_wsdvc_mask.sentences:SentenceFeatures",
        },
    }


@hookimpl
def vidcap_importers(add: Callable[[str, str], Any]) -> None:
    """`vidcap import wsdvc_mask`."""
    add("wsdvc_mask", "vidcap_wsdvc_mask.importers:wsdvc_mask")
