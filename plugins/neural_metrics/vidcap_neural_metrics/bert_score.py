"""BERTScore (Zhang et al., 2020): greedy matching of the tokens of two texts, by any text encoder of Hugging Face."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vidcap_core.api import Missing, UserError, Values
from vidcap_neural_metrics.clip_score import mean
from vidcap_neural_metrics.matching import best, frequencies, greedy, idf
from vidcap_neural_metrics.networks import batches, build_encoder, missing_encoders, signed, unit


@dataclass(frozen=True)
class Tokens:
    """A text as token ids, which of them are special, and a row of length 1 for each."""

    ids: list[int]
    special: list[bool]
    rows: Tensor


@dataclass(frozen=True)
class Prepared:
    """The references, encoded, and how many of them have each token."""

    lines: dict[str, list[str]]
    tokens: dict[str, Tokens]
    counts: Counter[int]
    total: int


class BertScore:
    """BERTScore-P, -R, -F of the best reference, each by itself; not rescaled with a baseline.

    encoder: an encoder with the tokenizer and network of Hugging Face, `dict(type="HFText", model=...)`.
    layer: which hidden layer is compared, 0 for the embeddings; None: the last. Papers use one chosen for the model.
    idf: whether tokens are weighted by their frequency in the references. Special tokens weigh 0, but may be matched.
    """

    name = "bertscore"
    version = "1"
    reads_as_written = True

    def __init__(self, encoder: Mapping[str, Any], layer: int | None = None, idf: bool = False) -> None:
        self.encoder: Any = build_encoder(encoder, "text")
        if not hasattr(self.encoder, "tokenizer") or not hasattr(self.encoder, "network"):
            raise UserError(
                f"{encoder['type']} has no row for each token", hint='encoder=dict(type="HFText", model=...)'
            )
        network: Any = self.encoder.network
        layers = int(network.config.num_hidden_layers)
        if layer is not None and not 0 <= layer <= layers:
            raise UserError(f"layer={layer}: the network has {layers}", hint=f"0 to {layers}")
        self.layer = layers if layer is None else layer
        self.idf = idf
        self.settings = signed([self.encoder.recipe()], layer=self.layer, idf=idf)

    @classmethod
    def missing(cls, encoder: Mapping[str, Any], **_: Any) -> Iterator[Missing]:
        """What its encoder lacks."""
        yield from missing_encoders(encoder)

    def prepare(self, references: Mapping[str, Sequence[str]]) -> Prepared:
        """The references, encoded once."""
        lines = [line for each in references.values() for line in each]
        tokens = self._encode(lines)
        counts, total = frequencies(tokens[line].ids for line in lines)
        return Prepared({clip: list(each) for clip, each in references.items()}, tokens, counts, total)

    def score(self, prepared: Prepared, predictions: Mapping[str, str]) -> Values:
        """All three, mean over clips; a caption without words scores 0."""
        said = self._encode([text for text in predictions.values() if text.strip()])
        names = ("BERTScore-P", "BERTScore-R", "BERTScore-F")
        clips: dict[str, dict[str, float]] = {name: {} for name in names}
        for clip, text in predictions.items():
            numbers = (0.0, 0.0, 0.0)
            if text.strip():
                mine = said[text]
                lines = [prepared.tokens[line] for line in prepared.lines[clip]]
                others = [each for each in lines if not all(each.special)] or lines[:1]
                numbers = best(
                    greedy(
                        mine.rows, self._weights(prepared, mine), other.rows, self._weights(prepared, other)
                    )
                    for other in others
                )
            for name, number in zip(names, numbers, strict=True):
                clips[name][clip] = number
        return Values({name: mean(each) for name, each in clips.items()}, clips)

    def _weights(self, prepared: Prepared, tokens: Tokens) -> Tensor:
        weights = idf(tokens.ids, prepared.counts, prepared.total) if self.idf else [1.0] * len(tokens.ids)
        return torch.tensor(
            [0.0 if special else w for w, special in zip(weights, tokens.special, strict=True)]
        )

    def _encode(self, texts: Sequence[str]) -> dict[str, Tokens]:
        out: dict[str, Tokens] = {}
        tokenizer, network = self.encoder.tokenizer, self.encoder.network
        for batch in batches(texts):
            inputs = tokenizer(
                batch,
                padding=True,
                truncation=True,
                max_length=self.encoder.max_length,
                return_special_tokens_mask=True,
                return_tensors="pt",
            )
            special = inputs.pop("special_tokens_mask").bool()
            with torch.inference_mode():
                made = network(**inputs.to(network.device), output_hidden_states=True)
            rows = unit(made.hidden_states[self.layer].float().cpu())
            for index, text in enumerate(batch):
                real = inputs["attention_mask"][index].bool().cpu()
                ids = inputs["input_ids"][index].cpu()[real].tolist()
                out[text] = Tokens(ids, special[index][real].tolist(), rows[index][real])
        return out
