"""Checks of a plugin's captioner, built from its `toy` config: steps, masks, batches, gradients, learning."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidcap_core.captioner.build import build_captioner, build_tokenizer
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.recipe import Recipe
from vidcap_core.config.validate import load_recipe
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.types import Batch, Stream
from vidcap_core.engine.data import Collate
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Check

CLIPS = 8
TOLERANCE = 1e-4
OVERFIT = 0.15
"""What must be left of the first loss after the overfit check."""


class Parts:
    """A captioner of the toy config, and a batch of a few toy clips."""

    def __init__(self, name: str) -> None:
        self.recipe = load_recipe(name)
        torch.manual_seed(0)
        train = self.recipe.data["train"].changed(limit=CLIPS).build()
        self.tokenizer = build_tokenizer(self.recipe, train)
        self.captioner = build_captioner(self.recipe, self.tokenizer, self.recipe.losses)
        self.dataset = train

    def batch(self, size: int = 4) -> Batch:
        """The first samples, one a clip, without a random choice in them."""
        seen, samples = set(), []
        for index in range(len(self.dataset)):
            sample = self.dataset.get(index, np.random.default_rng(index))
            if sample.clip.id not in seen:
                seen.add(sample.clip.id)
                samples.append(sample)
        return Collate(self.tokenizer, prepare=self.captioner.prepare)(samples[:size])

    def fresh(self) -> Captioner:
        """A copy whose changes nobody sees."""
        return copy.deepcopy(self.captioner)


def step_equals_forward(parts: Parts) -> Check:
    """Parallel forward and looped step give the same log-probabilities."""
    captioner, batch = parts.fresh().eval(), parts.batch()
    if not _speaks(parts):
        return Check("step = forward", None, "the head gives no 'tokens'")
    with torch.no_grad():
        streams = captioner.streams(batch)
        fast = captioner.head(streams, batch, frozenset({"tokens"}))["tokens"]
        slow = Head.forward(captioner.head, streams, batch, frozenset({"tokens"}))["tokens"]
    far = _distance(fast.value, slow.value, slow.mask)
    return Check("step = forward", far < TOLERANCE, f"log-probabilities differ by up to {far:.2g}")


def masks_respected(parts: Parts) -> Check:
    """Masked rows with garbage in them change nothing; a fixed length refuses others."""
    captioner, batch = parts.fresh().eval(), parts.batch()
    if not batch.streams or not _speaks(parts):
        return Check("masks", None, "no cached streams, or no 'tokens'")
    longer = replace(batch, streams={name: _lengthen(stream) for name, stream in batch.streams.items()})
    with torch.no_grad():
        if captioner.head.lengths.startswith("fixed:"):
            try:
                _logits(captioner, longer)
            except UserError:
                return Check("masks", True, f"{captioner.head.lengths}: other lengths are refused")
            return Check("masks", False, f"{captioner.head.lengths}, but another length was taken")
        plain, padded = _logits(captioner, batch), _logits(captioner, longer)
    far = _distance(plain, padded, batch.token_mask[:, 1:] if batch.token_mask is not None else None)
    return Check("masks", far < TOLERANCE, f"masked rows change log-probabilities by {far:.2g}")


def batch_equals_single(parts: Parts) -> Check:
    """A clip in a batch gets the same caption as alone."""
    captioner, batch = _talkative(parts.fresh()).eval(), parts.batch(3)
    together = [p.text for p in captioner.predict(batch)]
    alone = [captioner.predict(_only(batch, i))[0].text for i in range(len(batch))]
    return Check("batch = single", together == alone, f"{together} together, {alone} alone")


def gradients(parts: Parts) -> Check:
    """In each phase, gradients reach parameters that train, and no other."""
    problems = []
    for phase in parts.recipe.phases:
        captioner = parts.fresh()
        chosen = captioner.choose_training(phase.train, phase.freeze)
        captioner.train()
        for names in phase.updates:
            _objective(captioner, parts.batch(), names, parts.recipe).backward()
        reached = {n for n, p in captioner.named_parameters() if p.grad is not None and bool(p.grad.any())}
        dead = sorted(chosen - reached)
        if reached - chosen:
            problems.append(f"phase {phase.name} reaches frozen {sorted(reached - chosen)[:3]}")
        if dead:
            problems.append(f"phase {phase.name} never reaches {dead[:5]}")
    return Check("gradients", not problems, "; ".join(problems))


def round_trip(parts: Parts) -> Check:
    """Weights survive being saved and loaded into a new captioner."""
    captioner, batch = parts.fresh().eval(), parts.batch(2)
    torch.manual_seed(1)
    other = build_captioner(parts.recipe, parts.tokenizer, parts.recipe.losses)
    other.load_state_dict(captioner.state_dict())
    if _speaks(parts):
        with torch.no_grad():
            far = _distance(_logits(captioner, batch), _logits(other.eval(), batch), None)
        if far > TOLERANCE:
            return Check(
                "checkpoint round trip", False, f"log-probabilities differ by up to {far:.2g} after loading"
            )
    texts = [[p.text for p in _talkative(model).eval().predict(batch)] for model in (captioner, other)]
    same = texts[0] == texts[1] and any(texts[0])
    return Check("checkpoint round trip", same, "another caption after loading")


def overfits(parts: Parts, steps: int) -> Check:
    """The losses of the last phase go down to a small part on eight clips."""
    captioner, batch = parts.fresh(), parts.batch(CLIPS)
    names = parts.recipe.phases[-1].losses
    captioner.choose_training(None)
    captioner.train()
    for module in captioner.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    optimizer = torch.optim.Adam([p for p in captioner.parameters() if p.requires_grad], lr=2e-3)
    first = last = 0.0
    for step in range(steps):
        loss = _objective(captioner, batch, names, parts.recipe)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        last = float(loss.detach())
        first = first or last
        if step and last < OVERFIT * first:
            return Check("overfit", True, f"loss {first:.3g} -> {last:.3g} in {step} steps")
    return Check("overfit", False, f"loss {first:.3g} -> {last:.3g} in {steps} steps on {CLIPS} clips")


CHECKS = (step_equals_forward, masks_respected, batch_equals_single, gradients, round_trip)
"""All but the overfit check, which takes a number of steps."""


def _objective(captioner: Captioner, batch: Batch, names: Sequence[str], recipe: Recipe) -> Tensor:
    """sum_i scale_i * sum_i / weight_i, as the engine adds the losses of one batch."""
    parts = captioner(batch, names)
    scaled = (recipe.losses[n].scale * s / w.clamp_min(1e-9) for n, (s, w) in parts.items())
    return sum(scaled, start=torch.zeros(()))


def _talkative(captioner: Captioner) -> Captioner:
    """The same captioner, made to say something: an untrained one might end every text at once."""
    captioner.settings = replace(captioner.settings, min_length=3)
    captioner.kinds = {kind: replace(settings, min_length=3) for kind, settings in captioner.kinds.items()}
    return captioner


def _speaks(parts: Parts) -> bool:
    """Whether the head gives the output `tokens`."""
    try:
        with torch.no_grad():
            return "tokens" in parts.captioner.head(
                parts.captioner.streams(parts.batch(2)), parts.batch(2), frozenset({"tokens"})
            )
    except UserError:
        return False


def _logits(captioner: Captioner, batch: Batch) -> Tensor:
    return captioner.head(captioner.streams(batch), batch, frozenset({"tokens"}))["tokens"].value  # type: ignore[no-any-return]


def _distance(a: Tensor, b: Tensor, mask: Tensor | None) -> float:
    far = (a.log_softmax(-1) - b.log_softmax(-1)).abs().amax(-1)
    return float(far[mask].max() if mask is not None else far.max())


def _lengthen(stream: Stream) -> Stream:
    noise = 100 * torch.randn_like(stream.values[:, :1]).expand(-1, 3, *[-1] * (stream.values.dim() - 2))
    off = torch.zeros_like(stream.mask[:, :1]).expand(-1, 3)
    return Stream(torch.cat([stream.values, noise], 1), torch.cat([stream.mask, off], 1))


def _only(batch: Batch, index: int) -> Batch:
    """One clip of a batch, without the others' padding."""

    def cut(stream: Stream) -> Stream:
        length = int(stream.mask[index].sum().clamp_min(1))
        return Stream(stream.values[index : index + 1, :length], stream.mask[index : index + 1, :length])

    def pick(value: Any) -> Any:
        return value[index : index + 1]

    return Batch(
        clips=batch.clips[index : index + 1],
        streams={name: cut(s) for name, s in batch.streams.items()},
        inputs={name: cut(s) for name, s in batch.inputs.items()},
        texts=batch.texts[index : index + 1] if batch.texts else None,
        tokens=pick(batch.tokens) if batch.tokens is not None else None,
        token_mask=pick(batch.token_mask) if batch.token_mask is not None else None,
        targets={name: pick(value) for name, value in batch.targets.items()},
    )
