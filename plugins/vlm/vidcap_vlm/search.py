"""The model's own `generate`, in the words of vidcap's settings; words with their log-probabilities."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from vidcap_core.api import Hyp, Rows, WriteSettings, uniforms
from vidcap_vlm.aloud import Aloud
from vidcap_vlm.side_by_side import Inputs

HEEDED = frozenset(
    {
        "greedy",
        "beam",
        "sample",
        "n_best",
        "max_length",
        "min_length",
        "no_repeat_ngram",
        "banned",
        "unknown",
        "prompt",
    }
)
"""Settings of `generate` that have a meaning here."""


class Watch(LogitsProcessor):  # type: ignore[misc]
    """Notes the log-probability of each word that is chosen, and chooses by chance where chance is given.

    uniform: [R, words], numbers in [0, 1) of each row, which do not depend on the batch.
    """

    def __init__(self, uniform: Tensor | None = None) -> None:
        self.uniform = uniform
        self.before: Tensor | None = None
        self.logs: list[Tensor] = []

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores as they are, or those of the drawn word alone."""
        if self.before is not None:
            self.note(input_ids[:, -1])
        self.before = scores.float().log_softmax(-1)
        if self.uniform is None:
            return scores
        cumulated = self.before.double().exp().cumsum(-1)
        target = self.uniform[:, len(self.logs), None].to(cumulated) * cumulated[:, -1:]
        word = torch.searchsorted(cumulated, target, right=True).clamp_max(scores.shape[1] - 1)
        return torch.full_like(scores, -torch.inf).scatter(1, word, 0.0)

    def note(self, words: Tensor) -> None:
        """The last words that were chosen."""
        assert self.before is not None
        self.logs.append(self.before.gather(1, words[:, None]).squeeze(1))


def write(
    model: Any,
    inputs: Inputs,
    settings: WriteSettings,
    ends: Sequence[int],
    pad_id: int,
) -> Rows:
    """The texts of each row, best first, as ids; a text that was cut off has no `end`."""
    if settings.mode == "beam" and settings.beam > 1:
        return _beams(model, inputs, settings, ends, pad_id)
    count, uniform = 1, None
    if settings.mode == "sample":  # whose rows are there as often as there are texts of each
        count = settings.n_best
        clips = len(inputs["input_ids"]) // count
        uniform = uniforms(settings, clips, settings.generator, settings.keys or None)
    watch = Watch(uniform)
    aloud = None if settings.heard is None or count > 1 else Aloud(settings.heard, ends)
    made = model.generate(
        **inputs,
        generation_config=_config(model, settings, ends, pad_id),
        logits_processor=[*_warpers(settings), watch],
        streamer=aloud,
    )
    watch.note(made[:, -1])
    logs = torch.stack(watch.logs, 1)
    words = made[:, -logs.shape[1] :]  # models give back what they were given, or none of it
    hyps = [_hyp(*row, ends, settings) for row in zip(words.tolist(), logs.tolist(), strict=True)]
    return [hyps[at : at + count] for at in range(0, len(hyps), count)]


def _beams(model: Any, inputs: Inputs, settings: WriteSettings, ends: Sequence[int], pad_id: int) -> Rows:
    config = _config(model, settings, ends, pad_id)
    config.num_beams, config.num_return_sequences = settings.beam, settings.n_best
    config.length_penalty = {"none": 0.0, "avg": 1.0}.get(settings.length, settings.alpha)
    config.early_stopping = settings.early_stopping
    config.return_dict_in_generate = config.output_scores = True
    made = model.generate(**inputs, generation_config=config)
    logs = model.compute_transition_scores(made.sequences, made.scores, made.beam_indices)
    words = made.sequences[:, -logs.shape[1] :]
    hyps = [_hyp(*row, ends, settings) for row in zip(words.tolist(), logs.tolist(), strict=True)]
    return [hyps[at : at + settings.n_best] for at in range(0, len(hyps), settings.n_best)]


def _config(model: Any, settings: WriteSettings, ends: Sequence[int], pad_id: int) -> GenerationConfig:
    """The model's own, with what the settings say."""
    config: GenerationConfig = copy.deepcopy(model.generation_config)
    config.do_sample = False  # chance is ours, so that it belongs to a clip
    config.temperature = config.top_k = config.top_p = None
    config.num_beams = config.num_return_sequences = 1
    config.max_length = None
    config.max_new_tokens = settings.max_length
    config.min_new_tokens = settings.min_length or None
    config.no_repeat_ngram_size = settings.no_repeat_ngram or None
    config.suppress_tokens = sorted({*(config.suppress_tokens or ()), *settings.never} - set(ends)) or None
    config.eos_token_id, config.pad_token_id = list(ends), pad_id
    return config


def _warpers(settings: WriteSettings) -> list[LogitsProcessor]:
    if settings.mode != "sample":
        return []
    made: list[LogitsProcessor] = []
    if settings.temperature != 1:
        made.append(TemperatureLogitsWarper(settings.temperature))
    if settings.top_k is not None:
        made.append(TopKLogitsWarper(settings.top_k))
    if settings.top_p is not None:
        made.append(TopPLogitsWarper(settings.top_p))
    return made


def _hyp(words: list[int], logs: list[float], ends: Sequence[int], settings: WriteSettings) -> Hyp:
    size = next((at for at, word in enumerate(words) if word in ends), len(words))
    ended = size < len(words)
    counted = logs[: size + ended]
    score = sum(counted) / (settings.norm(len(counted)) if counted else 1.0)
    return Hyp(words[:size], score, logs[:size], logs[size] if ended else None)
