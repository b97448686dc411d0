"""`vidcap demo`: train a captioner on the built-in toy videos, score it, caption a clip, and say what to try next."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap demo`."""
    parser = subparsers.add_parser("demo", help="a first run on built-in toy videos", description=__doc__)
    parser.add_argument("--config", default="core/toy", help="another config to train (default: core/toy)")
    parser.add_argument("--device", help="cpu, cuda, mps, ... (default: a GPU where there is one)")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Train into a new folder, caption a clip of it, and say where everything lies."""
    import json

    from vidcap_core.cli import main
    from vidcap_core.cli import run as training

    folder, start = _new_folder(args.config), time.monotonic()
    device = ["--device", args.device] if args.device else []
    print(f"== training {args.config}", flush=True)
    if code := training.main([args.config, "--work-dir", str(folder), *device]):
        return code
    predictions = sorted(folder.glob("predictions-*.json"))[-1]
    clip = json.loads(predictions.read_text(encoding="utf-8"))[0].get("path")
    if clip:
        print(f"== captioning {clip}", flush=True)
        if code := main.main(["caption", clip, "--model", str(folder), *device]):
            return code
    print(f"== done in {time.monotonic() - start:.0f} s; the run: {folder}")
    print("\n".join(next_steps(folder, args.config, command())))
    return 0


def next_steps(folder: Path, config: str, vidcap: str) -> list[str]:
    """Where the report is, and three things to try."""
    report = sorted(folder.glob("report*.html"))[-1]
    steps = {
        f"{vidcap} caption VIDEO.mp4 --model {folder}": "a video of yours (it knows toy videos only)",
        f"{vidcap} run {config} test --work-dir {folder}": "the same weights on the test split",
        f"{vidcap} run {config} --set seed=1 --work-dir {_new_folder(config)}": "another run, one key changed",
    }
    width = max(map(len, steps))
    lines = [f"the report: {report.resolve()}", "try next:"]
    return lines + [f"  {step.ljust(width)}  # {what}" for step, what in steps.items()]


def command() -> str:
    """What to type for `vidcap` in this shell: its path, where the shell would not find this one."""
    name = "vidcap.exe" if os.name == "nt" else "vidcap"
    beside = Path(sys.executable).with_name(name)
    found = shutil.which("vidcap")
    if found is not None and Path(found).resolve() == beside.resolve():
        return "vidcap"
    if not beside.is_file():
        return f"{sys.executable} -m vidcap_core.cli.main"
    try:
        return str(beside.relative_to(Path.cwd()))
    except ValueError:
        return str(beside)


def _new_folder(config: str) -> Path:
    """The first of runs/toy-1, runs/toy-2, ... that is not there."""
    name, number = Path(config).stem, 1
    while (Path("runs") / f"{name}-{number}").exists():
        number += 1
    return Path("runs") / f"{name}-{number}"
