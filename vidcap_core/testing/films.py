"""Two small films with sound that no data set would have: not square, of different lengths and shapes."""

from __future__ import annotations

from pathlib import Path

from vidcap_core.testing.videos import write_video


def two_films(folder: Path) -> tuple[Path, Path]:
    """A wide one of 2.4 seconds, and a high one of 1.6."""
    wide = write_video(folder / "wide.mp4", seconds=2.4, fps=10)
    high = folder / "high.mp4"
    return wide, write_video(high, seconds=1.6, fps=10, width=64, height=96, colour=(30, 90, 220), pitch=880)
