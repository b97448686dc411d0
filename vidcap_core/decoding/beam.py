"""Beam search over all clips at once, with the length and stopping rules that papers use."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.hypotheses import Hyp
from vidcap_core.decoding.constraints import ban
from vidcap_core.decoding.hypotheses import hyp, refuse_impossible
from vidcap_core.decoding.step_source import Source

COMPACT = 0.75
"""Finished clips are taken out when at most this share of the clips is still being written."""


@dataclass
class Texts:
    """Texts of each clip side by side: words and their log-probabilities [clips, K, T], and their worth."""

    words: Tensor
    logs: Tensor
    sums: Tensor  # [clips, K]; -inf: no text
    lengths: Tensor  # with EOS
    ended: Tensor  # by EOS
    scores: Tensor  # sum / norm(length)

    @classmethod
    def none(cls, clips: int, width: int, limit: int, device: torch.device) -> Texts:
        """Room for texts."""
        shape = (clips, width)
        return cls(
            words=torch.zeros((*shape, limit), dtype=torch.long, device=device),
            logs=torch.zeros((*shape, limit), device=device),
            sums=torch.full(shape, -torch.inf, device=device),
            lengths=torch.zeros(shape, dtype=torch.long, device=device),
            ended=torch.zeros(shape, dtype=torch.bool, device=device),
            scores=torch.full(shape, -torch.inf, device=device),
        )

    def pick(self, index: Tensor) -> Texts:
        """Texts `index` [clips, K] of each clip."""
        wide = index[..., None].expand(-1, -1, self.words.shape[2])
        return Texts(
            *(
                value.gather(1, wide if value.dim() == 3 else index)
                for value in (getattr(self, field.name) for field in fields(self))
            )
        )

    def keep(self, clips: Tensor) -> Texts:
        """The texts of some clips."""
        return Texts(*(getattr(self, field.name)[clips] for field in fields(self)))

    def best(self, more: Texts, width: int) -> Texts:
        """The best of these and others, best first."""
        both = Texts(*(torch.cat([getattr(self, f.name), getattr(more, f.name)], 1) for f in fields(self)))
        return both.pick(both.scores.topk(width).indices)


def beam_search(source: Source, settings: GenerateSettings) -> list[list[Hyp]]:
    """The n best texts of each clip.

    Rule hf looks at the 2K best continuations, so that K go on even when K of them end, and lets a text
    end only from the best K. The other rules look at the K best: those that end leave the beam for one step.
    """
    width, limit, device = settings.beam, settings.max_length, source.tokens.device
    wide = 2 * width if settings.stop == "hf" else width
    live = Texts.none(source.clips, 1, limit, device)
    live.sums.zero_()
    pool = Texts.none(source.clips, width, limit, device)
    count = torch.zeros(source.clips, dtype=torch.long, device=device)  # texts that ended so far
    clips = torch.arange(source.clips, device=device)
    done = torch.zeros(source.clips, dtype=torch.bool, device=device)
    results: list[list[Hyp]] = [[] for _ in range(source.clips)]
    for position in range(limit):
        scores = source.log_probs()
        if settings.no_repeat_ngram or position < settings.min_length:
            written = live.words[:, :, :position].flatten(0, 1)
            history = torch.cat([source.prompt.repeat_interleave(source.width, 0), written], 1)
            ban(scores, history, position, settings, source.eos)
        continuations, parents = _continuations(live, scores, wide, position, source.eos)
        over = _over(continuations, settings, position, width) & ~done[:, None]
        continuations.scores = torch.where(over, continuations.sums / settings.norm(position + 1), -torch.inf)
        count += (continuations.ended & over).sum(1)
        pool = pool.best(continuations, width)
        open_sums = continuations.sums.masked_fill(continuations.ended, -torch.inf)
        chosen = open_sums.topk(width).indices
        live = continuations.pick(chosen)
        live.sums = open_sums.gather(1, chosen)
        done = done | _done(live, pool, count, settings, position + 1)
        look = (position + 1) % source.patience == 0
        going = (~done).nonzero().squeeze(1) if look else clips
        if position + 1 == limit or len(going) == 0:
            break
        source.follow(parents.gather(1, chosen), live.words[:, :, position])
        if look and len(going) <= COMPACT * source.clips:
            _collect(results, clips, pool, live, done, settings)
            source.keep(going)
            live, pool, clips = live.keep(going), pool.keep(going), clips[going]
            count, done = count[going], done[going]
    _collect(results, clips, pool, live, torch.ones_like(done), settings)
    return results


def _continuations(live: Texts, scores: Tensor, wide: int, position: int, eos: int) -> tuple[Texts, Tensor]:
    """The `wide` best texts that are one word longer, and which text [clips, wide] each goes on from."""
    clips, width = live.sums.shape
    each = min(wide, scores.shape[1])
    logs, words = scores.topk(each)  # no text can give more than `wide` of the best
    sums = logs.view(clips, width, each) + live.sums[..., None]
    dead = torch.isneginf(live.sums)[..., None]  # what a head says of a text that is none may be NaN
    sums = sums.masked_fill(dead, -torch.inf).flatten(1)
    if sums.shape[1] < wide:
        sums = torch.nn.functional.pad(sums, (0, wide - sums.shape[1]), value=-torch.inf)
    sums, index = sums.topk(wide)
    index = index.clamp_max(width * each - 1)
    parents = index // each
    continuations = live.pick(parents)
    continuations.sums = sums
    continuations.words[:, :, position] = words.view(clips, -1).gather(1, index)
    continuations.logs[:, :, position] = logs.view(clips, -1).gather(1, index)
    continuations.lengths = torch.full_like(continuations.lengths, position + 1)
    continuations.ended = (continuations.words[:, :, position] == eos) & ~torch.isneginf(sums)
    return continuations, parents


def _over(continuations: Texts, settings: GenerateSettings, position: int, width: int) -> Tensor:
    """Which continuations are texts now."""
    last = position + 1 == settings.max_length
    over = continuations.ended.clone()
    if last and settings.stop != "n_finished":  # cut texts count like ended ones
        over |= ~torch.isneginf(continuations.sums)
    over[:, width:] = False
    return over


def _done(live: Texts, pool: Texts, count: Tensor, settings: GenerateSettings, length: int) -> Tensor:
    """Which clips need no further step, after `length` words."""
    best = live.sums.amax(1)
    dead = torch.isneginf(best)
    if settings.stop == "n_finished":
        return dead | (count >= (settings.n or settings.beam))
    if settings.stop == "cap":  # nothing that is still to come can be among the n best
        reach = settings.norm(settings.max_length if settings.favours_long else length + 1)
        return dead | (best / reach <= pool.scores[:, settings.n_best - 1])
    full = ~torch.isneginf(pool.scores[:, -1])
    if settings.early_stopping is True:
        return dead | full
    far = settings.early_stopping == "never" and settings.favours_long
    reach = settings.norm(settings.max_length if far else length)
    return dead | (full & (best / reach <= pool.scores[:, -1]))


def _collect(
    results: list[list[Hyp]],
    clips: Tensor,
    pool: Texts,
    live: Texts,
    done: Tensor,
    settings: GenerateSettings,
) -> None:
    """Write down the texts of clips that are done; texts without an end fill up where too few ended."""
    rows = done.nonzero().squeeze(1)
    if len(rows) == 0:
        return
    pool, live = pool.keep(rows), live.keep(rows)
    refuse_impossible(torch.maximum(pool.scores, live.sums).amax(1))
    ended, cut = _texts(pool), _texts(_scored(live, settings))
    for clip, whole, rest in zip(clips[rows].tolist(), ended, cut, strict=True):
        results[clip] = (whole + rest if settings.stop == "n_finished" else whole)[: settings.n_best]


def _scored(live: Texts, settings: GenerateSettings) -> Texts:
    norms = [settings.norm(max(1, length)) for length in range(settings.max_length + 1)]
    live.scores = live.sums / live.sums.new_tensor(norms)[live.lengths]
    return live


def _texts(texts: Texts) -> list[list[Hyp]]:
    parts = (texts.words, texts.logs, texts.lengths, texts.ended, texts.scores)
    return [
        [
            hyp(words[:length], logs[:length], score, ended)
            for words, logs, length, ended, score in zip(*row, strict=True)
            if score != -torch.inf
        ]
        for row in zip(*(part.tolist() for part in parts), strict=True)
    ]
