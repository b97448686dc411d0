"""Caption metrics by neural networks for vidcap: pictures and texts, texts alone, a language model as judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """Metrics alone."""
    return {
        "metrics": {
            "clipscore": "vidcap_neural_metrics.clip_score:ClipScore",
            "pac-s": "vidcap_neural_metrics.clip_score:PacScore",
            "emscore": "vidcap_neural_metrics.em_score:EmScore",
            "bertscore": "vidcap_neural_metrics.bert_score:BertScore",
            "sentence-similarity": "vidcap_neural_metrics.sentence_similarity:SentenceSimilarity",
            "autodq": "vidcap_neural_metrics.auto_dq:AutoDQ",
            "caption-qa": "vidcap_neural_metrics.caption_qa:CaptionQA",
        }
    }


@hookimpl
def vidcap_commands(add: Callable[[str, str], Any]) -> None:
    """`vidcap judges`: whether a second judge agrees with what a first one answered."""
    add("judges", "vidcap_neural_metrics.command")
