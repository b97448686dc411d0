"""What a decoder gives: frames with the moments they were asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures uint8 [T, H, W, 3], RGB, upright, and the moments they were asked for, in seconds of the file."""

    values: np.ndarray
    times: np.ndarray
