"""How texts are found, as plain data; read by config validation, so it imports nothing heavy."""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass, fields
from typing import Literal

from vidcap_core.errors import ConfigError

MOST = {"beam": 1_000, "n_best": 1_000, "max_length": 10_000}
"""Beyond these a setting is a slip, or meant to fill the memory: room is made for so many words beforehand."""
OF_MODE: dict[str, frozenset[str]] = {
    "beam": frozenset({"beam", "length", "alpha", "stop", "early_stopping", "n"}),
    "sample": frozenset({"length", "alpha", "top_k", "top_p", "temperature", "seed"}),
}
"""Settings that mean something in one mode only: a head that knows the mode knows them."""


@dataclass(frozen=True)
class GenerateSettings:
    """How the texts of a view are found. A text scores (sum of log-probabilities) / norm(length), EOS counted in both.

    mode: greedy, beam or sample.
    beam: beams a clip (mode beam); one beam is greedy decoding.
    length: norm(n) = 1 (none), n (avg), n^alpha (hf), ((5 + n) / 6)^alpha (gnmt).
    alpha: exponent of the length rules hf and gnmt.
    stop: hf (as Hugging Face's beam search), n_finished (`n` texts of a clip have ended), cap (at max_length).
    early_stopping: of the stopping rule hf: False, True or "never", with Hugging Face's meaning.
    n: of the stopping rule n_finished: how many ended texts stop a clip; None: as many as beams.
    min_length: fewest words before EOS.
    max_length: most words, EOS counted as one.
    no_repeat_ngram: n-grams of this length come at most once in prompt and text; 0: no such rule.
    banned: tokens that are never written, by their text, such as a separator's.
    unknown: whether the tokenizer's unknown word may be written, as `<unk>`.
    n_best: texts a clip (at most `beam`; in mode sample: independent draws).
    top_k: sample from this many most probable words; None: all.
    top_p: sample from the fewest words that hold this much probability; None: all.
    temperature: logits are divided by it before sampling.
    seed: of sampling; the same seed and clip give the same text, alone or in a batch.
    sentence: whether a text gets a capital letter and a full stop; scores of captions look at neither.
    prompt: what texts go on from, where the head takes one; it is no part of them, and its words are not counted.
    """

    mode: Literal["greedy", "beam", "sample"] = "greedy"
    beam: int = 5
    length: Literal["none", "hf", "avg", "gnmt"] = "none"
    alpha: float = 1.0
    stop: Literal["hf", "n_finished", "cap"] = "hf"
    early_stopping: bool | Literal["never"] = False
    n: int | None = None
    min_length: int = 0
    max_length: int = 30
    no_repeat_ngram: int = 0
    banned: tuple[str, ...] = ()
    unknown: bool = False
    n_best: int = 1
    top_k: int | None = None
    top_p: float | None = None
    temperature: float = 1.0
    seed: int = 0
    sentence: bool = False
    prompt: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "banned", tuple(self.banned))  # a config says a list
        _one_of("mode", self.mode, ("greedy", "beam", "sample"))
        _one_of("length", self.length, ("none", "hf", "avg", "gnmt"))
        _one_of("stop", self.stop, ("hf", "n_finished", "cap"))
        _one_of("early_stopping", self.early_stopping, (True, False, "never"))
        _at_least("beam", self.beam, 1)
        _at_least("max_length", self.max_length, 1)
        _at_least("min_length", self.min_length, 0)
        _at_least("no_repeat_ngram", self.no_repeat_ngram, 0)
        _at_least("n_best", self.n_best, 1)
        _at_least("seed", self.seed, 0)
        for key, most in MOST.items():
            if getattr(self, key) > most:
                raise ConfigError(f"generate.{key} must be at most {most:,}, not {getattr(self, key)}")
        if self.prompt is not None and not (isinstance(self.prompt, str) and self.prompt.strip()):
            raise ConfigError(f"generate.prompt must be a text of at least a word, not {self.prompt!r}")
        if self.n is not None:
            _at_least("n", self.n, 1)
        if self.top_k is not None:
            _at_least("top_k", self.top_k, 1)
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ConfigError(f"generate.top_p must lie in (0, 1], not {self.top_p}")
        if not self.temperature > 0:
            raise ConfigError(
                f"generate.temperature must be above 0, not {self.temperature}", hint="mode='greedy'"
            )
        if self.min_length >= self.max_length:
            raise ConfigError(
                f"min_length={self.min_length} leaves no room for EOS in max_length={self.max_length}",
                hint=f"generate.max_length={self.min_length + 1}",
            )
        if self.mode == "beam" and self.n_best > self.beam:
            raise self._too_many(self.beam)
        if self.stop == "n_finished" and self.mode == "beam" and (self.n or self.beam) < self.n_best:
            raise ConfigError(
                f"generate.n={self.n}: a clip stops before generate.n_best={self.n_best} texts have ended",
                hint=f"generate.n={self.n_best}",
            )

    def norm(self, length: int) -> float:
        """What a sum of log-probabilities over `length` words (with EOS) is divided by."""
        if self.length == "none":
            return 1.0
        if self.length == "avg":
            return float(length)
        if self.length == "hf":
            return math.pow(length, self.alpha)
        return math.pow((5 + length) / 6, self.alpha)

    def refuse_beyond(self, decodes: Set[str] | None, head: str) -> None:
        """Refuse what a head cannot do that says, in `decodes`, what it can; None: it searches, word by word."""
        if decodes is None:
            if self.mode == "greedy" and self.n_best > 1:
                raise self._too_many(1)
            return
        can = ", ".join(sorted(decodes - {"greedy"})) or "nothing but its own way"
        mode = "greedy" if self.mode == "beam" and self.beam == 1 else self.mode
        if mode not in decodes | {"greedy"}:
            raise ConfigError(
                f"generate.mode='{mode}': {head} writes in a way of its own and cannot; it can set: {can}",
                hint=" or ".join(
                    f"generate.mode='{other}'" for other in ("greedy", *sorted(decodes & OF_MODE.keys()))
                ),
            )
        useless = frozenset[str]().union(*(OF_MODE[other] for other in OF_MODE if other != mode))
        known = decodes | {"mode", "sentence"} | OF_MODE.get(mode, frozenset())
        for key in fields(GenerateSettings):
            value = getattr(self, key.name)
            if key.name not in known | useless and value != key.default:
                raise ConfigError(
                    f"generate.{key.name}={value!r}: {head} writes in a way of its own, which has no such "
                    f"setting; it can set: {can}",
                    hint=f"generate.{key.name}={key.default!r}",
                )

    def _too_many(self, most: int) -> ConfigError:
        return ConfigError(
            f"generate.n_best={self.n_best}, but mode {self.mode} keeps {most} a clip",
            hint=f"generate.mode='beam' with generate.beam={self.n_best}",
        )

    @property
    def favours_long(self) -> bool:
        """Whether norm grows with the length."""
        return self.length == "avg" or (self.length in ("hf", "gnmt") and self.alpha > 0)


def _one_of(key: str, value: object, options: tuple[object, ...]) -> None:
    if not any(value is option or (isinstance(value, str) and value == option) for option in options):
        raise ConfigError(f"generate.{key} must be one of {', '.join(map(repr, options))}, not {value!r}")


def _at_least(key: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"generate.{key} must be a whole number of at least {least}, not {value!r}")
