"""Does wsdvc_mask find events without times? Against every constant baseline, on videos with exact times.

python plugins/wsdvc_mask/benchmarks/alignment.py [--data made-up|stitched] [--shuffled 0.167] [--seeds 0,1,2]
    [--rows improved,parity] [--steps 150,250] [--clips 96] [--draw 1] [--work FOLDER] [--json FILE]

Rows: `parity` as the public code, `improved` with all changes, `index` improved with queries that read no sentence.
All have the same language model with random weights, the same clips in the same order and as many batches.
A baseline places the captions of the row that it stands next to, so that SODA_c differs by times alone; `train-mean`
is told the mean interval of the k-th of N events in training. Intervals are 95 %, paired bootstrap over clips.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timed_videos import MadeUp, Stitched, Videos, tokenizer
from vidcap_wsdvc_mask.head import MaskHead
from vidcap_wsdvc_mask.losses import MaskDiversity

from vidcap_core.api import Event
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import load_config
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.losses.token import TokenLoss
from vidcap_core.testing.measured import write
from vidcap_metrics import baselines
from vidcap_metrics.dense import Dense
from vidcap_metrics.localisation import Timing
from vidcap_metrics.soda import SodaC

LM = {
    "model_type": "gpt2",
    "n_layer": 1,
    "n_head": 2,
    "n_positions": 192,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "resid_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
}
SWITCHES = (
    "float32",
    "min_width",
    "project",
    "blank",
    "position_std",
    "query_cond",
    "place",
    "order",
    "prior",
    "inside",
    "casing",
    "no_sentence",
    "separator",
    "count_from",
    "count_weights",
    "length_groups",
)
SIZES = {"made-up": (32, 64, 24), "stitched": (96, 192, 90)}
"""Width, inner width, longest paragraph."""
KERNEL = {"made-up": 0, "stitched": 5}
"""Of a convolution over time, not in `parity`: without it the cuts between real clips were not counted."""
SCORES = ("loc-order-tIoU", "loc-F1", "SODA_c")
DRAWS = 2000
UNSEEN = (10**6,)
"""The seed of training videos that no step has drawn: other mixtures of the clips that were trained on."""


def build(row: str, corpus: Any, data: str, words: Any) -> Captioner:
    """A captioner of a row, with random weights."""
    width, feed, longest = SIZES[data]
    switches: dict[str, Any] = {"project": True}
    if row != "parity":
        improved = load_config("wsdvc_mask/activitynet_improved")["head"]
        switches = {key: improved[key] for key in SWITCHES if key in improved} | {"kernel": KERNEL[data]}
    if row == "index":
        switches["query_cond"] = "index"
    head = MaskHead(
        streams=corpus.widths,
        tokenizer=words,
        lm={**LM, "n_embd": width},
        frames=corpus.frames,
        layers=1,
        heads=2,
        feed=feed,
        locate_feed=feed,
        dropout=0.0,
        **{"max_events": 12, **switches},
    )
    losses: dict[str, Any] = {name: TokenLoss(output=name) for name in ("full", "positive", "negative")}
    kinds = {"count": GenerateSettings(max_length=longest), "event": GenerateSettings(max_length=16)}
    return Captioner(head, words, losses={**losses, "diversity": MaskDiversity()}, kinds=kinds)


def train(captioner: Captioner, row: str, corpus: Any, budget: dict[str, Any], seed: int) -> None:
    """First full mode alone, then the masks too; one optimiser and one cosine over both, as published."""
    first, steps = budget["count"], budget["count"] + budget["locate"]
    optimizer = torch.optim.AdamW(
        captioner.parameters(), lr=budget["lr"], betas=(0.9, 0.99), weight_decay=0.01
    )
    masked = [["positive", "diversity"], ["negative", "diversity"]]
    if row != "parity":
        masked = [["full", "positive", "negative", "diversity"]]
    captioner.train()
    for step in range(steps):
        warm = min(1.0, (step + 1) / (0.05 * steps))
        optimizer.param_groups[0]["lr"] = budget["lr"] * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
        batch = corpus.train(budget["batch"], (seed, step)).batch
        for names in [["full"]] if step < first else masked:
            parts = captioner(batch, names).values()
            loss = sum(total / weight.clamp_min(1) for total, weight in parts)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(captioner.parameters(), 1.0)
            optimizer.step()
    captioner.eval()


def predictions(captioner: Captioner, videos: Videos) -> dict[str, list[Event]]:
    """What it says of each clip, from pixels alone."""
    return {p.clip.id: list(p.events) for p in captioner.predict(videos.batch)}


@torch.no_grad()
def told(captioner: Captioner, videos: Videos) -> float:
    """tIoU of the k-th span with the k-th *told* event, when the sentences are given: alignment alone."""
    head: Any = captioner.head
    said = head._sentences(videos.batch)
    spans = head.localiser(
        head._frames(videos.batch.streams), [len(one) for one in said], head._vectors(said)
    )
    found = []
    for row, clip in enumerate(videos.batch.clips):
        events = videos.events[0][clip.id]
        centre, width = (
            part[row, : len(events)].numpy() * clip.duration for part in (spans.centre, spans.width)
        )
        start, end = np.clip(centre - width / 2, 0, None), np.clip(centre + width / 2, None, clip.duration)
        first, last = np.array([[e.start, e.end] for e in events]).T
        shared = np.clip(np.minimum(end, last) - np.maximum(start, first), 0, None)
        found.append((shared / (np.maximum(end, last) - np.minimum(start, first))).mean())
    return float(np.mean(found))


def placed(said: dict[str, list[Event]], where: dict[str, list[Event]]) -> dict[str, list[Event]]:
    """The same captions at other times."""
    return {
        clip: [
            Event(there.start, there.end, event.text)
            for event, there in zip(events, where[clip], strict=True)
        ]
        for clip, events in said.items()
    }


def blind(
    said: dict[str, list[Event]], corpus: Any, durations: dict[str, float]
) -> dict[str, dict[str, list[Event]]]:
    """The constant baselines with these captions, as many events each."""
    counts = {clip: len(events) for clip, events in said.items()}
    seen: dict[int, list[Any]] = {}
    known = corpus.train(2000, (99,))
    for clip in known.batch.clips:
        events = sorted(known.events[0][clip.id], key=lambda event: event.start)
        seen.setdefault(len(events), []).append(
            [(e.start / clip.duration, e.end / clip.duration) for e in events]
        )
    means = {n: np.array(rows).mean(0) for n, rows in seen.items()}
    out = {f"equal x{k:g}": baselines.equal_segments(durations, counts, k) for k in (1.0, 1.5)}
    mean = {}
    for clip, n in counts.items():
        parts = means.get(n, np.stack([np.arange(n), np.arange(n) + 1], -1) / max(1, n))
        mean[clip] = [Event(s * durations[clip], e * durations[clip], "") for s, e in parts]
    return {name: placed(said, where) for name, where in {**out, "train-mean": mean}.items()}


def constants(corpus: Any, videos: Videos) -> dict[str, float]:
    """tIoU in order of each constant baseline that is told how many events there are."""
    clips = [clip.id for clip in videos.batch.clips]
    durations = {clip.id: float(clip.duration or 0) for clip in videos.batch.clips}
    counted = {clip: list(events) for clip, events in videos.events[0].items()}
    timing = Timing(clips, videos.events[:1])
    return {name: float(timing.in_order(at).mean()) for name, at in blind(counted, corpus, durations).items()}


def scores(
    said: dict[str, list[Event]], videos: Videos
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Corpus values, and values by clip."""
    durations = {clip.id: clip.duration for clip in videos.batch.clips}
    values: dict[str, float] = {}
    clips: dict[str, dict[str, float]] = {}
    for metric in (Dense(missing="zero"), SodaC(missing="zero")):
        found = metric.scorer(videos.events, durations).score(said)
        values |= {name: value for name, value in found.values.items() if ":" not in name and "@" not in name}
        clips |= found.clips
    return values, {name: clips[name] for name in SCORES}


def difference(a: dict[str, float], b: dict[str, float]) -> dict[str, float]:
    """a - b over clips, with its interval."""
    gaps = np.array([a[clip] - b[clip] for clip in a])
    means = gaps[np.random.default_rng(0).integers(0, len(gaps), (DRAWS, len(gaps)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return {"mean": float(gaps.mean()), "low": float(low), "high": float(high)}


def run(row: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """One row of one seed: trained, scored, and next to its baselines."""
    corpus = corpus_of(args)
    torch.manual_seed(seed)
    captioner = build(row, corpus, args.data, tokenizer(corpus.texts))
    began = time.process_time()
    train(captioner, row, corpus, budget_of(args), seed)
    spent = time.process_time() - began
    videos = corpus.test(args.clips, args.draw)
    said = predictions(captioner, videos)
    values, clips = scores(said, videos)
    durations = {clip.id: float(clip.duration or 0) for clip in videos.batch.clips}
    right = np.mean([len(said[clip]) == len(events) for clip, events in videos.events[0].items()])
    others = {}
    for name, events in blind(said, corpus, durations).items():
        there, by_clip = scores(events, videos)
        others[name] = {
            "values": {key: there[key] for key in SCORES},
            "row minus this": {key: difference(clips[key], by_clip[key]) for key in SCORES},
        }
    return {
        "row": row,
        "seed": seed,
        "cpu_seconds": round(spent, 1),
        "values": values,
        "count right": float(right),
        "tIoU with the sentences given": told(captioner, videos),
        "the same on training videos": told(captioner, corpus.train(args.clips, UNSEEN)),
        "baselines": others,
        "clips": clips,
    }


def corpus_of(args: argparse.Namespace) -> Any:
    """Where videos come from."""
    return Stitched(args.root) if args.data == "stitched" else MadeUp(args.shuffled)


def budget_of(args: argparse.Namespace) -> dict[str, Any]:
    """Steps of both phases, clips a step and learning rate."""
    budget = dict((Stitched if args.data == "stitched" else MadeUp).budget)
    if args.steps:
        budget["count"], budget["locate"] = map(int, args.steps.split(","))
    return budget


def main() -> int:
    """Run what is not in the work folder yet; print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=["made-up", "stitched"], default="made-up")
    parser.add_argument("--root", help="folder of MSVD's files, for stitched")
    parser.add_argument("--shuffled", type=float, default=0.0)
    parser.add_argument("--rows", default="improved,parity")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--steps", help="of the two phases, such as 150,250; else as many as the data want")
    parser.add_argument("--clips", type=int, default=96, help="held-out videos")
    parser.add_argument(
        "--draw", type=int, default=0, help="which held-out videos; 0 were used while it was made"
    )
    parser.add_argument("--work", type=Path, help="keep each run here, and go on from there")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    runs = []
    for seed in map(int, args.seeds.split(",")):
        for row in args.rows.split(","):
            steps = args.steps or "default"
            name = f"{args.data}-{args.shuffled:g}-{steps}-{args.draw}-{row}-{seed}.json"
            path = args.work / name if args.work else None
            if path is not None and path.is_file():
                runs.append(json.loads(path.read_text()))
            else:
                runs.append(run(row, seed, args))
                if path is not None:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(json.dumps(runs[-1]))
            show(runs[-1])
    first = args.rows.split(",")[0]
    against = []
    for mine in (one for one in runs if one["row"] == first):
        for other in (one for one in runs if one["seed"] == mine["seed"] and one["row"] != first):
            gap = {key: difference(mine["clips"][key], other["clips"][key]) for key in SCORES}
            against.append({"seed": mine["seed"], "row": first, "against": other["row"], **gap})
            print(f"seed {mine['seed']}: {first} - {other['row']}: " + _said(gap))
    corpus = corpus_of(args)
    known = constants(corpus, corpus.test(args.clips, args.draw))
    print("constants, told the counts: " + "  ".join(f"{name} {value:.3f}" for name, value in known.items()))
    if args.json:
        for one in runs:
            del one["clips"]
        kept = {
            "data": args.data,
            "shuffled": args.shuffled,
            "budget": budget_of(args),
            "test clips": args.clips,
            "draw": args.draw,
            "constants told the counts": known,
            "runs": runs,
            "differences": against,
        }
        write(args.json, kept)
    return 0


def show(one: dict[str, Any]) -> None:
    """A run as lines."""
    said = "  ".join(f"{key} {one['values'][key]:.3f}" for key in SCORES)
    print(
        f"{one['row']} seed {one['seed']}: {said}  count right {one['count right']:.2f}  "
        f"sentences given {one['tIoU with the sentences given']:.3f} "
        f"(on training videos {one['the same on training videos']:.3f})  {one['cpu_seconds']} s",
        flush=True,
    )
    for name, other in one["baselines"].items():
        print(f"  against {name}: " + _said(other["row minus this"]), flush=True)


def _said(gap: dict[str, dict[str, float]]) -> str:
    return "  ".join(f"{key} {v['mean']:+.3f} [{v['low']:+.3f}, {v['high']:+.3f}]" for key, v in gap.items())


if __name__ == "__main__":
    raise SystemExit(main())
