"""Training from shards: what it costs to begin, however many samples there are, and how fast it reads.

    python benchmarks/shards.py --out benchmarks/results/shards.json

`begin`: a process reads the first batch of N samples, and another one a batch in the midst of the epoch, as a resumed
run does; processor seconds behind the imports, and the most memory. Shards beyond the first ten are links to those ten,
so that a million samples fit on a disk. `rate`: the loader of training over the same 10,000 samples, as a folder of
.npy with lines of JSON, as tar shards and as Parquet, in turn; samples a processor second, and the clock's.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from child import processor_seconds, run_child, worker_arguments

from vidcap_core.contracts.dataset import Dataset, is_stream
from vidcap_core.datasets.jsonl import Jsonl
from vidcap_core.datasets.shards import Shards
from vidcap_core.engine.data import Order, training_loader
from vidcap_core.engine.lanes import LaneOrder
from vidcap_core.testing import measured
from vidcap_core.tokenizers.vocabulary import Vocabulary

COUNTS = (100, 10_000, 1_000_000)
PER_SHARD, DIFFERENT, BATCH = 1000, 10, 50
WIDTH, ROWS = 64, 16
LAYOUTS = ("folder", "tar", "parquet")


def rows(number: int) -> np.ndarray:
    """Features of a sample."""
    return np.random.default_rng(number).standard_normal((ROWS, WIDTH)).astype(np.float32)


def caption(number: int) -> str:
    """Ten words."""
    return " ".join(f"w{word}" for word in np.random.default_rng([1, number]).integers(0, 500, 10))


def write_tars(folder: Path, count: int) -> None:
    """Shards of a thousand samples, and how many each has."""
    folder.mkdir()
    sizes = {}
    for first in range(0, count, PER_SHARD):
        name = f"{first // PER_SHARD:05}.tar"
        sizes[name] = min(PER_SHARD, count - first)
        if first >= DIFFERENT * PER_SHARD:
            (folder / name).hardlink_to(folder / f"{first // PER_SHARD % DIFFERENT:05}.tar")
            continue
        with tarfile.open(folder / name, "w") as archive:
            for number in range(first, first + sizes[name]):
                content = io.BytesIO()
                np.save(content, rows(number))
                for end, part in (("image.npy", content.getvalue()), ("txt", caption(number).encode())):
                    info = tarfile.TarInfo(f"{number:06}.{end}")
                    info.size = len(part)
                    archive.addfile(info, io.BytesIO(part))
    (folder / "sizes.json").write_text(json.dumps(sizes))


def write_layouts(folder: Path, count: int) -> None:
    """The same samples in three layouts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    write_tars(folder / "tar", count)
    (folder / "folder" / "features").mkdir(parents=True)
    (folder / "parquet").mkdir()
    with (folder / "folder" / "train.jsonl").open("w") as lines:
        for number in range(count):
            np.save(folder / "folder" / "features" / f"{number:06}.npy", rows(number))
            lines.write(json.dumps({"video": f"{number:06}.mp4", "caption": caption(number)}) + "\n")
    for first in range(0, count, PER_SHARD):
        numbers = range(first, min(count, first + PER_SHARD))
        table = pa.table(
            {
                "id": [f"{number:06}" for number in numbers],
                "image": pa.array([list(rows(n)) for n in numbers], pa.list_(pa.list_(pa.float32()))),
                "caption": [caption(number) for number in numbers],
            }
        )
        pq.write_table(table, folder / "parquet" / f"{first // PER_SHARD:05}.parquet")


def words() -> Vocabulary:
    """A tokenizer of all words."""
    made = Vocabulary()
    made.fit([" ".join(f"w{word}" for word in range(500))] * 5)
    return made


def dataset(layout: str, folder: Path) -> Any:
    """The data set of a layout."""
    if layout == "folder":
        return Jsonl(root=str(folder / layout), streams={"image": str(folder / layout / "features")})
    return Shards(str(folder / layout), streams=["image"])


def read(data: Any, epoch: int, position: int, batches: int) -> int:
    """Read so many batches as training does; gives the samples."""
    order: Order | LaneOrder
    order = LaneOrder(data, BATCH, (0, 0)) if is_stream(data) else Order(len(data), BATCH, (0, 0))
    order.seek(epoch, position)
    samples = 0
    for _, batch in zip(range(batches), training_loader(data, order, words(), 0), strict=False):
        samples += len(batch)
    return samples


def peak() -> float:
    """The most memory of this process since it began, in MiB; `getrusage` would count its parent's."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def begin(folder: str, position: str) -> None:
    """In a process of its own: a batch of a position, and what it took."""
    before, imported = processor_seconds(), peak()
    read(dataset("tar", Path(folder)), 0, int(position), 1)
    print(json.dumps([processor_seconds() - before, peak() - imported, peak()]))


def beginnings(folder: Path) -> list[dict[str, float]]:
    """Of each number of samples: the first batch, and one in the midst of an epoch."""
    found = []
    for count in COUNTS:
        here = folder / str(count)
        here.mkdir()
        write_tars(here / "tar", count)
        row: dict[str, float] = {"samples": count, "shards": len(list((here / "tar").glob("*.tar")))}
        for name, position in (("first", 0), ("midst", count // BATCH // 2)):
            seconds, more, whole = run_child(__file__, "--worker", str(here), str(position)).printed
            row |= {
                f"{name}_s": round(seconds, 3),
                f"{name}_mib": round(more, 1),
                "process_mib": round(whole),
            }
        print(row)
        found.append(row)
    return found


def rates(folder: Path, rounds: int) -> dict[str, Any]:
    """Samples a second of each layout, in turn, and against the folder."""
    write_layouts(folder, DIFFERENT * PER_SHARD)
    data: dict[str, Dataset] = {layout: dataset(layout, folder) for layout in LAYOUTS}
    processor: dict[str, list[float]] = {layout: [] for layout in LAYOUTS}
    clock: dict[str, list[float]] = {layout: [] for layout in LAYOUTS}
    for epoch in range(rounds + 1):
        for layout in LAYOUTS:
            start, before = time.perf_counter(), processor_seconds()
            samples = read(data[layout], epoch, 0, 1 << 30)
            if epoch:  # the first is for the machine's memory of files
                processor[layout].append(samples / (processor_seconds() - before))
                clock[layout].append(samples / (time.perf_counter() - start))
            print(epoch, layout, samples)
    middle = {layout: statistics.median(processor[layout]) for layout in LAYOUTS}
    return {
        "samples": DIFFERENT * PER_SHARD,
        "a_processor_second": {layout: [round(x) for x in processor[layout]] for layout in LAYOUTS},
        "a_second": {layout: [round(x) for x in clock[layout]] for layout in LAYOUTS},
        "against_the_folder": {layout: round(middle[layout] / middle["folder"], 3) for layout in LAYOUTS[1:]},
    }


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = {"load": os.getloadavg()[0], "rate": rates(folder, args.rounds), "begin": beginnings(folder)}
    print(json.dumps(result, indent=1))
    measured.write(args.out, result)


if __name__ == "__main__":
    given = worker_arguments()
    if given is None:
        main()
    else:
        begin(*given)
