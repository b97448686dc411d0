"""Random reads: a feature store against one h5 file with a key a video, same clips, same order, interleaved.

    python benchmarks/features_random_read.py [--clips 2000] [--rounds 7]

Both are opened once, and every array is copied out, so that neither can answer with a promise.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from vidcap_core.api import FeatureWriter
from vidcap_core.features.store import FeatureStore


def seconds(store: Mapping[str, Any], ids: list[str], into: np.ndarray) -> float:
    """Time to copy the features of each id out of a store."""
    start = time.perf_counter()
    for clip in ids:
        into[:] = store[clip]
    return time.perf_counter() - start


def main() -> None:
    """Write both, read both, print the ratios of all rounds and their median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--dim", type=int, default=1280)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    ids = [f"video{index}" for index in range(args.clips)]
    into = np.empty((args.rows, args.dim), np.float16)
    with tempfile.TemporaryDirectory() as folder:
        with h5py.File(Path(folder) / "f.h5", "w") as file, FeatureWriter(Path(folder) / "s", {}) as writer:
            for clip in ids:
                values = rng.normal(size=into.shape).astype(np.float16)
                file[clip] = values
                writer.add(clip, values)
        ratios, ours = [], []
        with h5py.File(Path(folder) / "f.h5", "r") as file:
            store = FeatureStore(Path(folder) / "s")
            for _ in range(args.rounds):
                order = [ids[i] for i in rng.permutation(len(ids))]
                mine, theirs = seconds(store, order, into), seconds(file, order, into)
                ratios.append(theirs / mine)
                ours.append(mine / len(ids))
    print(f"{args.clips} clips of [{args.rows}, {args.dim}] float16, files in the page cache")
    print(f"store: {statistics.median(ours) * 1e6:.1f} us a clip (median of {args.rounds} rounds)")
    print("h5 / store: " + ", ".join(f"{ratio:.1f}" for ratio in sorted(ratios)))
    print(f"median ratio: {statistics.median(ratios):.1f}x")


if __name__ == "__main__":
    main()
