"""The whole zoo of attacks: `python benchmarks/attacks.py` prints the table of docs/security.md and writes it.

Threshold, from before it was measured: 0 code executions, 0 internal errors, 0 silently wrong, peak at most 3 GiB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from vidcap_core.testing.measured import write

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "attacks.json"
PEAK = 3 * 1024


def main() -> int:
    """Run, print, write; 1 where the threshold is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so many of each kind (1: all)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    sys.path[0] = str(ROOT / "tests")  # instead of the folder of this file, which has the name of the package
    from attacks import requests, zoo
    from serve.conftest import Server

    with tempfile.TemporaryDirectory(prefix="vidcap-attacks-") as scratch:
        folder = Path(scratch)
        rows = []
        for row in zoo.rows(folder, args.every):
            rows.append(said(row))
        server = Server([folder / "bundle"], folder / "server", "--max-size", "1")
        try:
            rows.append(said(requests.asked(server)))
        finally:
            server.stop()
    print("| attack | tried | survived | peak memory |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row.attack} | {row.tried} | {row.survived} | {row.peak:.0f} MiB |")
    found = {name: sum(getattr(row, name) for row in rows) for name in ("code_ran", "internal", "wrong")}
    print(", ".join(f"{name} {count}" for name, count in found.items()))
    data = {"rows": [{**vars(row), "survived": row.survived} for row in rows], **found}
    write(args.out, data)
    good = not any(row.failed for row in rows) and max(row.peak for row in rows) <= PEAK
    return 0 if good else 1


def said(row: Any) -> Any:
    """The row, after a line on how it went."""
    print(
        f"{row.attack}: {row.survived} of {row.tried}", *row.failed, sep="\n  ", file=sys.stderr, flush=True
    )
    return row


if __name__ == "__main__":
    raise SystemExit(main())
