"""Low-rank adapters of a tiny random SmolVLM on the toy videos: does a run learn? Stated beforehand: 0.2 CIDEr-D.

python plugins/vlm/benchmarks/toy_lora.py [--epochs 40]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import vidcap_core
from vidcap_core.api import load_recipe

THRESHOLD = 0.2
"""CIDEr-D on the validation clips that counts as learning; before training it is about 0."""


def main() -> None:
    """Train, and print the scores before and after as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    args = parser.parse_args()
    changes = [
        f"phases.caption.epochs={args.epochs}",
        f"evaluate.every={args.epochs}",
        "evaluate.metrics=['cider-d']",
    ]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        scores = {}
        for name, steps in (
            ("before", ["phases.caption.epochs=None", "phases.caption.steps=1", "optimizer.lr=0.0"]),
            ("after", []),
        ):
            run = Path(folder) / name
            vidcap_core.train(
                load_recipe("vlm/toy_lora", [*changes, *steps]), work_dir=run, device="cpu", quiet=True
            )
            (file,) = run.glob("scores*val*.json")
            scores[name] = json.loads(file.read_text())["values"]["CIDEr-D"]
        seconds = time.perf_counter() - start
    print(
        json.dumps(
            {
                **scores,
                "threshold": THRESHOLD,
                "learns": scores["after"] >= THRESHOLD,
                "seconds": round(seconds),
            }
        )
    )


if __name__ == "__main__":
    main()
