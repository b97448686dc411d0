"""Five-fold cross-validation of the default model: its members, their ensemble, and several ways to decode.

python plugins/default_model/benchmarks/cross_validation.py --out RUNS [--set head.dropout=0.5 ...]
    [--seeds 3] [--json FILE]

Trains on four fifths of train + val at a time and captions the fifth that is left; the test clips are never read. A row
is scored by its mean CIDEr-D over folds, members by the mean over seeds. Differences from the first row are paired over
all clips, with a 95 % bootstrap interval. What is trained already is not trained again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from consensus import consensus
from members import SEEDS, member, side_by_side

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.datasets.msvd import FOLDS, MSVDPart
from vidcap_core.engine.data import evaluation_batches
from vidcap_core.engine.sweep import difference
from vidcap_core.saved.provenance import machine
from vidcap_metrics.cider import CiderD

DECODES = {
    "greedy": GenerateSettings(max_length=20),
    "beam 5, mean": GenerateSettings(mode="beam", beam=5, length="avg", max_length=20),
}
Values = dict[str, float]


def fold_values(fold: int, out: Path, seeds: int, changes: list[str]) -> dict[str, Values]:
    """Row -> clip -> CIDEr-D, for one fold."""
    where = [f"data.{split}.fold={fold}" for split in ("train", "val")]
    train, val = (MSVDPart(split, fold=fold, streams=["image"]) for split in ("train", "val"))
    metric = CiderD()
    references = metric.prepare(val.references())

    def values(said: dict[str, str]) -> Values:
        return metric.score(references, said).clips["CIDEr-D"]

    def captions(captioner: Captioner, how: str) -> dict[str, str]:
        captioner.settings = DECODES[how]
        batches = evaluation_batches(val, captioner.tokenizer, 64)
        return {p.clip.id: p.text for batch in batches for p in captioner.predict(batch)}

    members = [member(out / f"fold{fold}-seed{seed}", seed, [*where, *changes]) for seed in range(seeds)]
    rows = {"5 nearest neighbours": values(consensus(train, val, ["image"], 5))}
    for how in DECODES:
        each = [values(captions(one, how)) for one in members]
        rows[f"member, {how}"] = {clip: float(np.mean([one[clip] for one in each])) for clip in each[0]}
    for how in DECODES if seeds > 1 else ():
        rows[f"ensemble, {how}"] = values(captions(side_by_side(members), how))
    told = ", ".join(f"{name} {np.mean(list(clips.values())):.3f}" for name, clips in rows.items())
    print(f"fold {fold}: {told}", flush=True)
    return rows


def table(folds: list[dict[str, Values]]) -> list[dict[str, Any]]:
    """Mean and folds of each row, and its difference from the first."""
    rows: list[dict[str, Any]] = []
    together = {name: {c: v for fold in folds for c, v in fold[name].items()} for name in folds[0]}
    first = next(iter(together.values()))
    for name, clips in together.items():
        per_fold = [float(np.mean(list(fold[name].values()))) for fold in folds]
        change = difference(first, clips) if rows else {}
        rows.append(
            {
                "row": name,
                "CIDEr-D": float(np.mean(per_fold)),
                "folds": per_fold,
                "clips": len(clips),
                **change,
            }
        )
    return rows


def main() -> None:
    """Print the table; with --json, add it to a file."""
    parser = argparse.ArgumentParser(
        description=__doc__.replace("%", "%%"), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folds", type=int, default=FOLDS, help="the first so many folds only")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = table([fold_values(fold, args.out, args.seeds, args.changes) for fold in range(args.folds)])
    for one in rows:
        print(f"{one['row']:24s} {one['CIDEr-D']:.4f}  " + " ".join(f"{v:.3f}" for v in one["folds"]))
    if args.json:
        known = json.loads(args.json.read_text(encoding="utf-8")) if args.json.is_file() else {}
        known[" ".join(args.changes) or "as shipped"] = {
            "machine": machine(),
            "seeds": args.seeds,
            "rows": rows,
        }
        args.json.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
