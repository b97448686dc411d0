"""Features of frozen encoders, made once in the run folder, so that a phase decodes no video again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from vidcap_core.config.recipe import Phase
from vidcap_core.contracts.dataset import Dataset, is_stream
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.engine import mm, optimizers, sharding
from vidcap_core.engine.data import data_workers, single_clips
from vidcap_core.engine.training import Training
from vidcap_core.errors import ConfigError
from vidcap_core.features.writer import FeatureWriter
from vidcap_metrics.counted import counted

INPUTS = ("frames", "audio")
"""What samples hold of videos."""
AT_ONCE = 16
"""Clips a process encodes before their features are written."""


def check(training: Training, phase: Phase) -> None:
    """Refuse to keep what would not stay the same: a part that trains, frames drawn at random."""
    encoders = training.captioner.encoders
    data = phase.data.arguments
    if phase.cache and is_stream(training.dataset(phase)):
        raise _error(
            phase, f"{phase.data.type} is a stream of samples, and only listed clips are kept", "cache=[]"
        )
    for name in phase.cache:
        if name not in encoders:
            raise _error(phase, f"there is no encoder '{name}'; there is {', '.join(encoders) or 'none'}")
        reads = str(encoders[name].reads)
        if reads not in INPUTS:
            raise _error(phase, f"'{name}' reads {reads}, and only what comes from videos is kept")
        if any(
            part.startswith(f"encoders.{name}.") for part in optimizers.settings_of(training.captioner, phase)
        ):
            raise _error(phase, f"'{name}' trains in this phase", f'freeze=["encoders.{name}"]')
        if not data.get(reads):
            raise _error(phase, f"the training clips bring no {reads}", f"data.train.{reads}")
        drawn = [
            part
            for part in getattr(training.dataset(phase), "varies", ())
            if part == reads or part not in INPUTS
        ]
        reasons, mends = [], []
        if data.get("sample"):
            reasons.append("data.train.sample would choose among its rows")
            mends.append("sample=None")
        if drawn:
            reasons.append(f"drawn at random each time: {', '.join(drawn)}")
        if reads in drawn:
            mends.append(f"{reads}.kind='uniform'")
        if set(drawn) - {reads}:
            mends.append("transforms=None")
        if reasons:
            hint = " ".join(f"--set data.train.{mend}" for mend in mends)
            raise _error(phase, "; ".join(reasons), hint)
        if {c.id for c in training.dataset(phase).clips} != {c.id for c in training.clips(phase).clips}:
            raise _error(phase, "a sample is a part of a clip here", "data=dict(unit='clip') in the phase")


def dataset(training: Training, phase: Phase) -> Any:
    """The training data of a phase, with kept features in place of what their encoders read."""
    if not phase.cache:
        return training.dataset(phase)
    data = phase.data.arguments
    streams = data.get("streams") or {}
    streams = dict(streams) if isinstance(streams, dict) else {name: name for name in streams}
    streams |= {name: str(_store(training, phase, name)) for name in phase.cache}
    live = {
        str(encoder.reads) for name, encoder in training.captioner.encoders.items() if name not in phase.cache
    }
    unread: dict[str, Any] = dict.fromkeys(kind for kind in INPUTS if kind in data and kind not in live)
    made: Dataset = phase.data.changed(streams=streams, **unread).build()
    return made


def _store(training: Training, phase: Phase, name: str) -> Path:
    """The store of one encoder; its name has the hash of all that its features depend on, so phases may share it."""
    encoder = cast(Encoder, training.captioner.encoders[name])
    recipe: dict[str, Any] = encoder.recipe() | {"input": phase.data.arguments[encoder.reads]}
    if transforms := phase.data.arguments.get("transforms"):
        recipe["transforms"] = transforms
    mark = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
    path = training.folder.path / "features" / f"{name}-{mark}"
    with FeatureWriter(path, recipe, "float32") if mm.is_main() else nullcontext() as writer:
        done = mm.from_main(set(writer.done) if writer is not None else set())
        made = 0
        for rows in _encoded(training, phase, name, done):
            made += len(rows)
            for clip, values in rows.items():
                if writer is not None:
                    writer.add(clip, values)
    mm.wait_for_all()
    training.tracker.say(f"features of '{name}': {counted(made, 'clip')} encoded, {len(done):,} were there")
    return path


def _encoded(training: Training, phase: Phase, name: str, done: set[str]) -> Iterator[dict[str, np.ndarray]]:
    """Rows by clip, a few clips at a time; each process encodes its share, and all get everything."""
    clips, captioner = training.clips(phase), training.captioner
    todo = [index for index, clip in enumerate(clips.clips) if clip.id not in done]
    rank, world = mm.rank(), mm.world_size()
    workers = data_workers(training.runtime.workers, captioner.device.type)
    batches = iter(
        single_clips(clips, todo[rank::world], training.tokenizer, captioner.prepare, min(workers, len(todo)))
    )
    with torch.no_grad(), sharding.whole(captioner):
        for _ in range(0, len(todo), AT_ONCE * world):  # as often in every process
            mine = {}
            for batch in islice(batches, AT_ONCE):
                stream = captioner.streams(batch.to(captioner.device))[name]
                mine[batch.clips[0].id] = stream.values[0][stream.mask[0]].float().cpu().numpy()
            yield from mm.gather(mine)


def _error(phase: Phase, reason: str, hint: str | None = None) -> ConfigError:
    return ConfigError(f"phase '{phase.name}': cache: {reason}", hint=hint)
