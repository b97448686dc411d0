"""One path a row: greedy decoding and sampling."""

from __future__ import annotations

import torch
from torch import Tensor

from vidcap_core.contracts.hypotheses import Hyp
from vidcap_core.contracts.write_settings import Heard, WriteSettings
from vidcap_core.decoding.constraints import ban
from vidcap_core.decoding.hypotheses import hyp, refuse_impossible
from vidcap_core.decoding.sampling import draw
from vidcap_core.decoding.step_source import Source

COMPACT = 0.75
"""Finished clips are taken out when at most this share of the rows is still being written."""


def single_path(source: Source, settings: WriteSettings, uniforms: Tensor | None) -> list[list[Hyp]]:
    """The most probable word at each step, or a drawn one where `uniforms` [clips * n_best, T] are given."""
    width = settings.n_best if uniforms is not None else 1
    clips = torch.arange(source.clips, device=source.tokens.device)  # number of each clip still here
    rows, limit = source.clips * width, settings.max_length
    words = source.tokens.new_zeros((rows, limit))
    logs = torch.zeros((rows, limit), device=words.device)
    lengths = source.tokens.new_full((rows,), limit)
    ended = torch.zeros(rows, dtype=torch.bool, device=words.device)
    worst = torch.zeros(rows, device=words.device)  # the least log-probability of each text
    for position in range(limit):
        here = (clips[:, None] * width + torch.arange(width, device=clips.device)).flatten()  # their rows
        scores = source.log_probs()
        if source.width < width:  # the first step is the same for all draws of a clip
            scores = scores.repeat_interleave(width, 0)
        if settings.no_repeat_ngram or position < settings.min_length:
            history = torch.cat([source.prompt.repeat_interleave(width, 0), words[here, :position]], 1)
            ban(scores, history, position, settings, source.eos)
        if uniforms is None:
            best, chosen = scores.max(-1)
        else:
            chosen = draw(scores, uniforms[here, position], settings)
            best = scores.gather(1, chosen[:, None]).squeeze(1)
        over = ended[here]
        worst[here] = torch.where(over, worst[here], worst[here].minimum(best))  # NaN stays NaN
        words[here, position], logs[here, position] = chosen, best
        stops = (chosen == source.eos) & ~over
        lengths[here] = torch.where(stops, position + 1, lengths[here])
        ended[here] = over | stops
        if settings.heard is not None and width == 1:  # of several draws nobody knows which will be the best
            _tell(settings.heard, here, words[here, : position + 1], ~(over | stops))
        look = (position + 1) % source.patience == 0
        if look:
            open_clips = (~ended[here]).view(-1, width).any(1).nonzero().squeeze(1)
            if len(open_clips) == 0:
                break
        if position + 1 == limit:
            break
        parents = chosen.new_zeros((source.clips, width)) if source.width < width else None
        source.follow(parents, chosen)
        if look and len(open_clips) <= COMPACT * source.clips:
            source.keep(open_clips)
            clips = clips[open_clips]
    refuse_impossible(worst)
    return _texts(words, logs, lengths, ended, width, settings)


def _tell(heard: Heard, rows: Tensor, words: Tensor, goes_on: Tensor) -> None:
    """Who listens gets the words so far of each text that is still being written."""
    for row, ids, open_end in zip(rows.tolist(), words.tolist(), goes_on.tolist(), strict=True):
        if open_end:
            heard(row, Hyp(ids, 0.0, []))


def _texts(
    words: Tensor, logs: Tensor, lengths: Tensor, ended: Tensor, width: int, settings: WriteSettings
) -> list[list[Hyp]]:
    texts = []
    for ids, values, length, end in zip(
        words.tolist(), logs.tolist(), lengths.tolist(), ended.tolist(), strict=True
    ):
        score = sum(values[:length]) / settings.norm(length)
        texts.append(hyp(ids[:length], values[:length], score, end))
    return [
        sorted(texts[start : start + width], key=lambda text: -text.score)
        for start in range(0, len(texts), width)
    ]
