"""What the attributes of a clip are learnt from: all its captions, not only the one of the sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from vidcap_core.api import AnyDataset, Sample
from vidcap_spectrum.soft_labels import SoftLabels


class ClipCaptions:
    """Adds the target `captions`, every caption of the clip. The head reads its attributes from them.

    match: "exact", or "encoder" to count attributes as said whose meaning comes near to a caption, too.
    text: the text encoder of match="encoder", as dict(type=...).
    growth: of match="encoder": how many times more attributes a clip has on average; it sets the threshold.
    k_un, stoplist, emotions, lexicon: of match="encoder": the attributes, as the head has them.
    """

    def __init__(
        self,
        *,
        match: Literal["exact", "encoder"] = "exact",
        text: dict[str, Any] | None = None,
        growth: float = 2.0,
        k_un: int = 500,
        stoplist: str = "light",
        emotions: Literal["all", "seen", "none"] = "all",
        lexicon: str | None = None,
    ) -> None:
        self._soft_labels = (
            SoftLabels(text, growth, k_un, stoplist, emotions, lexicon) if match == "encoder" else None
        )
        self._captions: Mapping[str, tuple[str, ...]] | None = None

    def __call__(self, sample: Sample, dataset: AnyDataset, rng: np.random.Generator) -> Sample:
        """The sample with all captions of its clip."""
        if self._captions is None:
            captions = {clip: tuple(texts) for clip, texts in dataset.references().items()}
            self._captions = captions if self._soft_labels is None else self._soft_labels.add(captions)
        return sample.with_targets(captions=self._captions[sample.clip.id])
