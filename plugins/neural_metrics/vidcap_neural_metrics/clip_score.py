"""CLIPScore (Hessel et al., 2021) and PAC-S (Sarto et al., 2023): the cosine of a caption and what it describes.

    CLIPScore(c, v)          = w · max(cos(c, v), 0)
    RefCLIPScore(c, v, refs) = harmonic mean of CLIPScore(c, v) and max(max_r cos(c, r), 0)

w = 2.5, and 2 for PAC-S, the same formula on a model of its authors. A clip's score is the mean over its frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from vidcap_core.api import Clip, Missing, Values
from vidcap_neural_metrics.aligned_pair import AlignedPair, Spec
from vidcap_neural_metrics.networks import missing_encoders, signed


@dataclass(frozen=True)
class Prepared:
    """Rows of the frames and of the references, by clip."""

    frames: dict[str, Tensor]
    references: dict[str, Tensor]


class ClipScore:
    """CLIPScore and RefCLIPScore; a caption without words scores 0.

    words: the text encoder. pictures: the picture encoder of the same model; or features: a store of its rows.
    prefix: stands before every caption and reference, as in the published code.
    """

    name = "clipscore"
    version = "1"
    reads_as_written = True
    weight: ClassVar[float] = 2.5
    title: ClassVar[str] = "CLIPScore"

    def __init__(
        self,
        words: Spec,
        pictures: Spec | None = None,
        features: str | None = None,
        prefix: str = "A photo depicts ",
    ) -> None:
        self.pair = AlignedPair(words, pictures, features)
        self.prefix = prefix
        self.reads_clips = features is None
        self.settings = signed(self.pair.recipes, prefix=prefix)

    @classmethod
    def missing(cls, words: Spec, pictures: Spec | None = None, **_: Any) -> Iterator[Missing]:
        """What its encoders lack."""
        yield from missing_encoders(words, pictures)

    def prepare(
        self, references: Mapping[str, Sequence[str]], clips: Mapping[str, Clip] | None = None
    ) -> Prepared:
        """Frames and references, encoded once."""
        texts = [self.prefix + line for lines in references.values() for line in lines]
        rows = self.pair.text_rows(texts)
        return Prepared(
            self.pair.frame_rows(list(references), clips or {}),
            {
                clip: torch.stack([rows[self.prefix + line] for line in lines])
                for clip, lines in references.items()
            },
        )

    def score(self, prepared: Prepared, predictions: Mapping[str, str]) -> Values:
        """Both, mean over clips."""
        rows = self.pair.text_rows([self.prefix + text for text in predictions.values()])
        free: dict[str, float] = {}
        referenced: dict[str, float] = {}
        for clip, text in predictions.items():
            if not text.strip():
                free[clip] = referenced[clip] = 0.0
                continue
            row = rows[self.prefix + text]
            seen = self.weight * float((prepared.frames[clip] @ row).clamp_min(0).mean())
            likest = max(0.0, float((prepared.references[clip] @ row).max()))
            free[clip] = seen
            referenced[clip] = 2 * seen * likest / (seen + likest) if seen and likest else 0.0
        clips = {self.title: free, f"Ref{self.title}": referenced}
        return Values({name: mean(each) for name, each in clips.items()}, clips)


class PacScore(ClipScore):
    """PAC-S and RefPAC-S: for the published numbers, with the weights of its authors.

    words, pictures, features, prefix: as of CLIPScore.
    """

    name = "pac-s"
    weight = 2.0
    title = "PAC-S"


def mean(values: Mapping[str, float]) -> float:
    """Over clips; 0 of none."""
    return sum(values.values()) / len(values) if values else 0.0
