"""Checks of how a captioner learns: gradients, a few clips by heart, and whether what was learnt is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Prediction
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Broken, Checks, Skipped, expect
from vidcap_core.testing.parts import CLIPS, Parts, objective, quiet, without_dropout

LEFT = 0.15
"""What may be left of the first loss after the overfit."""
SAID = 0.5
"""Share of the training texts that must be said, word for word, after it; a head that copies says none or two of 8."""
STEPS, EVERY, RATE = 300, 10, 2e-3


def gradients(parts: Parts) -> None:
    """In each phase gradients reach what trains, by the second step (a LoRA starts at zero), and nothing else."""
    if not parts.recipe.phases:
        raise Skipped("the config trains nothing: it has no phases")
    for phase in parts.recipe.phases:
        captioner, batch = parts.fresh(), parts.batch()
        chosen = captioner.choose_training(phase.train, phase.freeze)
        captioner.train()
        optimizer = torch.optim.Adam([p for p in captioner.parameters() if p.requires_grad], lr=1e-3)
        reached: set[str] = set()
        for _ in range(2):
            optimizer.zero_grad()
            for names in phase.updates:
                objective(captioner, batch, names, parts.recipe).backward()
            reached |= {
                n for n, p in captioner.named_parameters() if p.grad is not None and bool(p.grad.any())
            }
            if reached >= chosen:
                break
            optimizer.step()
        changed = f"two steps of the phase '{phase.name}'"
        if frozen := sorted(reached - chosen):
            raise Broken(changed, f"what is frozen; gradients reach {_some(frozen)}")
        if dead := sorted(chosen - reached):
            raise Broken(changed, f"that all of it trains; no gradient ever reaches {_some(dead)}")


def overfits(parts: Parts) -> None:
    """The losses of the last phase go down to a small part on a few clips."""
    learnt = _learnt(parts)
    expect(
        learnt.last < LEFT * learnt.first,
        f"{learnt.steps} steps on {len(learnt.batch)} clips",
        f"that a few clips can be learnt by heart; the loss went from {learnt.first:.3g} to {learnt.last:.3g}",
    )


def says_what_it_learnt(parts: Parts) -> None:
    """Clips that were learnt by heart get their training captions: else `forward` sees what it is to find."""
    learnt = _learnt(parts)
    if not learnt.last < LEFT * learnt.first:
        raise Skipped("nothing was learnt by heart")
    if not any(learnt.texts):
        raise Skipped("the training clips have no texts")
    taught, said = learnt.example
    expect(
        learnt.share >= SAID,
        f"{learnt.steps} steps on {len(learnt.batch)} clips: a loss of {learnt.first:.3g} became {learnt.last:.3g}",
        f"that at least {SAID:.0%} of the texts are said as they were taught; {learnt.share:.0%} are: "
        f"'{taught}' was taught, '{said}' is said",
    )


CHECKS: Checks = {
    "gradients": gradients,
    "overfit": overfits,
    "learnt by heart is said": says_what_it_learnt,
}


@dataclass(frozen=True)
class Learnt:
    """A captioner that has seen the same few clips again and again."""

    batch: Batch
    steps: int
    first: float
    last: float
    texts: list[list[str]]
    predictions: list[Prediction]

    @property
    def share(self) -> float:
        """How many of the training texts are said."""
        hits = [_words(text) in map(_words, said) for texts, said in self._pairs() for text in texts]
        return sum(hits) / max(1, len(hits))

    @property
    def example(self) -> tuple[str, str]:
        """A text that was taught and is not said, and what is."""
        for texts, said in self._pairs():
            for text in texts:
                if _words(text) not in map(_words, said):
                    return text, " / ".join(said)
        return "", ""

    def _pairs(self) -> list[tuple[list[str], list[str]]]:
        return [
            (texts, [event.text for event in p.events])
            for texts, p in zip(self.texts, self.predictions, strict=True)
        ]


@lru_cache(maxsize=1)
def _learnt(parts: Parts) -> Learnt:
    """Train on one batch until enough of it is said, or the steps are used up; once for both checks."""
    torch.manual_seed(0)
    names = _losses(parts)
    captioner, (batch, taught) = parts.fresh(), _few(parts)
    captioner.choose_training(None)
    without_dropout(captioner)
    captioner.settings = replace(captioner.settings, min_length=0)
    optimizer = torch.optim.Adam([p for p in captioner.parameters() if p.requires_grad], lr=RATE)
    texts = [[_as_written(captioner.tokenizer, text) for text in row] for row in taught]
    untold = replace(batch, texts=None, tokens=None, token_mask=None, targets={}, events=None)
    first = last = 0.0
    learnt = None
    for step in range(1, STEPS + 1):
        captioner.train()
        loss = objective(captioner, batch, names, parts.recipe)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        last = float(loss.detach())
        first = first or last
        if (last < LEFT * first and step % EVERY == 0) or step == STEPS:
            predictions = quiet(captioner.eval().predict, untold)
            learnt = Learnt(batch, step, first, last, texts, predictions)
            if learnt.share >= SAID and last < LEFT * first:
                break
    assert learnt is not None
    return learnt


def _losses(parts: Parts) -> Sequence[str]:
    """The losses of the last phase whose losses all read outputs: others learn from texts that are drawn by chance."""
    for phase in reversed(parts.recipe.phases):
        if all(parts.captioner.losses[name].reads for name in phase.losses):
            return phase.losses
    raise Skipped("no phase teaches texts")


def _taught(parts: Parts, batch: Batch) -> list[list[str]]:
    """The training texts of each clip: its caption, or those of its events."""
    if batch.texts is not None and parts.gives_tokens:
        return [[text] for text in batch.texts]
    events: dict[str, list[str]] = {}
    for index in range(len(parts.dataset)):
        sample = parts.dataset.get(index, np.random.default_rng(index))
        events.setdefault(sample.clip.id, [event.text for event in sample.events])
    return [events[clip.id] for clip in batch.clips]


def _few(parts: Parts) -> tuple[Batch, list[list[str]]]:
    """The first clips that have eight texts together, and those."""
    batch = parts.batch(CLIPS, ragged=False)
    taught = _taught(parts, batch)
    counts = np.cumsum([len(texts) for texts in taught])
    size = min(len(batch), int(np.searchsorted(counts, CLIPS)) + 1)
    return parts.batch(size, ragged=False), taught[:size]


def _as_written(tokenizer: Tokenizer, text: str) -> str:
    """A text as the tokenizer gives it back; one that has no words of its own leaves it as it is."""
    try:
        return tokenizer.decode(tokenizer.encode(text))
    except UserError:
        return text


def _words(text: str) -> list[str]:
    """A text without case and punctuation."""
    return re.findall(r"\w+", text.lower())


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
