"""Five-fold cross-validation of the default model's recipe: after each phase, with several ways to decode.

python benchmarks/default_model_cv.py --out RUNS [--set head.dropout=0.5 ...] [--json FILE]

Trains `default_model/msvd_part` on four fifths of train + val at a time and captions the fifth that is left; the test
clips are never read. A row is scored by its mean CIDEr-D over folds. Differences from the first row are paired over all
clips, with a 95 % bootstrap interval. What is trained already is not trained again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from consensus import consensus

from vidcap_core import build, caption
from vidcap_core import config as configs
from vidcap_core.datasets.msvd import FOLDS
from vidcap_core.engine import api, checkpoint
from vidcap_core.engine.data import evaluation_batches
from vidcap_core.engine.folder import RunFolder
from vidcap_core.engine.sweep import difference
from vidcap_core.generate_settings import GenerateSettings
from vidcap_core.metrics.cider import CiderD
from vidcap_core.weights import put_weights

DECODES = {
    "greedy": GenerateSettings(max_length=20),
    "beam 3": GenerateSettings(mode="beam", beam=3, max_length=20),
    "beam 5": GenerateSettings(mode="beam", beam=5, max_length=20),
    "beam 5, mean": GenerateSettings(mode="beam", beam=5, length="avg", max_length=20),
}


def fold_values(fold: int, out: Path, changes: list[str]) -> dict[str, dict[str, float]]:
    """Row -> clip -> CIDEr-D, for one fold."""
    where = [f"data.{split}.fold={fold}" for split in ("train", "val")]
    config = configs.load(
        "default_model/msvd_part", [*where, "evaluate.metrics=['cider-d']", "phases.0.keep='words'", *changes]
    )
    folder = RunFolder(out / f"fold{fold}")
    if not folder.scores("val").is_file():
        api.train(config, work_dir=folder.path, resume=folder.config.is_file(), quiet=True)
    train, val = (build.dataset(config, split) for split in ("train", "val"))
    metric = CiderD()
    references = metric.prepare(val.references())

    def values(said: dict[str, str]) -> dict[str, float]:
        return metric.score(references, said).clips["CIDEr-D"]

    rows = {"5 nearest neighbours": values(consensus(train, val, ["image"], 5))}
    captioner = caption.from_run(folder.path, extractors=False).eval()
    last, _ = api.best_weights(folder)
    kept = {path.stem.removeprefix("keep-"): checkpoint.load(path)["weights"]
            for path in sorted(folder.checkpoints.glob("keep-*.pt"))}  # fmt: skip
    for phase, weights in {**kept, "end": last}.items():
        own = {name: value for name, value in weights.items() if not name.startswith("losses.")}
        put_weights(captioner, own, phase)
        for how, settings in DECODES.items():
            captioner.settings = settings
            batches = evaluation_batches(val, captioner.tokenizer, 64)
            rows[f"{phase}, {how}"] = values(
                {p.clip.id: p.text for b in batches for p in captioner.predict(b)}
            )
    print(
        f"fold {fold}: " + ", ".join(f"{n} {np.mean(list(v.values())):.4f}" for n, v in rows.items()),
        flush=True,
    )
    return rows


def table(folds: list[dict[str, dict[str, float]]]) -> list[dict[str, Any]]:
    """Mean and folds of each row, and its difference from the first."""
    rows: list[dict[str, Any]] = []
    together = {name: {c: v for fold in folds for c, v in fold[name].items()} for name in folds[0]}
    first = next(iter(together.values()))
    for name, clips in together.items():
        per_fold = [float(np.mean(list(fold[name].values()))) for fold in folds]
        rows.append({"row": name, "CIDEr-D": float(np.mean(per_fold)), "folds": per_fold, "clips": len(clips),
                     **(difference(first, clips) if rows else {})})  # fmt: skip
    return rows


def main() -> None:
    """Print the table; with --json, add it to a file."""
    parser = argparse.ArgumentParser(
        description=__doc__.replace("%", "%%"), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="KEY=VALUE")
    parser.add_argument("--folds", type=int, default=FOLDS, help="the first so many folds only")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = table([fold_values(fold, args.out, args.changes) for fold in range(args.folds)])
    for one in rows:
        print(f"{one['row']:24s} {one['CIDEr-D']:.4f}  " + " ".join(f"{v:.3f}" for v in one["folds"]))
    if args.json:
        known = json.loads(args.json.read_text(encoding="utf-8")) if args.json.is_file() else {}
        known[" ".join(args.changes) or "as shipped"] = rows
        args.json.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
