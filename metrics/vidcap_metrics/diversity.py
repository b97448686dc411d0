"""How varied captions are: words used, repeated n-grams, captions that are new, length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

from vidcap_metrics import ptb
from vidcap_metrics.metric import Values
from vidcap_metrics.signature import hash_captions


class Diversity:
    """Vocabulary, Distinct-1, Distinct-2, Unique, Novel, Length; none asks whether a caption is right.

    Distinct-n = distinct n-grams / all n-grams. Unique: distinct captions / all captions. Novel: share of
    captions that are not, word for word, among the training captions.
    A caption without words is neither new nor one more.

    training: captions by clip that are not new; None: all references.
    """

    name = "diversity"
    version = "2"  # 1: a caption without words was unique and novel
    describes = ("Vocabulary", "Distinct-1", "Distinct-2", "Unique", "Novel", "Length")

    def __init__(self, training: Mapping[str, Sequence[str]] | None = None) -> None:
        lines = [line for captions in (training or {}).values() for line in captions]
        self.settings = {} if training is None else {"training": hash_captions(training)}
        self.training = frozenset(ptb.tokenize(lines)) if training is not None else None

    def prepare(self, references: Mapping[str, Sequence[str]]) -> frozenset[str]:
        """The captions that are not new."""
        return frozenset(chain.from_iterable(references.values())) if self.training is None else self.training

    def score(self, prepared: frozenset[str], predictions: Mapping[str, str]) -> Values:
        """All of them over the corpus; the length also per clip."""
        captions = [text.split() for text in predictions.values()]
        words = list(chain.from_iterable(captions))
        pairs = [pair for caption in captions for pair in pairwise(caption)]
        lengths = {clip: float(len(caption)) for clip, caption in zip(predictions, captions, strict=True)}
        texts = [text for text, caption in zip(predictions.values(), captions, strict=True) if caption]
        size = max(1, len(captions))
        return Values(
            {
                "Vocabulary": float(len(set(words))),
                "Distinct-1": len(set(words)) / max(1, len(words)),
                "Distinct-2": len(set(pairs)) / max(1, len(pairs)),
                "Unique": len(set(texts)) / size,
                "Novel": sum(text not in prepared for text in texts) / size,
                "Length": sum(lengths.values()) / size,
            },
            {"Length": lengths},
        )
