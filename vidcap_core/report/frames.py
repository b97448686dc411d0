"""A few small frames of a clip, as JPEG data URIs."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

SIDE, COUNT, QUALITY = 120, 8, 72


def filmstrip(path: str, span: tuple[float, float], count: int = COUNT, side: int = SIDE) -> dict[str, Any]:
    """Frames spread over a span: `{"times": [...], "images": ["data:image/jpeg;..."], "width", "height"}`.

    A span whose end is not after its start is unknown: the whole file.
    """
    from vidcap_core.video import Frames, read_frames

    start, end = span
    film = read_frames(
        path,
        {"kind": "uniform", "count": count},
        start=start,
        end=end if end > start else None,
        short_side=side,
    )
    if film.times[0] == film.times[-1]:  # a picture
        film = Frames(film.values[:1], film.times[:1])
    height, width = film.values.shape[1:3]
    images = [jpeg(frame) for frame in film.values]
    return {
        "times": [round(float(t), 2) for t in film.times],
        "images": images,
        "width": width,
        "height": height,
    }


def jpeg(frame: np.ndarray) -> str:
    """A frame [H, W, 3] as a data URI."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
