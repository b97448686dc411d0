"""From a run to its bundle to raw files: on the way nothing may change what is said."""

from __future__ import annotations

import inspect
import math
import shutil
from collections.abc import Iterable, Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioner.streams import stack
from vidcap_core.captioning import file_captioner
from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.types import Batch, Clip, Prediction
from vidcap_core.engine import runs
from vidcap_core.engine.data import Collate, evaluation_batches
from vidcap_core.saved.bundle import open_bundle
from vidcap_core.saved.export import export
from vidcap_core.saved.load import load_bundle
from vidcap_core.testing.check import expect
from vidcap_core.zoo.registry import DATASETS, HEADS

TOLERANCE = 1e-5
SHOWN = 4
"""Differences that a report lists."""
WORDS = 3
"""Least words of a text: a captioner that has hardly learnt might end every text at once."""


def round_trip(of: Config) -> None:
    """A run of two steps, moved, its bundle, and both of them for raw files say the same."""
    with TemporaryDirectory(prefix="vidcap-") as folder:
        lines = differences(of, Path(folder))
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    changed = "a run of two steps, moved, made a bundle, and asked for files"
    expect(not lines, changed, f"what the run says; {'; '.join([*lines[:SHOWN], *more])}")


def differences(of: Config, folder: Path, steps: int = 2, clips: int = 8, files: bool = True) -> list[str]:
    """Train a run for a moment, move it, export it, and caption the files of its clips: what is not as the run says.

    The captions of the run are compared with those of its bundle for the same cached streams, and, where clips have
    files, with those of the moved run and of the bundle for the files. Texts must be the same, and scores to 1e-5; so
    must the streams, as a captioner that has hardly learnt may not mind others. files=False: cached streams alone.
    """
    short = shortened(of, steps, clips)
    split = short["evaluate"]["split"]
    born, moved = folder / "born", folder / "elsewhere"
    runs.train(short, work_dir=born / "run", device="cpu", quiet=True)
    predictions = runs.predict(short, work_dir=born / "run", split=split, device="cpu", quiet=True)
    shutil.copytree(born, moved)
    shutil.rmtree(born)
    made = export(moved / "run", moved / "bundle")
    dataset = validate(short).scored_data(split).build()
    from_bundle = _of_cache(load_bundle(open_bundle(made)), dataset)
    lines = [f"the bundle, {line}" for line in _compared(predictions, from_bundle)]
    here = [prediction for prediction in predictions if files and _is_file(prediction.clip)]
    for name, source in (("the run", moved / "run"), ("the bundle", made)) if here else ():
        captioner = file_captioner.load(source, "cpu")
        lines += [f"{name} of files, {line}" for line in _other_streams(captioner, dataset, here[0].clip)]
        captions = captioner([str(prediction.clip.path) for prediction in here])
        lines += [f"{name} of files, {line}" for line in _compared(here, captions)]
    return lines


def shortened(of: Config, steps: int, clips: int) -> Config:
    """A config cut to a moment: a few steps a phase, a few clips, no scores."""
    data = deepcopy(of.data)
    for split in data["data"].values():
        if "limit" in inspect.signature(DATASETS.load(split["type"])).parameters:
            split["limit"] = clips
    for phase in data["phases"].values():
        phase.update(steps=steps, epochs=None, best=False)
    there = data.get("evaluate", {}).get("split", "val")
    data["evaluate"] = {"split": there, "metrics": [], "every": 0, "best": None, "panels": 0}
    settings, heeded = data.setdefault("generate", {}), HEADS.load(data["head"]["type"]).decodes
    if heeded is None or "min_length" in heeded:
        for changed in (settings, *settings.get("kinds", {}).values()):
            changed["min_length"] = WORDS
    return Config(of.name, data)


def _of_cache(captioner: Captioner, dataset: Dataset) -> Iterator[Prediction]:
    for batch in evaluation_batches(dataset, captioner.tokenizer, batch=3, prepare=captioner.prepare):
        yield from captioner.predict(batch)


def _is_file(clip: Clip) -> bool:
    return clip.path is not None and clip.start == 0 and clip.end in (None, clip.duration)


def _other_streams(files: FileCaptioner, dataset: Dataset, clip: Clip) -> Iterator[str]:
    """A line for each stream that the head reads, and that a clip's file gives otherwise than its data set."""
    index = [entry.id for entry in dataset.clips].index(clip.id)
    captioner = files.captioner
    [encoded] = files.reader.read(str(clip.path))
    given = Collate(captioner.tokenizer, prepare=captioner.prepare)(
        [dataset.get(index, np.random.default_rng([0, index]))]
    )
    made = Batch((encoded.clip,), {name: stack([stream]) for name, stream in encoded.streams.items()})
    for name in getattr(captioner.head, "streams", ()):
        rows, other = (_rows(captioner, batch, name) for batch in (given, made))
        if rows.shape != other.shape:
            yield f"{clip.id}: the stream '{name}' is {rows.shape} in its data set, {other.shape} of its file"
        elif not np.allclose(rows, other, rtol=TOLERANCE, atol=TOLERANCE):
            yield f"{clip.id}: the stream '{name}' differs by up to {np.abs(rows - other).max():.2g}"


@torch.no_grad()
def _rows(captioner: Captioner, batch: Batch, name: str) -> np.ndarray:
    """The real rows [T, D] of the one clip of a batch."""
    streams = captioner.streams(batch)
    if name not in streams:  # of this clip
        return np.zeros(0, np.float32)
    stream = streams[name]
    return stream.values[0][stream.mask[0]].numpy()


def _compared(predictions: Iterable[Prediction], again: Iterable[Prediction]) -> Iterator[str]:
    """A line for each clip of which something else is said."""
    for prediction, other in zip(predictions, again, strict=True):
        if what := _unlike(prediction, other):
            yield f"{prediction.clip.id}: {what}"


def _unlike(prediction: Prediction, other: Prediction) -> str | None:
    if len(prediction.events) != len(other.events):
        return f"{len(prediction.events)} events, then {len(other.events)}"
    for event, again, words, repeated in zip(
        prediction.events, other.events, prediction.extras["words"], other.extras["words"], strict=True
    ):
        texts = f"'{event.text}', then '{again.text}'"
        if not _same_words(words["tokens"], repeated["tokens"]):
            return f"texts differ: {texts}"
        scores = [event.score or 0.0, *words["log_probs"]], [again.score or 0.0, *repeated["log_probs"]]
        if not all(
            math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for a, b in zip(*scores, strict=True)
        ):
            return f"scores differ by {np.abs(np.subtract(*scores)).max():.2g}: {texts}"
        spans = (event.start, event.end), (again.start, again.end)
        if not np.allclose(*spans, rtol=TOLERANCE, atol=TOLERANCE):
            return f"times differ: {spans[0]}, then {spans[1]}"
    return None


def _same_words(words: list[str], again: list[str]) -> bool:
    """Word for word; captions of files leave special tokens out of texts."""
    return len(words) == len(again) and all(b in (a, "") for a, b in zip(words, again, strict=True))
