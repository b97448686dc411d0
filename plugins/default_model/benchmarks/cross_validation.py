"""Five-fold cross-validation of the default model beside the one before it; the test clips are never read.

python plugins/default_model/benchmarks/cross_validation.py --stores STORES --runs RUNS [--seeds 2] [--json FILE]

Trains on four fifths of train + val of MSVD's part at a time and captions the fifth that is left. The phase on pictures
is the same for all folds and is done once a seed; each fold starts from it (`start_from`). The model before it is
`default_model/msvd_part`. A row is a mean over all clips, that of members also over seeds; differences are paired over
clips, with a 95 % bootstrap interval. What is trained already is not trained again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from members import CLIPS, SEEDS, captions, member, together, trained

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import Config, load_config
from vidcap_core.datasets.folded import FOLDS
from vidcap_core.datasets.msvd import MSVDPart
from vidcap_core.engine.sweep_table import difference
from vidcap_core.saved.provenance import machine
from vidcap_metrics.cider import CiderD

Values = dict[str, float]
BEFORE = "default_model/msvd_part"


def member_before(runs: Path, fold: int, seed: int) -> tuple[Captioner, Config]:
    """One member of the model before."""
    changes = [f"seed={seed}", "evaluate.metrics=['cider-d']"]
    changes += [f"data.{split}.fold={fold}" for split in ("train", "val")]
    config = load_config(BEFORE, changes)
    return trained(config, runs / f"before-fold{fold}-seed{seed}"), config


def fold_values(stores: Path, runs: Path, fold: int, seeds: int) -> dict[str, Values]:
    """Row -> clip -> CIDEr-D, for one fold."""
    metric = CiderD()
    rows: dict[str, Values] = {}
    for name, image in (("before", "image"), ("now", str(stores / CLIPS))):
        val = MSVDPart("val", fold=fold, streams={"image": image})
        references = metric.prepare(val.references())
        made = [
            member_before(runs, fold, seed) if name == "before" else member(stores, runs, seed, fold)
            for seed in range(seeds)
        ]
        each = [metric.score(references, captions(one, val)).clips["CIDEr-D"] for one, _ in made]
        rows[f"{name}, one member"] = {c: float(np.mean([values[c] for values in each])) for c in each[0]}
        whole = together([one for one, _ in made], made[0][1])
        rows[f"{name}, {seeds} members"] = metric.score(references, captions(whole, val)).clips["CIDEr-D"]
    told = ", ".join(f"{name} {np.mean(list(clips.values())):.3f}" for name, clips in rows.items())
    print(f"fold {fold}: {told}", flush=True)
    return rows


def table(folds: list[dict[str, Values]], seeds: int) -> list[dict[str, Any]]:
    """Mean and folds of each row, and its difference from the model before."""
    together = {name: {c: v for fold in folds for c, v in fold[name].items()} for name in folds[0]}
    first = together[f"before, {seeds} members"]
    return [
        {
            "row": name,
            "CIDEr-D": float(np.mean(list(clips.values()))),
            "folds": [float(np.mean(list(fold[name].values()))) for fold in folds],
            "clips": len(clips),
            "minus before": difference(first, clips) if clips is not first else {},
        }
        for name, clips in together.items()
    ]


def main() -> None:
    """Print the table; with --json, write it."""
    parser = argparse.ArgumentParser(
        description=__doc__.replace("%", "%%"), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stores", type=Path, required=True, help="folder of the features")
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folds", type=int, default=FOLDS, help="the first so many folds only")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    folds = [fold_values(args.stores, args.runs, fold, args.seeds) for fold in range(args.folds)]
    rows = table(folds, args.seeds)
    for row in rows:
        change = row["minus before"]
        interval = (
            f"  {change['difference']:+.3f} [{change['difference_low']:+.3f}, {change['difference_high']:+.3f}]"
            if change
            else ""
        )
        print(
            f"{row['row']:20s} {row['CIDEr-D']:.4f}  {' '.join(f'{v:.3f}' for v in row['folds'])}{interval}"
        )
    if args.json:
        content = {"machine": machine(), "seeds": args.seeds, "rows": rows}
        args.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
