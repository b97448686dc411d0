"""What `vidcap-run` takes before its first step, in processor seconds, beside `import torch` in turns.

python benchmarks/first_step.py [--rounds 5] [--config core/toy] [--json FILE]

A hook of the config (as a user would write one) ends the run where its first step would begin. Before it come
reading the config, checking it, making data, tokenizer and captioner, and all that is imported for that.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook

HERE = Path(__file__).resolve().parent
AIM = 4.5
"""Processor seconds."""
MARK = "processor seconds: "


class Stop(Hook):  # type: ignore[misc]
    """Says what the process has used, and ends it."""

    def before_train_iter(self, *args: Any, **kwargs: Any) -> None:
        """Where the first step would begin."""
        print(f"\n{MARK}{time.process_time()}", flush=True)
        os._exit(0)


def used(arguments: list[str]) -> float:
    """What a process says that it has used."""
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *arguments], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.returncode or not lines:
        raise SystemExit(f"{' '.join(arguments)}: {done.stdout[-500:]}{done.stderr[-2000:]}")
    return float(lines[-1].removeprefix(MARK))


def main() -> int:
    """Print both; exit 1 when a run takes longer than the aim."""
    from vidcap_core.testing.measured import write

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--config", default="core/toy")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    torch = ["-c", f"import torch, time; print('{MARK}' + str(time.process_time()))"]
    rows: dict[str, list[float]] = {"import torch": [], "vidcap-run": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.rounds + 1):  # the first run makes what later ones find
            run = ["-m", "vidcap_core.cli.run", args.config, "--work-dir", f"{folder}/{number}"]
            taken = {
                "import torch": used(torch),
                "vidcap-run": used([*run, "--set", "hooks=[{'type': 'first_step.Stop'}]"]),
            }
            for name, value in taken.items() if number else ():
                rows[name].append(value)
    medians = {name: round(statistics.median(values), 2) for name, values in rows.items()}
    for name, values in rows.items():
        print(f"{name:<14} {medians[name]:5.2f} processor s   [{min(values):.2f} to {max(values):.2f}]")
    ratio = round(medians["vidcap-run"] / medians["import torch"], 2)
    print(f"before step 1 of {args.config}: {ratio:.2f} x import torch   (aim: at most {AIM:g} processor s)")
    if args.json:
        write(args.json, {"config": args.config, "rounds": args.rounds, "medians": medians, "ratio": ratio})
    return int(medians["vidcap-run"] > AIM)


if __name__ == "__main__":
    sys.exit(main())
