"""Caption jobs of rows: Ray against threads, and memory over many clips.

    python benchmarks/ray_jobs.py speed --model BUNDLE --out results.json
    python benchmarks/ray_jobs.py memory --model BUNDLE --clips 20000 --out results.json

Files are made: films of a second. `speed` gives both engines the same files and alternates threads and actors over
`--rounds`; the seconds until the first row (of Ray: start of cluster, actors and model) are told apart, as a job of
hours pays them once.
`memory` runs the Ray engine and samples the resident memory of this process and of all that it started.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from vidcap_core.captioning.file_captioner import FileCaptioner, load
from vidcap_core.jobs.job import Engine
from vidcap_core.jobs.local_engine import LocalEngine
from vidcap_core.jobs.ray_engine import RayEngine, everywhere
from vidcap_core.testing import measured
from vidcap_core.testing.videos import write_video

SAMPLE = 5.0
"""Seconds between two looks at the memory."""


def films(folder: Path, count: int, different: int = 50) -> list[Path]:
    """So many files, of `different` contents."""
    colours = [(40 + 4 * n, 255 - 5 * n, (70 * n) % 255) for n in range(different)]
    made = [
        write_video(folder / f"{n}.mp4", seconds=1.0, colour=colours[n]) for n in range(min(count, different))
    ]
    for number in range(different, count):
        (folder / f"{number}.mp4").hardlink_to(made[number % different])
        made.append(folder / f"{number}.mp4")
    return made


def timed(engine: Engine, files: list[Path]) -> dict[str, Any]:
    """Files a second from the first row to the last, what came before, and the captions."""
    start = time.monotonic()
    first, captions = None, {}
    for source, rows in engine.run(files):
        first = first or time.monotonic()
        captions[str(source)] = rows[0]["caption"]
    assert first is not None
    end = time.monotonic()
    return {"start": first - start, "rate": (len(files) - 1) / (end - first), "captions": captions}


def engines(captioner: FileCaptioner, count: int) -> dict[str, Engine]:
    """Threads here, and as many actors."""
    assert captioner.recipe is not None
    recipe = everywhere(captioner.recipe)
    return {
        "local": LocalEngine(captioner, workers=count),
        "ray": RayEngine(recipe, captioner.reader.wanted, actors=count),
    }


def speed(captioner: FileCaptioner, files: list[Path], rounds: int) -> dict[str, Any]:
    """Both engines in turn; the ratio is that of medians."""
    pair = engines(captioner, 2)
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in pair}
    for _ in range(rounds):
        for name, engine in pair.items():
            results[name].append(timed(engine, files))
    same = results["local"][0]["captions"] == results["ray"][0]["captions"]
    rates = {name: [round(each["rate"], 3) for each in made] for name, made in results.items()}
    starts = {name: [round(each["start"], 1) for each in made] for name, made in results.items()}
    ratio = statistics.median(rates["ray"]) / statistics.median(rates["local"])
    return {
        "files": len(files),
        "same_texts": same,
        "files_a_second": rates,
        "start": starts,
        "ratio": round(ratio, 3),
    }


def memory(captioner: FileCaptioner, files: list[Path]) -> dict[str, Any]:
    """Mean resident MiB of this process and its descendants in each tenth of the job."""
    samples: list[tuple[int, float, float]] = []
    done, ended, me = 0, threading.Event(), psutil.Process()

    def look() -> None:
        while not ended.wait(SAMPLE):
            others = sum(_resident(process) for process in me.children(recursive=True))
            samples.append((done, _resident(me), others))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in engines(captioner, 2)["ray"].run(files):
            done += 1
    finally:
        ended.set()
        watcher.join()
    tenths: dict[int, list[tuple[float, float]]] = {}
    for count, driver, others in samples:
        if count:
            tenths.setdefault(min(9, 10 * count // len(files)), []).append((driver, others))
    rows = []
    for tenth, of in sorted(tenths.items()):
        driver, others = (statistics.mean(part) for part in zip(*of, strict=True))
        rows.append({"tenth": tenth, "driver_mib": round(driver), "all_mib": round(driver + others)})
    return {"files": len(files), "tenths": rows}


def _resident(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss / 2**20
    except psutil.Error:
        return 0.0


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("speed", "memory"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    captioner = load(args.model, "cpu")
    with tempfile.TemporaryDirectory() as folder:
        files = films(Path(folder), args.clips)
        result = speed(captioner, files, args.rounds) if args.what == "speed" else memory(captioner, files)
    print(result)
    measured.write(args.out, {"model": args.model, **result})


if __name__ == "__main__":
    main()
