"""Other decoders, used when they are installed and asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import limits
from vidcap_core.video import sampling as moments
from vidcap_core.video.frames import Frames
from vidcap_core.video.orientation import Upright
from vidcap_core.video.probe import duration, first_frame, frame_rate, opened, picture, until

ROW = 64
"""decord hands out turned pictures only where a row is a multiple of so many bytes."""


def read_with(
    decoder: str,
    path: str | Path,
    sampling: Mapping[str, Any],
    *,
    start: float,
    end: float | None,
    short_side: int | None,
    rng: np.random.Generator | None,
) -> Frames:
    """Frames through torchcodec or decord, at the same moments as through PyAV."""
    if decoder not in READERS:
        raise UserError(f"no decoder is named '{decoder}'", hint="pyav | " + " | ".join(READERS))
    library = _load(decoder)
    with opened(path) as container:
        stream = picture(container, path, short_side)
        length = duration(container, stream, path)
        first = first_frame(container, stream, path)
        upright = Upright.of(first)
        limits.check_size(path, first.width, first.height, short_side)
        size = upright.size(first.width, first.height)
        stop = until(path, length, start, end)
        sampling = moments.timed(sampling, frame_rate(stream), path)
        count = moments.count(sampling, start, stop)
        resized = limits.resized(*size, short_side)
        for width, height in (size, resized):  # they give whole pictures, which are made small here
            limits.check_bytes(path, count * 3 * width * height, stop - start)
    wanted = moments.frame_times(sampling, start, stop, rng)
    try:
        values = READERS[decoder](library, str(path), wanted, upright, size)
    except Exception as error:
        if "libtorchcodec" in str(error):  # it looks for FFmpeg's libraries only when it opens a file
            raise _unusable(decoder, error) from error
        raise VideoError(f"{path}: {decoder} cannot read it: {_first_line(error)}") from error
    turned = upright.unmirrored(values.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    return Frames(_resize(turned, resized), wanted)


def _load(decoder: str) -> Any:
    try:
        return importlib.import_module("torchcodec.decoders" if decoder == "torchcodec" else "decord")
    except (ImportError, OSError, RuntimeError) as error:
        raise _unusable(decoder, error) from error


def _unusable(decoder: str, error: BaseException) -> UserError:
    shared = ", and FFmpeg's shared libraries" if decoder == "torchcodec" else ""
    hint = f"pip install {decoder}{shared}; or decoder='pyav'"
    reason = _first_line(error).removesuffix(" Likely causes:")
    return UserError(f"the decoder {decoder} cannot be used: {reason}", hint=hint)


def _torchcodec(
    library: ModuleType, path: str, wanted: np.ndarray, upright: Upright, size: tuple[int, int]
) -> np.ndarray:
    reader = library.VideoDecoder(path)
    first, end = float(reader.metadata.begin_stream_seconds), float(reader.metadata.end_stream_seconds)
    times = np.minimum(
        wanted + first, np.nextafter(end, first)
    )  # past the end there is nothing on its screen
    return np.asarray(reader.get_frames_played_at(times.tolist()).data.permute(0, 2, 3, 1).numpy())


def _decord(
    library: ModuleType, path: str, wanted: np.ndarray, upright: Upright, size: tuple[int, int]
) -> np.ndarray:
    width = -(-size[0] // ROW) * ROW if upright.swap else size[0]
    reader = library.VideoReader(path, width=width, height=size[1])
    begins = reader.get_frame_timestamp(np.arange(len(reader)))[:, 0]
    if begins[0] < 0 or (np.diff(begins) <= 0).any():  # AVI: it would give other pictures than asked for
        raise ValueError("it finds no time stamps in this file, use decoder='pyav'")
    indices = np.searchsorted(begins - begins[0], wanted + 1e-6, side="right") - 1
    return np.asarray(reader.get_batch(np.clip(indices, 0, len(reader) - 1).tolist()).asnumpy())


READERS: dict[str, Callable[..., np.ndarray]] = {"torchcodec": _torchcodec, "decord": _decord}


def _resize(values: np.ndarray, wanted: tuple[int, int]) -> np.ndarray:
    """The same size that PyAV's scaler would give."""
    from PIL import Image

    if values.shape[1:3] == wanted[::-1]:
        return np.ascontiguousarray(values)
    resampling = Image.Resampling.BOX if wanted[1] < values.shape[1] else Image.Resampling.BILINEAR
    return np.stack(
        [np.asarray(Image.fromarray(np.ascontiguousarray(v)).resize(wanted, resampling)) for v in values]
    )


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
