"""How much is to be had where wsdvc_mask finds events without times? PDVC is told them, on the same videos.

python plugins/pdvc/benchmarks/side_by_side.py --data made-up|stitched [--root FOLDER] [--rows pdvc,improved]
    [--seeds 0,1,2] [--clips 96] [--draw 1] --work FOLDER [--json FILE]

Rows: `pdvc`, learnt with times; `improved` and `parity` are wsdvc_mask's, learnt without, as its own
`benchmarks/alignment.py` trains them. All see the same clips in the same order, and are scored on the same held-out
videos with the captions and counts that they write themselves. What lies in the work folder is not run again.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from vidcap_pdvc.head import PDVCHead
from vidcap_pdvc.losses import EventCountLoss, EventScoreLoss, EventSpanLoss, EventTokenLoss

from vidcap_core.api import Batch
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.testing.measured import write

sys.path.append(str(Path(__file__).resolve().parents[2] / "wsdvc_mask" / "benchmarks"))
import alignment
from timed_videos import Videos, tokenizer

SIZES = {
    "made-up": {"width": 64, "feed": 128, "word_width": 32, "hidden": 64},
    "stitched": {"width": 96, "feed": 192, "word_width": 96, "hidden": 96},
}
BUDGETS = {
    "made-up": {"batch": 16, "steps": 1100, "lr": 2e-3},
    "stitched": {"batch": 8, "steps": 1000, "lr": 1e-3},
}
SCALES = {"scores": 2.0, "spans": 4.0, "count": 0.5, "tokens": 2.0}
SCORES = (*alignment.SCORES, "loc-R", "loc-P")


def build(data: str, corpus: Any, seed: int) -> Captioner:
    """PDVC with random weights; its light captioner, which takes half the time."""
    torch.manual_seed(seed)
    words = tokenizer(corpus.texts)
    head = PDVCHead(
        streams=corpus.widths,
        tokenizer=words,
        frames=corpus.frames,
        heads=4,
        captioner="light",
        queries=10,
        most_events=8,
        dropout=0.0,
        word_dropout=0.3 if data == "stitched" else 0.0,
        **SIZES[data],
    )
    losses: dict[str, Any] = {
        "scores": EventScoreLoss(),
        "spans": EventSpanLoss(),
        "count": EventCountLoss(),
        "tokens": EventTokenLoss(),
    }
    known = corpus.train(2000, (99,))
    losses["count"].rates_of([len(events) for events in known.events[0].values()])
    return Captioner(head, words, losses=losses, generate=GenerateSettings(max_length=16))


def with_times(videos: Videos) -> Batch:
    """The batch, and when its events are."""
    return replace(
        videos.batch, events=tuple(videos.events[0][clip.id] for clip in videos.batch.clips), targets={}
    )


def train(captioner: Captioner, data: str, corpus: Any, seed: int) -> None:
    """One cosine, all losses."""
    budget = BUDGETS[data]
    steps = int(budget["steps"])
    optimizer = torch.optim.Adam(captioner.parameters(), lr=budget["lr"])
    captioner.train()
    for step in range(steps):
        warm = min(1.0, (step + 1) / (0.05 * steps))
        optimizer.param_groups[0]["lr"] = budget["lr"] * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
        batch = with_times(corpus.train(int(budget["batch"]), (seed, step)))
        parts = captioner(batch, list(SCALES)).items()
        loss = torch.stack(
            [SCALES[name] * total / weight.clamp_min(1) for name, (total, weight) in parts]
        ).sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(captioner.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 99:
            print(f"  step {step + 1}: loss {float(loss.detach()):.3f}", flush=True)
    captioner.eval()


def run(row: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """One row of one seed: trained and scored."""
    corpus = alignment.corpus_of(args)
    began = time.process_time()
    if row == "pdvc":
        captioner = build(args.data, corpus, seed)
        train(captioner, args.data, corpus, seed)
    else:
        torch.manual_seed(seed)
        captioner = alignment.build(row, corpus, args.data, tokenizer(corpus.texts))
        alignment.train(captioner, row, corpus, alignment.budget_of(args), seed)
    spent = time.process_time() - began
    videos = corpus.test(args.clips, args.draw)
    said = alignment.predictions(captioner, videos)
    values, clips = alignment.scores(said, videos)
    counts = {clip: (len(said[clip]), len(events)) for clip, events in videos.events[0].items()}
    right = np.mean([mine == theirs for mine, theirs in counts.values()])
    return {
        "row": row,
        "seed": seed,
        "cpu_seconds": round(spent, 1),
        "values": values,
        "count right": float(right),
        "events a video": float(np.mean([mine for mine, _ in counts.values()])),
        "references a video": float(np.mean([theirs for _, theirs in counts.values()])),
        "clips": clips,
    }


def main() -> int:
    """Run what is not in the work folder yet; print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=sorted(SIZES), default="made-up")
    parser.add_argument("--root", help="folder of MSVD's files, for stitched")
    parser.add_argument("--rows", default="pdvc,improved")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--clips", type=int, default=96, help="held-out videos")
    parser.add_argument("--draw", type=int, default=1, help="which held-out videos")
    parser.add_argument("--work", type=Path, required=True, help="keep each run here, and go on from there")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    args.shuffled, args.steps = 0.0, None  # what alignment's functions ask for besides
    args.work.mkdir(parents=True, exist_ok=True)
    runs = []
    for row in args.rows.split(","):
        for seed in map(int, args.seeds.split(",")):
            path = args.work / f"{args.data}-{args.clips}-{args.draw}-{row}-{seed}.json"
            if not path.is_file():
                path.write_text(json.dumps(run(row, seed, args)))
            runs.append(json.loads(path.read_text()))
            show(runs[-1])
    gaps = differences(runs)
    if args.json:
        kept = {
            "data": args.data,
            "test videos": args.clips,
            "draw": args.draw,
            "budgets": {"pdvc": BUDGETS[args.data], "wsdvc_mask": alignment.budget_of(args)},
            "runs": [{key: value for key, value in one.items() if key != "clips"} for one in runs],
            "differences": gaps,
        }
        write(args.json, kept)
    return 0


def differences(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first row minus each other one of the same seed, over clips."""
    made = []
    for mine in (one for one in runs if one["row"] == runs[0]["row"]):
        for other in (one for one in runs if one["seed"] == mine["seed"] and one["row"] != mine["row"]):
            gap = {
                key: alignment.difference(mine["clips"][key], other["clips"][key]) for key in alignment.SCORES
            }
            made.append({"seed": mine["seed"], "row": mine["row"], "against": other["row"], **gap})
            said = "  ".join(
                f"{key} {v['mean']:+.3f} [{v['low']:+.3f}, {v['high']:+.3f}]" for key, v in gap.items()
            )
            print(f"seed {mine['seed']}: {mine['row']} - {other['row']}: {said}")
    return made


def show(one: dict[str, Any]) -> None:
    """A run as a line."""
    said = "  ".join(f"{key} {one['values'][key]:.3f}" for key in SCORES)
    print(
        f"{one['row']} seed {one['seed']}: {said}  count right {one['count right']:.2f}  events "
        f"{one['events a video']:.2f} of {one['references a video']:.2f}  {one['cpu_seconds']} s",
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
