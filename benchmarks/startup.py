"""How long the light commands take, as a multiple of `python -c pass` on the same machine.

python benchmarks/startup.py [--runs 15] [--json FILE]
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

from vidcap_core.testing.measured import write

AIM = 8.0
COMMANDS = {
    "vidcap --help": ["-m", "vidcap_core.cli.main", "--help"],
    "vidcap list": ["-m", "vidcap_core.cli.main", "list"],
    "vidcap plugins": ["-m", "vidcap_core.cli.main", "plugins"],
    "vidcap-run --help": ["-m", "vidcap_core.cli.run", "--help"],
}


def seconds(arguments: list[str], runs: int) -> float:
    """The shortest wall time of a fresh process: whatever else runs on the machine can only add to it."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> int:
    """Print the table; exit 1 when a command is slower than the aim."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    base = seconds(["-c", "pass"], args.runs)
    measured = f"Python {platform.python_version()}, shortest of {args.runs}"
    print(f"python -c pass       {base * 1e3:6.1f} ms   ({measured})")
    multiples = {}
    for name, arguments in COMMANDS.items():
        taken = seconds(arguments, args.runs)
        multiples[name] = round(taken / base, 2)
        print(f"{name:<20} {taken * 1e3:6.1f} ms   {taken / base:.1f} x   (aim: at most {AIM:g} x)")
    if args.json:
        write(args.json, {"base_ms": round(base * 1e3, 1), "multiples": multiples})
    return int(max(multiples.values()) > AIM)


if __name__ == "__main__":
    sys.exit(main())
