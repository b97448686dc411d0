"""Pieces of words learnt from the training captions."""

from __future__ import annotations

from collections.abc import Iterable

from vidcap_core.errors import DataError
from vidcap_core.tokenizers.pieces import FastTokenizer
from vidcap_core.tokenizers.vocabulary import SPECIALS


class SubwordTokenizer(FastTokenizer):
    """Byte-pair encoding: frequent words stay whole, no word is unknown.

    size: how many pieces, with the specials and the 256 single bytes.
    min_count: how often two pieces must stand side by side to be made one.
    specials: further special tokens.
    normalize: the rule that cleans texts.
    """

    def __init__(
        self,
        size: int = 4000,
        min_count: int = 2,
        specials: list[str] | None = None,
        normalize: str = "lower_no_punctuation",
    ) -> None:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers

        self.size, self.min_count, self._specials = size, min_count, [*SPECIALS, *(specials or [])]
        backend = Tokenizer(models.BPE(unk_token=SPECIALS[3]))
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        backend.decoder = decoders.ByteLevel()
        backend.add_special_tokens(self._specials)
        super().__init__(backend, dict(zip(("pad", "bos", "eos", "unk"), SPECIALS, strict=True)), normalize)

    def fit(self, captions: Iterable[str]) -> None:
        """Learn pieces from the training captions."""
        from tokenizers import pre_tokenizers, trainers

        texts = [self._clean(text) for text in captions]
        if not any(texts):
            raise DataError("a tokenizer cannot be learnt: there is not one word in the captions")
        trainer = trainers.BpeTrainer(
            vocab_size=self.size,
            min_frequency=self.min_count,
            special_tokens=self._specials,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        self.backend.train_from_iterator(texts, trainer)
