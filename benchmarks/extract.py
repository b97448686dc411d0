"""End to end: `features extract` against a plain loop of OpenCV read + the same model, interleaved.

    python benchmarks/extract.py VIDEOS [--rounds 3] [--workers 2]

The plain loop is what extraction scripts do: read every frame with OpenCV, keep the wanted ones, prepare them as the
encoder does, run the model, save an array. Both run on the same number of cores with the same number of threads.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from vidcap_core.api import Clip, Encoder
from vidcap_core.datasets.extraction import clips_in, load_encoder
from vidcap_core.features.extract import extract


def plain(clips: list[Clip], encoder: Encoder, frames: int, folder: Path) -> None:
    """Read, keep, encode, save: one after the other."""
    for clip in clips:
        video = cv2.VideoCapture(str(clip.path))
        count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        wanted = set(((np.arange(frames) + 0.5) * count / frames).astype(int).tolist())
        kept, index = [], 0
        while True:
            there, picture = video.read()
            if not there:
                break
            if index in wanted:
                kept.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
            index += 1
        video.release()
        with torch.inference_mode():
            values = encoder(torch.from_numpy(np.stack(kept))[None]).values[0]
        np.save(folder / f"{clip.id}.npy", values.numpy().astype(np.float16))


def main() -> None:
    """Print frames a second of both, the ratios of all rounds and their median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path)
    parser.add_argument("--encoder", default="EfficientNetLite0")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    encoder = load_encoder(args.encoder)
    frames = int(encoder.sampling["count"])
    clips = clips_in(args.videos)
    ratios, speeds = [], []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            report = extract(clips, encoder, Path(folder) / "store", args.workers)
            ours = time.perf_counter() - start
            start = time.perf_counter()
            plain(clips, encoder, frames, Path(folder))
            theirs = time.perf_counter() - start
        assert report.made == len(clips), report.skipped
        ratios.append(theirs / ours)
        speeds.append(len(clips) * frames / ours)
    print(
        f"{len(clips)} files, {frames} frames each, {args.encoder}, {torch.get_num_threads()} torch threads"
    )
    print(f"vidcap: {statistics.median(speeds):.0f} frames/s (median of {args.rounds} rounds)")
    print("plain / vidcap: " + ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios)))
    print(f"median ratio: {statistics.median(ratios):.2f}x")


if __name__ == "__main__":
    main()
