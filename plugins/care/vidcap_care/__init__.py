"""CARE and NACF for vidcap: captions guided by concepts, and captions written without going left to right."""

from __future__ import annotations

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """Two heads with their vocabulary, the loss of lengths, all captions of a clip, and the authors' checkpoints."""
    return {
        "heads": {
            "CAREHead": "vidcap_care.care_head:CAREHead",
            "NACFHead": "vidcap_care.nacf_head:NACFHead",
        },
        "losses": {"LengthLoss": "vidcap_care.losses:LengthLoss"},
        "tokenizers": {"CAREVocabulary": "vidcap_care.vocabulary:CAREVocabulary"},
        "transforms": {"AllCaptions": "vidcap_care.concept_targets:AllCaptions"},
    }
