"""Other decoders, used when they are installed and asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import sampling as moments

if TYPE_CHECKING:
    from vidcap_core.video.decoder import Frames

NAMES = ("torchcodec", "decord")


def read_with(
    decoder: str, path: str | Path, sampling: Mapping[str, Any], *, start: float, end: float | None,
    short_side: int | None, rng: np.random.Generator | None,
) -> Frames:  # fmt: skip
    """Frames through torchcodec or decord, at the same moments as through PyAV."""
    from vidcap_core.video.decoder import Frames

    if decoder not in NAMES:
        raise UserError(f"no decoder is named '{decoder}'", hint="pyav | " + " | ".join(NAMES))
    try:
        library = importlib.import_module("torchcodec.decoders" if decoder == "torchcodec" else "decord")
    except (ImportError, OSError, RuntimeError) as error:  # torchcodec raises RuntimeError without FFmpeg
        hint = f"pip install {decoder}, or decoder='pyav'"
        raise UserError(f"the decoder {decoder} cannot be used: {error}", hint=hint) from error
    failures = (RuntimeError, ValueError, *([library.DECORDError] if decoder == "decord" else []))
    try:
        if decoder == "torchcodec":
            reader = library.VideoDecoder(str(path))
            first, length = float(reader.metadata.begin_stream_seconds), float(reader.metadata.end_stream_seconds)
            wanted = moments.times(sampling, start, length - first if end is None else min(end, length - first), rng)
            values = reader.get_frames_played_at((wanted + first).tolist()).data.permute(0, 2, 3, 1).numpy()
        else:
            reader = library.VideoReader(str(path))
            stamps = reader.get_frame_timestamp(np.arange(len(reader)))
            wanted = moments.times(sampling, start, float(stamps[-1, 1]) if end is None else end, rng)
            shown = np.clip(np.searchsorted(stamps[:, 0], wanted, side="right") - 1, 0, len(reader) - 1)
            values = reader.get_batch(shown.tolist()).asnumpy()
    except failures as error:
        raise VideoError(f"{path}: {decoder} cannot read it: {str(error).splitlines()[0]}") from error
    return Frames(_shrink(values, short_side), wanted)


def _shrink(values: np.ndarray, short_side: int | None) -> np.ndarray:
    """The same size that PyAV's scaler would give."""
    if short_side is None:
        return values
    from PIL import Image

    height, width = values.shape[1:3]
    scale = short_side / min(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.stack([np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BOX)) for frame in values])
