"""Checks of an encoder: what comes out, its recipe, and that neither neighbours nor padding move it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidcap_core.captioner.streams import stack
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.encoder import DerivedEncoder, Encoder
from vidcap_core.contracts.types import Clip, Sample, Stream
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Broken, Checks, Skipped, expect
from vidcap_core.testing.films import two_films
from vidcap_core.testing.parts import garbage, quiet
from vidcap_core.video.clip_reader import read_clip_frames, read_clip_sound
from vidcap_core.video.frame_request import FrameRequest

TOLERANCE = 1e-4
CLIPS = 10
"""Clips of the data set whose streams are looked at."""
TEXTS = ("a man runs", "two dogs play with a ball in the garden", "rain")


def cached_streams(sample: Sample) -> Mapping[str, Stream]:
    """The streams that a sample brings, without padding."""
    values = {name: torch.from_numpy(np.asarray(rows)).float() for name, rows in sample.streams.items()}
    return {name: Stream(v, torch.ones(len(v), dtype=torch.bool)) for name, v in values.items()}


@dataclass(frozen=True)
class Subject:
    """An encoder, how it is built; for one that derives a stream, the data set, and what streams its samples have."""

    build: Callable[[], Encoder]
    dataset: Dataset | None = None
    streams: Callable[[Sample], Mapping[str, Stream]] = cached_streams

    @cached_property
    def encoder(self) -> Encoder:
        """In eval mode; one that learns from data has learnt."""
        encoder = self.build()
        if isinstance(encoder, DerivedEncoder):
            if self.dataset is None:
                raise Skipped("no config has a data set with the streams that it is made of")
            encoder.fit(self.dataset)
        return encoder.eval()

    @cached_property
    def clips(self) -> list[list[Any]]:
        """Groups of inputs that fit one batch: of a wide film, and of a high one; of texts."""
        reads = self.encoder.reads
        if reads == "text":
            return [list(TEXTS)]
        if reads == "streams":
            clips = list(self._streams())
            if not clips:
                names = ", ".join(getattr(self.encoder, "sources", ()))
                raise Skipped(
                    f"no clip of the toy data has, and no encoder of the config makes, all of: {names}"
                )
            return [clips]
        with TemporaryDirectory(prefix="vidcap-") as folder:
            return [[self._read(clip) for clip in _cut(path)] for path in two_films(Path(folder))]

    def _read(self, clip: Clip) -> np.ndarray:
        if self.encoder.reads == "audio":
            return read_clip_sound(clip)
        return read_clip_frames(clip, FrameRequest.of(self.encoder)).values

    def _streams(self) -> Iterator[tuple[str, dict[str, Stream]]]:
        """Clips of the data set that have all sources."""
        assert self.dataset is not None
        sources = getattr(self.encoder, "sources", ())
        for index in range(min(len(self.dataset), CLIPS)):
            sample = self.dataset.get(index, np.random.default_rng([0, index]))
            given = self.streams(sample)
            try:
                yield sample.clip.id, {name: quiet(given.__getitem__, name) for name in sources}
            except (KeyError, UserError):
                continue  # this clip has not all of them


def width(subject: Subject) -> None:
    """What comes out is [B, T, dim] with a mask [B, T], finite where it is real; pictures need not be square."""
    for clips in subject.clips:
        stream = _encode(subject.encoder, clips)
        shape, dim = tuple(stream.values.shape), subject.encoder.dim
        right = (
            len(shape) == 3 and shape[0] == len(clips) and shape[2] == dim and stream.mask.shape == shape[:2]
        )
        changed = f"{len(clips)} clips encoded ({_what(clips)})"
        expect(
            right,
            changed,
            f"[B, T, dim] with dim={dim} and its mask; values are {list(shape)}, the mask {list(stream.mask.shape)}",
        )
        expect(stream.mask.dtype == torch.bool, changed, f"that the mask is bool; it is {stream.mask.dtype}")
        expect(bool(stream.values[stream.mask].isfinite().all()), changed, "that real rows are finite")
        expect(bool(stream.mask.any(1).all()), changed, "that each clip has a real row")


def recipe(subject: Subject) -> None:
    """`recipe()` is plain JSON, and the same for a copy and after use: it stands beside every feature."""
    encoder = subject.encoder
    first = encoder.recipe()
    try:
        text = json.dumps(first, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Broken("the recipe written as JSON", f"that it is plain data; {error}") from None
    expect(
        json.loads(text) == first,
        "the recipe written as JSON and read",
        f"the recipe; {first} became {json.loads(text)}",
    )
    _encode(encoder, subject.clips[0])
    for changed, again in (("a clip encoded", encoder), ("a copy made", copy.deepcopy(encoder))):
        if moved := [key for key, value in again.recipe().items() if first.get(key) != value]:
            raise Broken(changed, f"the recipe; {', '.join(moved)} moved")


def batch_is_single(subject: Subject) -> None:
    """A clip becomes the same rows in a batch as alone."""
    for clips in subject.clips:
        together = _encode(subject.encoder, clips)
        for index, clip in enumerate(clips):
            alone = _encode(subject.encoder, [clip])
            _compare(
                _rows(together, index), _rows(alone, 0), f"each clip alone, not in a batch ({_what(clips)})"
            )


def same_twice(subject: Subject) -> None:
    """A clip becomes the same rows again after others: no chance in eval mode, nothing kept from call to call."""
    clips = [clip for group in subject.clips for clip in group]
    first, _ = (_encode(subject.encoder, [clip]) for clip in (clips[0], clips[-1]))
    again = _encode(subject.encoder, [clips[0]], seed=1)
    _compare(_rows(first, 0), _rows(again, 0), "another clip encoded, then the first one again")


def masked_rows(subject: Subject) -> None:
    """Garbage in masked frames or samples changes nothing."""
    encoder = subject.encoder
    if encoder.reads not in ("frames", "audio"):
        raise Skipped(f"it reads {encoder.reads}, which has no padding")
    if encoder.prepares:
        raise Skipped("it prepares its inputs clip by clip: there is no padding")
    for clips in subject.clips:
        plain = _encode(encoder, clips)
        values, mask = _padded(clips, rows=len(clips[0]) // 4 + 1, noise=True)
        try:
            noisy: Stream = quiet(encoder, values, mask)
        except UserError as error:
            raise Skipped(f"it takes no other number of {encoder.reads}: {error.line}") from None
        for index in range(len(clips)):
            _compare(
                _rows(plain, index),
                _rows(noisy, index),
                f"masked {encoder.reads} of garbage behind the clips",
            )


def assets(subject: Subject) -> None:
    """What a derived encoder learnt survives `assets` and `load_assets`; it reads `sources` alone, and leaves them."""
    encoder = subject.encoder
    if not isinstance(encoder, DerivedEncoder):
        raise Skipped("it is not made of other streams")
    other = subject.build().eval()
    assert isinstance(other, DerivedEncoder)
    other.load_assets(encoder.assets())
    expect(
        encoder.dim == other.dim, "the assets loaded into a new one", f"dim; {encoder.dim} became {other.dim}"
    )
    for clip, streams in subject.clips[0]:
        before = {name: stream.values.clone() for name, stream in streams.items()}
        first, second = quiet(encoder.derive, streams, clip), quiet(other.derive, streams, clip)
        _compare(first.values[first.mask], second.values[second.mask], "the assets loaded into a new one")
        for name, values in before.items():
            expect(
                torch.equal(values, streams[name].values),
                "a stream derived",
                f"the stream '{name}' that it is made of",
            )


CHECKS: Checks = {
    "dim": width,
    "recipe": recipe,
    "batch = single": batch_is_single,
    "same twice": same_twice,
    "masked rows": masked_rows,
    "assets": assets,
}


def _cut(path: Path) -> list[Clip]:
    """The film, and a part of it."""
    end = 2.4 if path.stem == "wide" else 1.6
    return [Clip("whole", str(path), 0.0, end, end), Clip("part", str(path), 0.47 * end, end, end)]


def _encode(encoder: Encoder, clips: Sequence[Any], seed: int = 0) -> Stream:
    """Clips side by side."""
    if isinstance(encoder, DerivedEncoder):
        return stack([quiet(encoder.derive, streams, clip, seed=seed) for clip, streams in clips])
    inputs: tuple[Any, ...]
    if encoder.reads == "text":
        inputs = (list(clips),)
    elif encoder.prepares:
        inputs = (encoder.collate([encoder.prepare(clip, _times(clip)) or {} for clip in clips]),)
    else:
        inputs = _padded(clips)
    return quiet(encoder, *inputs, seed=seed)  # type: ignore[no-any-return]


def _padded(clips: Sequence[np.ndarray], rows: int = 0, noise: bool = False) -> tuple[Tensor, Tensor]:
    """Arrays side by side, with masked rows of zeros or of garbage behind them."""
    length = max(map(len, clips)) + rows
    first = torch.from_numpy(clips[0])
    shape = (len(clips), length, *first.shape[1:])
    values = torch.zeros(shape, dtype=first.dtype)
    values = garbage(values) if noise else values
    mask = torch.zeros(shape[:2], dtype=torch.bool)
    for index, clip in enumerate(clips):
        values[index, : len(clip)] = torch.from_numpy(clip)
        mask[index, : len(clip)] = True
    return values, mask


def _times(frames: np.ndarray) -> np.ndarray:
    """Seconds of frames, ten a second."""
    return np.arange(len(frames), dtype=np.float32) / 10


def _rows(stream: Stream, index: int) -> Tensor:
    return stream.values[index][stream.mask[index]]


def _compare(a: Tensor, b: Tensor, changed: str) -> None:
    expect(a.shape == b.shape, changed, f"the rows of a clip; {list(a.shape)} became {list(b.shape)}")
    far = float((a.float() - b.float()).abs().max()) if a.numel() else 0.0
    limit = TOLERANCE * max(1.0, float(a.float().abs().max()) if a.numel() else 0.0)
    expect(far <= limit, changed, f"the rows of a clip; they move by up to {far:.2g}")


def _what(clips: Sequence[Any]) -> str:
    first = clips[0]
    if isinstance(first, np.ndarray):
        return f"{first.shape[2]} x {first.shape[1]} pictures" if first.ndim == 4 else "sounds"
    return "texts" if isinstance(first, str) else "streams of clips"
