"""The curves of a run: from scalars.jsonl to charts, and to PNG and CSV files."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidcap_core.contracts.panels import Curve
from vidcap_core.saved import scalars
from vidcap_metrics.files.atomic import whole_file, whole_text

CLOCKED = ("clips_per_s", "words_per_s", "data_wait", "mfu", "gpu_memory_gib")
"""Numbers of a run that depend on the machine and the hour, and not on the seed."""

TITLES = {
    "lr": "learning rate",
    "clips_per_s": "clips per second",
    "words_per_s": "words per second",
    "data_wait": "share of the time spent waiting for data",
    "mfu": "share of the GPU's arithmetic in use",
    "gpu_memory_gib": "peak memory of the GPU in GiB",
}

POINTS = 400
"""Most points of a drawn line; a longer one is shown by the means of equal stretches."""


@dataclass(frozen=True)
class Chart:
    """Curves that share axes."""

    name: str
    curves: tuple[Curve, ...]

    @property
    def title(self) -> str:
        """What is drawn, in words."""
        return TITLES.get(self.name, self.name)

    @property
    def slug(self) -> str:
        """The chart's name as a file name."""
        return "".join(c if c.isalnum() or c in "-_" else "-" for c in self.name)


def read_charts(file: Path, watched: Collection[str] = ()) -> list[Chart]:
    """Losses in one chart, but for those that are only watched; scores of a name in one chart; the rest one by one."""
    columns: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, step, value in scalars.read(file):
        columns[name].append((step, value))
    groups: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(dict)
    for name, points in columns.items():
        group, _, rest = name.partition("/")
        if not rest:
            groups[name][name] = points
        elif group == "loss" and rest not in watched:
            groups["loss"][rest] = points
        elif group == "loss":
            groups[rest][rest] = points
        else:
            groups[_family(rest)][f"{group} {rest}"] = points
    rank = {"loss": 0, "lr": 2, **dict.fromkeys(CLOCKED, 3)}
    return [
        Chart(group, tuple(_curve(name, points) for name, points in members.items()))
        for group, members in sorted(groups.items(), key=lambda item: rank.get(item[0], 1))
    ]


def thinned(curve: Curve) -> Curve:
    """At most `POINTS` points: means over equal stretches."""
    size = math.ceil(len(curve.x) / POINTS)
    if size <= 1:
        return curve
    x, y = (
        [_mean(values[i : i + size]) for i in range(0, len(values), size)] for values in (curve.x, curve.y)
    )
    return Curve(curve.name, tuple(x), tuple(y), curve.x_label, curve.y_label)


def export(charts: Sequence[Chart], folder: Path) -> list[str]:
    """Each chart as PNG and CSV; returns the names of the files."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for chart in charts:
        table, picture = folder / f"{chart.slug}.csv", folder / f"{chart.slug}.png"
        with whole_text(table) as file:  # a link in its place is replaced, not followed
            writer = csv.writer(file)
            writer.writerow(["curve", "step", "value"])
            writer.writerows((c.name, x, y) for c in chart.curves for x, y in zip(c.x, c.y, strict=True))
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for curve in chart.curves:
            axes.plot(
                curve.x,
                curve.y,
                label=_no_maths(curve.name),
                marker="." if len(curve.x) < 30 else None,
                linewidth=1.4,
            )
        axes.set(xlabel="step", title=_no_maths(chart.title))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="small")
        with whole_file(picture) as file:
            figure.savefig(file, dpi=150)
        names += [picture.name, table.name]
    return names


def _no_maths(name: str) -> str:
    """A name as it is: what stands between two of these signs would be set as a formula."""
    return name.replace("$", r"\$")


def _curve(name: str, points: list[tuple[float, float]]) -> Curve:
    return Curve(name, tuple(x for x, _ in points), tuple(y for _, y in points), x_label="step")


def _family(name: str) -> str:
    """BLEU-1 to BLEU-4 belong together."""
    head, _, tail = name.rpartition("-")
    return head if head and tail.isdigit() else name


def _mean(values: Sequence[float]) -> float:
    real = [value for value in values if math.isfinite(value)]
    return sum(real) / len(real) if real else math.nan
