"""The picture of the README: clips of a toy run with their captions, three that are right and one that is wrong.

    vidcap demo && python benchmarks/showcase.py runs/toy-1

What a toy clip shows is known. A caption is right where no word of it contradicts the clip: the shape, its colour, its
size, what it does and how quickly. Chosen are the first three right ones that do different things, and the first wrong
one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from vidcap_core.datasets.toy import grammar
from vidcap_core.datasets.toy.world import COLOURS
from vidcap_core.video import read_frames

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "captions.png"
FRAMES = 6


def main() -> None:
    """Draw the picture, and print what README says of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, default=PICTURE)
    args = parser.parse_args()
    rows = json.loads((args.run / "predictions-val.json").read_text(encoding="utf-8"))
    facts = json.loads((Path(rows[0]["path"]).parents[1] / "toy.json").read_text(encoding="utf-8"))
    truth = {scene["id"]: scene["actors"][0] for scene in facts["scenes"]}
    judged = [(row, list(mistakes(row["text"], truth[row["id"]]))) for row in rows]
    right = [row for row, wrong in judged if not wrong]
    chosen = [*different(right, truth, 3), next(row for row, wrong in judged if wrong)]
    draw(chosen, args.out)
    print(f"{len(right)} of {len(rows)} captions are right in all they say")
    for row in chosen:
        print(f"{row['id']}: {row['text']}: {'; '.join(mistakes(row['text'], truth[row['id']])) or 'right'}")


def mistakes(text: str, actor: dict[str, Any]) -> Iterator[str]:
    """What a caption says that the clip does not show."""
    size = "big" if actor["big"] else "small"
    pace = "quick" if actor["quick"] else "slow"
    verbs = {action: tuple(way for each in ways for way in each) for action, ways in grammar.VERBS.items()}
    vocabulary: dict[str, tuple[dict[str, tuple[str, ...]], str]] = {
        "shape": (grammar.SHAPES, actor["shape"]),
        "colour": ({name: (name,) for name in COLOURS}, actor["colour"]),
        "size": ({"big": grammar.BIG, "small": grammar.SMALL}, size),
        "action": (verbs, actor["action"]),
        "pace": ({"quick": grammar.QUICK, "slow": grammar.SLOW}, pace),
    }
    for what, (words, true) in vocabulary.items():
        ways = {name for name, each in words.items() if any(f" {way} " in f" {text} " for way in each)}
        if ways and true not in ways:
            yield f"{what}: {' or '.join(sorted(ways))}, where the clip has {true}"


def different(rows: list[dict[str, Any]], truth: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """The first clips that do different things."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(truth[row["id"]]["action"], row)
    return list(found.values())[:count]


def draw(rows: list[dict[str, Any]], out: Path) -> None:
    """A strip of frames a clip, and its caption."""
    sampling = {"kind": "uniform", "count": FRAMES}
    figure, axes = plt.subplots(len(rows), 1, figsize=(9, 1.95 * len(rows)), dpi=100)
    for row, axis in zip(rows, axes, strict=True):
        strip = [
            np.pad(frame, ((0, 0), (0, 3), (0, 0)), constant_values=255)
            for frame in read_frames(row["path"], sampling).values
        ]
        axis.imshow(np.concatenate(strip, axis=1), interpolation="nearest")
        axis.axis("off")
        mark = "\u2713" if row is not rows[-1] else "\u2717"
        axis.set_title(f"{mark}  {row['text']}", loc="left", fontsize=12)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.95, hspace=0.22)
    figure.savefig(out, facecolor="white")


if __name__ == "__main__":
    main()
