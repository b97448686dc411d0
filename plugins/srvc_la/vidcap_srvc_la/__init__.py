"""SRVC-LA for vidcap, re-implemented from the abstract: sparse visual context and latent attention."""

from __future__ import annotations

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """The head, its loss, and the numbers that make sparsity visible."""
    return {
        "heads": {"SRVCLAHead": "vidcap_srvc_la.head:SRVCLAHead"},
        "losses": {
            "BranchLoss": "vidcap_srvc_la.losses:BranchLoss",
            "EffectiveFrames": "vidcap_srvc_la.losses:EffectiveFrames",
            "FrameMass": "vidcap_srvc_la.losses:FrameMass",
        },
    }
