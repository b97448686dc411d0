"""Which concepts the captions of a clip hold; concept k is the k-th word after the special ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from vidcap_core.api import AnyDataset, Batch, Sample, Tokenizer


class AllCaptions:
    """Adds the target `captions`, every caption of the clip: concepts and lengths are learnt from all of them."""

    def __init__(self) -> None:
        self._captions: Mapping[str, tuple[str, ...]] | None = None

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        """The sample with all captions of its clip."""
        if self._captions is None:
            self._captions = {clip: tuple(texts) for clip, texts in dataset.references().items()}
        return sample.with_targets(captions=self._captions[sample.clip.id])


def captions_of(batch: Batch) -> list[tuple[str, ...]] | None:
    """The captions of each clip: all that are known, or the one of the sample; None where there is none."""
    if "captions" in batch.targets:
        return [tuple(texts) for texts in batch.targets["captions"]]
    return None if batch.texts is None else [(text,) for text in batch.texts]


def concept_targets(batch: Batch, tokenizer: Tokenizer, count: int) -> Tensor | None:
    """1 for each of `count` concepts that a caption of the clip holds [B, count]."""
    captions = captions_of(batch)
    if captions is None:
        return None
    first = len(tokenizer.special_ids)
    rows = torch.zeros(len(captions), count)
    for row, texts in enumerate(captions):
        ids = {number - first for text in texts for number in tokenizer.encode(text)}
        rows[row, [index for index in ids if 0 <= index < count]] = 1.0
    return rows


def length_targets(batch: Batch, tokenizer: Tokenizer, classes: int) -> Tensor | None:
    """The share of a clip's captions that have each number of words [B, classes]; longer ones count as longest."""
    captions = captions_of(batch)
    if captions is None:
        return None
    rows = torch.zeros(len(captions), classes)
    for row, texts in enumerate(captions):
        for text in texts:
            rows[row, min(len(tokenizer.encode(text)), classes - 1)] += 1 / len(texts)
    return rows
