"""CARE and NACF for vidcap: captions guided by concepts, and captions written without going left to right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
        "transforms": {
            "AllCaptions": "vidcap_care.concept_targets:AllCaptions",
            "TeacherCaptions": "vidcap_care.teacher_captions:TeacherCaptions",
        },
    }


@hookimpl
def vidcap_importers(add: Callable[[str, str], Any]) -> None:
    """`vidcap import care` and `vidcap import nacf`."""
    add("care", "vidcap_care.importers:care")
    add("nacf", "vidcap_care.importers:nacf")
