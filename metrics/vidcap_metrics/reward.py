"""CIDEr-D as a reward for self-critical training: references prepared once, then batches of samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from vidcap_metrics import ptb
from vidcap_metrics.arrays import Floats
from vidcap_metrics.cider import CiderD, cider
from vidcap_metrics.errors import DataError
from vidcap_metrics.references import References, Tokenize


class CiderReward:
    """CIDEr-D of sampled captions, with document frequencies over all clips given (the training set).

    Samples are words already, as a captioner emits them: strings are split at spaces and not tokenised again.
    """

    def __init__(self, references: Mapping[str, Sequence[str]], tokenizer: Tokenize = ptb.tokenize) -> None:
        self._refs = CiderD().prepare(References.tokenised(references, tokenizer))

    def __call__(self, clips: Sequence[str], captions: Iterable[str | Sequence[str]]) -> Floats:
        """One reward per caption; a clip may come several times, once for each of its samples."""
        index = self._refs.index
        texts = [caption if isinstance(caption, str) else " ".join(caption) for caption in captions]
        if len(texts) != len(clips):
            raise DataError(
                f"{len(clips)} clips but {len(texts)} captions", hint="one caption for every clip id"
            )
        try:
            numbers = np.array([index.clips[clip] for clip in clips], np.int64)
        except KeyError as error:
            raise DataError(
                f"clip {error} has no references", hint="give references of all training clips"
            ) from None
        return cider(self._refs, index.find(numbers, texts), clipped=True)
