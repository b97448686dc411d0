"""Heads on a causal language model: a visual prefix, prompt ids, and words after them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.contracts.head import Head
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Stream, View
from vidcap_core.errors import UserError
from vidcap_core.heads.language_model import language_model
from vidcap_core.heads.layers import causal_mask, positions, prompt_history
from vidcap_core.heads.model_config import ModelConfig
from vidcap_core.heads.prefix_cache import Pair, cache_in, cache_of, given_cache, words_of
from vidcap_core.pretrained.locate import CONFIG, WEIGHTS, missing_model

POSITIONS_FROM_MASK = {"bloom", "falcon", "mpt"}
"""Models that count positions in a mask [R, all], and take no other."""


@dataclass
class Prefix:
    """What comes before a clip's words: one row a clip, shared by its beams."""

    values: Tensor  # [B, P, width]
    mask: Tensor  # [B, P], True where a position is real
    count: Tensor  # [B], real positions
    pairs: tuple[Pair, ...] = ()  # what the language model remembers of it, from the first word on


class CausalLMHead(Head):
    """Words after `prefix(view)` and the view's prompt, from a Hugging Face causal language model.

    A subclass writes `prefix`. It is run once, together with the first word, into keys and values that all
    beams of a clip share; the state holds those of the words alone, and is empty before the first.
    """

    takes_prompt = True

    def __init__(self, lm: str | Mapping[str, Any], vocabulary: int | None = None) -> None:
        super().__init__()
        self.lm = language_model(lm, vocabulary)
        self.lm_pretrained = isinstance(lm, (str, ModelConfig))

    @property
    def width(self) -> int:
        """Width of the model's input embeddings."""
        return int(self.lm.get_input_embeddings().embedding_dim)  # type: ignore[operator]

    @property
    def context(self) -> int | None:
        """How many positions the model has; None where it does not say."""
        config: Any = self.lm.config
        return getattr(config.get_text_config(), "max_position_embeddings", None)

    @classmethod
    def missing(cls, lm: str | Mapping[str, Any], **_: Any) -> Iterator[Missing]:
        """The language model's weights."""
        if isinstance(lm, str):
            yield from missing_model("language model", lm, "lm", CONFIG, WEIGHTS)

    def assets(self) -> dict[str, Any]:
        """The config of a pretrained language model; one that a config describes needs none."""
        return {"lm": ModelConfig.of(self.lm)} if self.lm_pretrained else {}

    @classmethod
    def load_assets(cls, assets: Mapping[str, Any], **arguments: Any) -> Head:
        """The head on a language model of that config, in place of the folder or the name it had."""
        return cls(**{**arguments, "lm": ModelConfig(assets["lm"])} if "lm" in assets else arguments)

    def embed(self, ids: Tensor) -> Tensor:
        """Input embeddings of word ids."""
        return self.lm.get_input_embeddings()(ids)  # type: ignore[no-any-return, operator]

    def prefix(self, view: View) -> Stream:
        """The embeddings [B, P, width] that come before all words; P may be 0."""
        raise NotImplementedError

    def start(self, view: View) -> tuple[Prefix, tuple[Pair, ...]]:
        """Prefix and prompt, but for the prompt's last word."""
        prefix = self.prefix(view)
        if (history := prompt_history(view)) is not None:
            ids, real = history
            prefix = joined(prefix, Stream(self.embed(ids), real))
        return Prefix(prefix.values, prefix.mask, prefix.mask.sum(1)), ()

    def step(
        self, tokens: Tensor, memory: Prefix, state: tuple[Pair, ...]
    ) -> tuple[Tensor, tuple[Pair, ...]]:
        """One word."""
        if not state:
            return self._first(tokens, memory)
        beams, length = len(tokens) // len(memory.mask), state[0][0].shape[2]
        mask = memory.mask.repeat_interleave(beams, 0)
        mask = torch.cat([mask, mask.new_ones((len(tokens), length + 1))], 1)
        self.need_room(mask, "prompt and words")
        position = memory.count.repeat_interleave(beams)[:, None] + length
        cache = cache_of(memory.pairs, state)
        out = self.lm(
            input_ids=tokens[:, None],
            attention_mask=self._attended(mask, 1),
            position_ids=position,
            use_cache=True,
            **given_cache(self.lm, cache),
        )
        return out.logits[:, -1], words_of(cache)

    def _first(self, tokens: Tensor, memory: Prefix) -> tuple[Tensor, tuple[Pair, ...]]:
        """The first word and all that is before it in one pass: on its own it would read every weight once more."""
        beams, length = len(tokens) // len(memory.mask), memory.mask.shape[1]
        before = Stream(memory.values.repeat_interleave(beams, 0), memory.mask.repeat_interleave(beams, 0))
        ids = tokens[:, None]
        out = self._read(before, ids, torch.ones_like(ids), "prompt and words", keep=True)
        pairs = words_of(cache_in(out))
        memory.pairs = tuple(
            (keys[::beams, :, :length], values[::beams, :, :length]) for keys, values in pairs
        )
        return out.logits[:, -1], tuple(
            (keys[:, :, length:], values[:, :, length:]) for keys, values in pairs
        )

    def teach(self, prefix: Stream, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits [R, L, V] of the word after each of ids [R, L], all at once; also with padding anywhere."""
        what = f"prompt and a text of {ids.shape[1] - 1} tokens"
        return self._read(prefix, ids, mask, what, keep=False).logits  # type: ignore[no-any-return]

    def _read(self, prefix: Stream, ids: Tensor, mask: Tensor, what: str, keep: bool) -> Any:
        """Prefix and words in one pass: logits of the words, and with `keep` the keys and values of both."""
        whole = joined(prefix, Stream(self.embed(ids), mask))
        index = positions(whole.mask)
        self.need_room(whole.mask, what)
        return self.lm(
            inputs_embeds=whole.values,
            attention_mask=self._attended(whole.mask, whole.mask.shape[1]),
            position_ids=index,
            use_cache=keep,
            logits_to_keep=ids.shape[1],
        )

    def _attended(self, mask: Tensor, length: int) -> Tensor:
        """What the last `length` positions attend to, spelt out [R, 1, length, all] where the model takes that.

        Of a mask [R, all] it would ask first whether all of it is real, for which the host waits.
        """
        config: Any = self.lm.config
        if config.model_type in POSITIONS_FROM_MASK or config._attn_implementation != "sdpa":
            return mask
        return causal_mask(mask.bool(), length)

    def need_room(self, mask: Tensor, what: str) -> None:
        """Refuse rows that the model's context cannot hold; past it positions would wrap or fail."""
        if self.context is None or mask.shape[1] <= self.context:
            return
        if (longest := int(mask.sum(1).max())) > self.context:
            raise UserError(
                f"{what} need {longest} positions, and the language model has {self.context}",
                hint="a smaller generate.max_length (texts are cut there), or a shorter prompt",
            )


def joined(first: Stream, second: Stream) -> Stream:
    """One stream after the other."""
    return Stream(
        torch.cat([first.values, second.values.to(first.values.dtype)], 1),
        torch.cat([first.mask.bool(), second.mask.bool()], 1),
    )


def nothing(rows: int, like: nn.Module) -> Stream:
    """A prefix without a position, for language models that read a prompt alone."""
    weight = like.get_input_embeddings().weight  # type: ignore[operator]
    return Stream(weight.new_zeros((rows, 0, weight.shape[1])), weight.new_zeros((rows, 0), dtype=torch.bool))
