"""Before a run: two samples go through encoders and head, so that widths that do not fit are told in time."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import torch

from vidcap_core.config.recipe import Phase, Recipe
from vidcap_core.contracts.dataset import Dataset, is_stream
from vidcap_core.contracts.types import Batch, Sample
from vidcap_core.engine import checks, state
from vidcap_core.engine.data import Collate
from vidcap_core.engine.lanes import first_samples
from vidcap_core.engine.training import Training
from vidcap_core.saved.run import RunFolder

MISFIT = re.compile(r"shape|size|channel|dimension", re.IGNORECASE)
"""What torch says where tensors do not go together."""


def rehearse(recipe: Recipe) -> None:
    """All that a run checks before it begins, with its data read and its parts built, and nothing written."""
    checks.check_names(recipe)
    training = Training(recipe, RunFolder(Path(os.devnull)))
    checks.check(training)
    check(training)


def check(training: Training) -> None:
    """Refuse a config whose streams do not fit its head, for each phase; nothing of the captioner changes."""
    before = state.random_state()
    modes = {module: module.training for module in training.captioner.modules()}
    training.captioner.eval()  # nothing random is drawn, and no running mean moves
    try:
        with torch.no_grad():
            for phase in training.recipe.phases:
                _try(training, phase)
    finally:
        for module, mode in modes.items():
            module.training = mode
        state.set_random_state(before)


def _try(training: Training, phase: Phase) -> None:
    captioner, data = training.captioner, training.dataset(phase)
    losses = [training.captioner.losses[name] for name in phase.losses]
    want = frozenset(name for loss in losses for name in loss.reads)  # type: ignore[union-attr]
    if not want:  # a loss that has texts written reads none
        return
    samples = a_few(data, 2)
    batch = Collate(training.tokenizer, training.recipe.decoding.max_words, captioner.prepare)(samples)
    batch = batch.to(captioner.device)
    try:
        captioner.head(captioner.streams(batch), batch, want)
    except RuntimeError as error:
        if not MISFIT.search(str(error)):
            raise
        reason = " ".join(str(error).split())
        raise training.recipe.config.error(
            ("head",),
            f"{training.recipe.head.type} does not fit what it reads in phase '{phase.name}': {reason}\n"
            f"  {_widths(training, batch)}",
            hint=f"vidcap info {training.recipe.head.type} shows where the widths stand",
        ) from error


def a_few(data: Dataset, count: int) -> list[Sample]:
    """Samples to try things with."""
    if is_stream(data):
        return first_samples(data, count)
    return [data.get(index, np.random.default_rng([0, index])) for index in range(min(count, len(data)))]


def _widths(training: Training, batch: Batch) -> str:
    """Which streams there are, and how wide."""
    widths = {name: stream.values.shape[-1] for name, stream in batch.streams.items()}
    made = {name: type(encoder).__name__ for name, encoder in training.captioner.encoders.items()}
    rows = [f"{name} has width {width}" for name, width in widths.items()]
    rows += [f"{name} is made by {kind}" for name, kind in made.items() if name not in widths]
    return f"streams: {', '.join(rows) or 'none'}"
