"""Feature stores of many small clips: what opening one costs a process, and whether writing is linear.

    python benchmarks/feature_index.py --out benchmarks/results/feature_index.json

A store of N clips of [1, 8] float16 is written, and opened in a process of its own: processor seconds until the first
clip was read, and how much private memory that process has more than before. Version 2, all clips in one JSON, is
measured beside it on the same clips.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vidcap_core.features.index import read_index, write_index
from vidcap_core.features.shard_index import index_name
from vidcap_core.features.store import FeatureStore
from vidcap_core.features.writer import FeatureWriter
from vidcap_core.testing import measured

COUNTS = (10_000, 100_000, 1_000_000)
SHARD = 1 << 20
OPEN = """
import sys, time
from vidcap_core.features.store import FeatureStore
def private():
    with open("/proc/self/smaps_rollup") as file:
        rows = dict(line.split(":") for line in file if "kB" in line and not line.startswith("[") )
    names = ("Private_Clean", "Private_Dirty")
    return sum(int(rows[name].split()[0]) for name in names) / 1024
def resident():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
before, high, start = private(), resident(), time.process_time()
store = FeatureStore(sys.argv[1])
store["clip-00000007"]
print(time.process_time() - start, private() - before, resident() - high)
"""


def write(path: Path, count: int) -> float:
    """Processor seconds of writing so many clips."""
    values = np.zeros((1, 8), np.float16)
    start = time.process_time()
    with FeatureWriter(path, {"encoder": "Made"}, "float16", SHARD) as writer:
        for number in range(count):
            writer.add(f"clip-{number:08}", values)
    return time.process_time() - start


def opened(path: Path) -> dict[str, float]:
    """What opening a store and reading one clip costs a process."""
    done = subprocess.run([sys.executable, "-c", OPEN, str(path)], capture_output=True, text=True, check=True)
    seconds, private, peak = map(float, done.stdout.split())
    return {"cpu_seconds": round(seconds, 3), "private_mib": round(private, 1), "peak_mib": round(peak, 1)}


def listed(path: Path) -> None:
    """The same store as version 2 had it."""
    store, index = FeatureStore(path), read_index(path)
    index["clips"] = {clip: place.plain() for clip, place in store._clips.items()}
    for shard in index["shards"]:
        (path / index_name(shard["file"])).unlink()
        del shard["clips"], shard["index"]
    write_index(path, {**index, "version": 2})


def main() -> None:
    """Measure each size, and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    args = parser.parse_args()
    rows = []
    for count in args.counts:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "store"
            row = {"clips": count, "write_cpu_seconds": round(write(path, count), 2)}
            row["index_json_bytes"] = (path / "index.json").stat().st_size
            row["version_3"] = opened(path)
            listed(path)
            row["version_2"] = opened(path)
        print(json.dumps(row), flush=True)
        rows.append(row)
    measured.write(args.out, {"clips": "[1, 8] float16, shards of 1 MiB", "rows": rows})


if __name__ == "__main__":
    main()
