"""wsdvc_mask over all annotations of ActivityNet or YouCook2: throughput, memory, and a run that is killed.

python plugins/wsdvc_mask/benchmarks/paper_scale.py [--data activitynet|youcook2] [--root FOLDER] [--steps 40]
    [--batch 16] [--work FOLDER] [--json FILE]

Features are drawn from a seed for each clip, a row a second, so nothing can be learnt and no score is printed. The
language model is small, has random weights and says whole words. The run is made twice with `vidcap-run`: whole,
and killed (SIGKILL) between two checkpoints and resumed. Both must end with the same weights.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidcap_core.api import FeatureWriter, build_component
from vidcap_core.saved.checkpoint import latest
from vidcap_core.testing.contest import high_water
from vidcap_core.testing.measured import write

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
TYPES = {"activitynet": "ActivityNet", "youcook2": "YouCook2"}
WIDTH, LONGEST = 32, 300
LM = {"model_type": "gpt2", "n_embd": 64, "n_layer": 1, "n_head": 2}
CONFIG = """_base_ = ["{base}"]
tokenizer = dict(
    _delete_=True, type="Vocabulary", min_count=3, specials=["<FULL>", "<MASK>", "<SEP>"],
    forced=["events:", *map(str, range(1, 25))],
)
head = dict(streams=dict(image={width}), lm={lm!r}, layers=1, heads=2, feed=128)
data = dict(train=dict({place}), val=dict({place}, limit=1), test=dict({place}, limit=1))
phases = dict(
    count=dict(steps={half}, losses=["full"], freeze=["head.localiser", "head.encoder.blank"], best=False),
    locate=dict(steps={half}, optimizer="keep", best=False, losses=["full", "positive", "negative", "diversity"]),
)
generate = dict(mode="greedy", max_length=8, min_length=0, kinds=dict(count=dict(max_length=8, min_length=0)))
runtime = dict(batch={batch}, amp="off", log_every=5, save_every={save}, keep=2)
"""


def make_store(args: argparse.Namespace, path: Path) -> dict[str, Any]:
    """A row a second for each annotated clip of all splits that the config reads."""
    clips = {}
    for split in ("train", "val"):
        data = build_component(
            "datasets", {"type": TYPES[args.data], "split": split, "root": str(args.root), "unit": "clip"}
        )
        clips |= {clip.id: clip.duration for clip in data.clips}
    began, rows = time.perf_counter(), 0
    with FeatureWriter(path, {"encoder": "drawn from a seed"}) as writer:
        for number, (clip, duration) in enumerate(sorted(clips.items())):
            if clip not in writer.done:
                count = int(np.clip(duration or 1, 1, LONGEST))
                rows += count
                writer.add(clip, np.random.default_rng(number).normal(size=(count, WIDTH)).astype("float16"))
    return {"clips": len(clips), "rows": rows, "seconds": round(time.perf_counter() - began, 1)}


def train(config: Path, folder: Path, kill_after: int | None = None) -> dict[str, float]:
    """Run to the end, or until a step is logged and then kill; seconds and the most memory that was held."""
    words = [
        sys.executable,
        "-m",
        "vidcap_core.cli.run",
        str(config),
        "train",
        "--quiet",
        "--work-dir",
        str(folder),
    ]
    words += ["--resume"] if (folder / "config.json").is_file() else []
    began, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, stdout=said, stderr=said)
        while process.poll() is None:
            time.sleep(0.1)
            with suppress(OSError, StopIteration):  # it has just ended
                peak = high_water(process.pid)
            if kill_after is not None and any(one["step"] >= kill_after for one in scalars(folder)):
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode not in (0, -signal.SIGKILL if kill_after else 0):
            said.seek(0)
            raise SystemExit(said.read().decode())
    return {"seconds": round(time.perf_counter() - began, 1), "peak MiB": round(peak)}


def scalars(folder: Path) -> list[dict[str, Any]]:
    """What was logged so far; a line that is being written is left out."""
    path = folder / "scalars.jsonl"
    lines = path.read_text().split("\n")[:-1] if path.is_file() else []
    return [json.loads(line) for line in lines]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Of the last checkpoint."""
    content, _ = latest(folder / "checkpoints")
    assert content is not None
    return content["weights"]  # type: ignore[no-any-return]


def main() -> int:
    """Make the store, run twice, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=sorted(TYPES), default="activitynet")
    parser.add_argument("--root", type=Path, help="folder of the annotations")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--work", type=Path, help="keep the store and the runs here")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.root = (args.root or SHARED / args.data).resolve()
    work = (args.work or Path(tempfile.mkdtemp())).resolve()
    store = work / f"store-{args.data}"
    made = make_store(args, store)
    place = f"root={str(args.root)!r}, streams=dict(image={str(store)!r})"
    config = work / f"{args.data}.py"
    config.write_text(
        CONFIG.format(
            base=f"wsdvc_mask/{args.data}_improved",
            width=WIDTH,
            lm=LM,
            place=place,
            half=args.steps // 2,
            batch=args.batch,
            save=max(1, args.steps // 5),
        )
    )
    whole, broken = work / f"{args.data}-whole", work / f"{args.data}-killed"
    result = {
        "data": args.data,
        "store": made,
        "steps": args.steps,
        "batch": args.batch,
        "whole": train(config, whole),
    }
    killed_at = args.steps // 2 + 5
    train(config, broken, kill_after=killed_at)
    steps = [one["step"] for one in scalars(broken)]
    result["killed after step"] = max(steps)
    result["resumed"] = train(config, broken)
    mine, other = weights(whole), weights(broken)
    result["same weights"] = all(torch.equal(value, other[name]) for name, value in mine.items())
    speed = [one["clips_per_s"] for one in scalars(whole) if "clips_per_s" in one]
    half = len(speed) // 2
    result["clips/s"] = {
        "full mode": round(statistics.median(speed[:half]), 2),
        "with masks": round(statistics.median(speed[half:]), 2),
    }
    print(json.dumps(result, indent=1))
    if args.json:
        write(args.json, result)
    return 0 if result["same weights"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
