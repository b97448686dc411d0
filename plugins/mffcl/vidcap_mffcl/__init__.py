"""MFFCL for vidcap: multimodal feature fusion with attention and contrastive learning."""

from __future__ import annotations

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """The head, its video encoder, and a text encoder without weights."""
    return {
        "heads": {"MFFCLHead": "vidcap_mffcl.head:MFFCLHead"},
        "encoders": {
            "TimeSformer": "vidcap_mffcl.timesformer:TimeSformer",
            "SmallText": "vidcap_mffcl.small_text:SmallText",
        },
    }
