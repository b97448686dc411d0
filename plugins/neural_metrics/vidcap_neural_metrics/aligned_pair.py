"""A picture encoder and a text encoder whose rows lie in one space, and the rows of clips and of texts in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vidcap_core.api import Clip, DataError, FeatureStore, UserError, encode_clip
from vidcap_neural_metrics.networks import batches, build_encoder, text_rows, unit

Spec = Mapping[str, Any]
Words = tuple[list[int], Tensor]
"""Of a text: token ids, and a row of length 1 for each."""


class AlignedPair:
    """Rows of length 1 for frames, texts and words.

    pictures: the encoder of frames; or, instead, features: a store of rows that it made of the clips.
    words: the encoder of texts.
    """

    def __init__(self, words: Spec, pictures: Spec | None, features: str | None) -> None:
        if (pictures is None) == (features is None):
            raise UserError(
                "pictures come from an encoder or from a store of features: one of the two",
                hint='pictures=dict(type="OpenClipImage", ...), or features="STORE"',
            )
        self.words = build_encoder(words, "text")
        self.pictures = (
            build_encoder(pictures, "frames") if pictures is not None else FeatureStore(str(features))
        )
        if self.pictures.dim != self.words.dim:
            raise UserError(
                f"pictures have {self.pictures.dim} numbers a row and texts {self.words.dim}: "
                "they do not lie in one space",
                hint="both sides of the same model",
            )

    @property
    def recipes(self) -> list[dict[str, Any]]:
        """What made the rows of pictures, and of texts."""
        pictures = self.pictures
        made = pictures.recipe if isinstance(pictures, FeatureStore) else pictures.recipe()
        return [dict(made), self.words.recipe()]

    def frame_rows(self, clips: Sequence[str], videos: Mapping[str, Clip]) -> dict[str, Tensor]:
        """[T, dim] of each clip."""
        out = {}
        for clip in clips:
            if not isinstance(self.pictures, FeatureStore):
                rows = encode_clip(self.pictures, videos[clip])
            elif clip in self.pictures:
                rows = self.pictures[clip]
            else:
                raise DataError(
                    f"the store of features has no clip '{clip}'",
                    hint="vidcap features extract, of all clips",
                )
            out[clip] = unit(torch.tensor(rows, dtype=torch.float32))
        return out

    def text_rows(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """[dim] of each different text."""
        return text_rows(self.words, texts)

    def word_rows(self, texts: Sequence[str]) -> dict[str, Words]:
        """Ids and rows of each different text's tokens, the last of which stands for the whole text."""
        make = getattr(self.words, "word_rows", None)
        if make is None:
            raise UserError(
                f"{type(self.words).__name__} gives a text one row, and none for each word",
                hint="fine=False, for the coarse numbers; or an encoder with a method `word_rows`, as OpenClipText",
            )
        out: dict[str, Words] = {}
        for batch in batches(texts):
            with torch.inference_mode():
                made = make(batch)
            out |= {
                text: (ids, unit(rows.float().cpu())) for text, (ids, rows) in zip(batch, made, strict=True)
            }
        return out
