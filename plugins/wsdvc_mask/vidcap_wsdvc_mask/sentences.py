"""What a weakly supervised head may know of a clip: its sentences in order, and never when they happen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from vidcap_core.api import AnyDataset, DataError, Sample
from vidcap_core.heads.layers import padded_ids
from vidcap_wsdvc_mask.prompts import Prompts

Casing = Literal["capitalize", "keep"]


class Sentences:
    """Adds the target `sentences`: the texts of a clip's events in their order, without their times."""

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        """Texts alone are read of an event."""
        return sample.with_targets(sentences=tuple(event.text for event in sample.events))


class SentenceFeatures:
    """Adds the target `sentence_features`: one vector a sentence, for MaskSimilarity.

    folder: holds `<clip id>.npy`, [number of sentences, width], from the text side of the frames' encoder.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder).expanduser()
        if not self.folder.is_dir():
            raise DataError(f"there is no folder {self.folder} with sentence features")

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        """The sample with the vectors of its sentences."""
        path = self.folder / f"{sample.clip.id}.npy"
        if not path.is_file():
            raise DataError(f"clip '{sample.clip.id}' has no sentence features", hint=str(path))
        vectors = np.load(path, allow_pickle=False).astype(np.float32)
        if vectors.ndim != 2 or len(vectors) != len(sample.events):
            raise DataError(f"{path} is {list(vectors.shape)}; the clip has {len(sample.events)} sentences")
        return sample.with_targets(sentence_features=vectors)


def prepared(texts: tuple[str, ...], most: int, casing: Casing, none: str | None) -> list[str]:
    """Sentences as they are taught: stripped at both ends, with a full stop at the end, the first `most` of them.

    `none` stands for a clip that has no sentence; without it such a clip teaches nothing.
    """
    sentences = [text.strip() for text in texts]
    sentences = [text.capitalize() if casing == "capitalize" else text for text in sentences if text][:most]
    sentences = [text if text.endswith(".") else f"{text}." for text in sentences]
    return sentences or ([none] if none else [])


def mean_words(prompts: Prompts, words: Tensor, sentences: Sequence[Sequence[str]], most: int = 0) -> Tensor:
    """Mean word vectors [B, N, W] of sentences, of the length of sqrt(W); 0 where there is no sentence."""
    wide = max([most, *map(len, sentences)])
    rows: list[list[int]] = []
    for texts in sentences:
        told = [prompts.event(text) for text in texts]
        rows += [row.ids[row.start : -1] for row in told] + [[] for _ in range(wide - len(texts))]
    ids, real = (part.to(words.device, non_blocking=True) for part in padded_ids(rows, 0))
    sums = torch.where(real[..., None], words[ids], 0).sum(1)
    means = (sums / real.sum(1, keepdim=True).clamp_min(1)).view(len(sentences), wide, -1)
    longer: Tensor = normalize(means, dim=-1) * math.sqrt(words.shape[1])
    return longer
