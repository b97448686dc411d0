"""SwinBERT for vidcap: captions from frames, end to end, with attention that a learnt mask makes sparse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """The network over frames, the captioner, the same as the authors write with it, and the loss of its mask."""
    return {
        "encoders": {"VideoSwin": "vidcap_swinbert.video_swin:VideoSwin"},
        "heads": {
            "SwinBERTHead": "vidcap_swinbert.head:SwinBERTHead",
            "PublishedSwinBERT": "vidcap_swinbert.published:PublishedSwinBERT",
        },
        "losses": {"SparsityLoss": "vidcap_swinbert.losses:SparsityLoss"},
    }


@hookimpl
def vidcap_importers(add: Callable[[str, str], Any]) -> None:
    """`vidcap import swinbert`."""
    add("swinbert", "vidcap_swinbert.importers:swinbert")
