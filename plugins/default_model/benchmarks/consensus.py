"""The captions of the nearest training clips, the one that agrees most with the others: a baseline without a model.

python plugins/default_model/benchmarks/consensus.py [--fold 0 | --out PREDICTIONS] [--streams image] [--neighbours 5]

Neighbours are the clips with the most similar mean features (cosine; of several streams, the mean of their cosines);
the winner is the caption with the highest CIDEr-D against all captions of the neighbours. Part of MSVD with features.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from vidcap_core.datasets.msvd import MSVDPart
from vidcap_metrics.cider import CiderD
from vidcap_metrics.reward import CiderReward


def directions(dataset: MSVDPart, stream: str) -> np.ndarray:
    """The mean of a stream's rows for each clip, scaled to length 1."""
    means = np.stack(
        [np.asarray(dataset[i].streams[stream], np.float32).mean(0) for i in range(len(dataset))]
    )
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def consensus(train: MSVDPart, test: MSVDPart, streams: list[str], neighbours: int) -> dict[str, str]:
    """One caption of a training clip for each clip of the other split."""
    cosines = sum(directions(test, stream) @ directions(train, stream).T for stream in streams)
    known = train.references()
    pools = {
        clip.id: [text for row in np.argsort(-near)[:neighbours] for text in known[train.clips[row].id]]
        for clip, near in zip(test.clips, cosines, strict=True)
    }
    reward = CiderReward(pools)
    return {clip: texts[int(np.argmax(reward([clip] * len(texts), texts)))] for clip, texts in pools.items()}


def main() -> None:
    """Score one fold, or write the predictions for the test split."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fold", type=int, help="a fold of train + val; without it, the test split")
    parser.add_argument("--streams", nargs="+", default=["image"])
    parser.add_argument("--neighbours", type=int, default=5)
    parser.add_argument("--out", type=Path, help="predictions as {clip: caption}")
    args = parser.parse_args()
    train = MSVDPart("train", fold=args.fold, streams=args.streams)
    other = MSVDPart("test" if args.fold is None else "val", fold=args.fold, streams=args.streams)
    said = consensus(train, other, args.streams, args.neighbours)
    if args.out:
        args.out.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    if args.fold is not None:
        metric = CiderD()
        values = metric.score(metric.prepare(other.references()), said)
        print(f"fold {args.fold}: {values.corpus}")


if __name__ == "__main__":
    main()
