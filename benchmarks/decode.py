"""Decoding alone: vidcap against OpenCV and decord, the same uniform frames of the same files, interleaved.

    python benchmarks/decode.py VIDEOS [--frames 20] [--rounds 5] [--short-side 256]

OpenCV grabs every frame and converts only the wanted ones. Twice: once with a short side of 256, as encoders ask for
it (the others shrink with cv2.resize, vidcap in the decoder's own conversion), and once at full size. There vidcap
pays for colours without a bias: FFmpeg's quick conversion, which OpenCV uses, is one to two levels too dark.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from vidcap_core.datasets.extraction import clips_in
from vidcap_core.video import read_frames

Reader = Callable[[str], np.ndarray]


def shrink(frame: np.ndarray, side: int | None) -> np.ndarray:
    """A frame whose short side is `side`."""
    if side is None:
        return frame
    scale = side / min(frame.shape[:2])
    size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def indices(count: int, frames: int) -> np.ndarray:
    """Frames on the screen in the middles of equal segments."""
    return ((np.arange(frames) + 0.5) * count / frames).astype(int)


def opencv(path: str, frames: int, side: int | None) -> np.ndarray:
    """The plain loop, at its best: unwanted frames are grabbed, not converted."""
    video = cv2.VideoCapture(path)
    wanted = indices(int(video.get(cv2.CAP_PROP_FRAME_COUNT)), frames)
    kept: list[np.ndarray] = []
    at = -1
    for index in wanted:
        while at < index:
            video.grab()
            at += 1
            picture = None
        if picture is None:
            picture = shrink(cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB), side)
        kept.append(picture)
    video.release()
    return np.stack(kept)


def decord(path: str, frames: int, side: int | None) -> np.ndarray:
    """decord's batch reader."""
    from decord import VideoReader

    video = VideoReader(path)
    return np.stack([shrink(frame, side) for frame in video.get_batch(indices(len(video), frames)).asnumpy()])


def main() -> None:
    """Compare at the size that encoders ask for, and at full size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", type=Path)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--short-side", type=int, default=256)
    args = parser.parse_args()
    files = [str(clip.path) for clip in clips_in(args.videos)]
    for side in (args.short_side, None):
        compare(files, args.frames, args.rounds, side)


def compare(files: list[str], n: int, rounds: int, side: int | None) -> None:
    """Print the median over files of each reader's time, and the median ratio to the faster of the others."""
    sampling = {"kind": "uniform", "count": n}
    readers: dict[str, Reader] = {
        "vidcap": lambda path: read_frames(path, sampling, short_side=side).values,
        "opencv": lambda path: opencv(path, n, side),
    }
    try:
        import decord as _

        readers["decord"] = lambda path: decord(path, n, side)
    except (ImportError, OSError) as error:
        print(f"decord is left out: {error}")
    for read in readers.values():
        read(files[0])
    best: dict[str, list[float]] = {name: [] for name in readers}
    for path in files:
        times: dict[str, list[float]] = {name: [] for name in readers}
        for _ in range(rounds):
            for name, read in readers.items():
                start = time.perf_counter()
                read(path)
                times[name].append(time.perf_counter() - start)
        for name in readers:
            best[name].append(statistics.median(times[name]))
    print(f"{len(files)} files, {n} frames each, short side {side or 'as it is'}, {rounds} rounds")
    for name, seconds in best.items():
        print(
            f"{name}: {sum(seconds):.2f} s for all files, {n * len(files) / sum(seconds):.0f} kept frames/s"
        )
    others = [name for name in readers if name != "vidcap"]
    for name in others:
        ratios = [b / a for a, b in zip(best["vidcap"], best[name], strict=True)]
        print(
            f"speed against {name}: {sum(best[name]) / sum(best['vidcap']):.2f}x in all, "
            f"{statistics.median(ratios):.2f}x median file, {min(ratios):.2f}x worst"
        )
    fastest = [min(best[name][i] for name in others) for i in range(len(files))]
    ratios = [b / a for a, b in zip(best["vidcap"], fastest, strict=True)]
    print(
        f"speed against the faster, file by file: {statistics.median(ratios):.2f}x median, "
        f"{sum(fastest) / sum(best['vidcap']):.2f}x in all"
    )


if __name__ == "__main__":
    main()
