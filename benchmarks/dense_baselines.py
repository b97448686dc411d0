"""What blind predictions score in dense captioning, and how long localisation takes, on the real annotations.

python benchmarks/dense_baselines.py [FOLDER]        FOLDER holds activitynet/ and youcook2/, gzipped
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from vidcap_metrics import baselines
from vidcap_metrics.formats_dense import read_references
from vidcap_metrics.intervals import Events
from vidcap_metrics.localisation import Timing
from vidcap_metrics.located import Localisation


def activitynet(folder: Path) -> Iterator[tuple[str, Timing, Events]]:
    """Rows on val_1 + val_2; counts come from the training split unless the row says so."""
    train, one, two = (read_references(folder / f"{name}.json.gz")[0] for name in ("train", "val_1", "val_2"))
    timing, seconds = Timing(list(one.events), [one.events, two.events]), one.durations
    mean, usual = baselines.mean_count(train.events), baselines.usual_count(train.events)
    yield "2 equal segments", timing, baselines.equal_segments(seconds, 2)
    yield f"{usual} equal segments (commonest count)", timing, baselines.equal_segments(seconds, usual)
    yield f"{mean} equal segments (mean count)", timing, baselines.equal_segments(seconds, mean)
    for width in (1.5, 1.6):
        name = f"{usual} equal segments, width × {width} (chosen on val)"
        yield name, timing, baselines.equal_segments(seconds, usual, width)
    yield "whole clip and its halves", timing, baselines.whole_and_halves(seconds)
    counts = {clip: len(events) for clip, events in one.events.items()}
    yield "as many equal segments as val_1 has events", timing, baselines.equal_segments(seconds, counts)
    parts = baselines.median_intervals(train.events, train.durations, usual)
    name = f"median intervals of the training clips with {usual} events"
    yield name, timing, baselines.constant_intervals(seconds, parts)
    yield "val_2 against val_1 (4,885 clips)", Timing(list(two.events), [one.events]), two.events


def youcook2(folder: Path) -> Iterator[tuple[str, Timing, Events]]:
    """Rows on the validation split, one annotator."""
    train, val = (read_references(folder / f"yc2_{name}.json.gz")[0] for name in ("train", "val"))
    timing, mean = Timing(list(val.events), [val.events]), baselines.mean_count(train.events)
    yield "7 equal segments", timing, baselines.equal_segments(val.durations, 7)
    yield f"{mean} equal segments (mean count)", timing, baselines.equal_segments(val.durations, mean)
    yield "10 equal segments", timing, baselines.equal_segments(val.durations, 10)
    yield (
        "12 equal segments, width × 1.2 (chosen on val)",
        timing,
        baselines.equal_segments(val.durations, 12, 1.2),
    )
    counts = {clip: len(events) for clip, events in val.events.items()}
    yield (
        "as many equal segments as there are events",
        timing,
        baselines.equal_segments(val.durations, counts),
    )


def main() -> None:
    """Print both tables and the time of one evaluation."""
    folder = (
        Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "shared" / "data"
    )
    for title, rows in (("activitynet", activitynet), ("youcook2", youcook2)):
        print(f"\n| {title} | R | P | F1 | order-tIoU |\n|---|---|---|---|---|")
        for name, timing, events in rows(folder / title):
            found = timing.locate(events).values
            order = timing.in_order(events).mean()
            row = (found["R"], found["P"], found["F1"], order)
            print(f"| {name} | " + " | ".join(f"{100 * value:.2f}" for value in row) + " |")
    one, two = (read_references(folder / "activitynet" / f"val_{n}.json.gz")[0] for n in (1, 2))
    events = baselines.equal_segments(one.durations, 3)
    begin = perf_counter()
    scorer = Localisation(detail=True).scorer([one.events, two.events], one.durations)
    ready = perf_counter()
    scorer.score(events)
    took = f"prepared {ready - begin:.2f} s, scored {perf_counter() - ready:.2f} s"
    print(f"\nval_1 + val_2, 3 events a clip: {took}")


if __name__ == "__main__":
    main()
