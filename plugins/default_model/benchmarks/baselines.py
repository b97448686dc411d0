"""The default model and its baselines on the 86 test clips of the part of MSVD, or others, with paired differences.

python plugins/default_model/benchmarks/baselines.py NAME=PREDICTIONS... --references REFERENCES.json
    [--of 670] [--json FILE]

The first system is compared with each other one: its value minus theirs, paired bootstrap over clips, 95 % intervals.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from vidcap_core.testing.measured import write
from vidcap_metrics.evaluate import pairwise, score
from vidcap_metrics.options import Options


def row(name: str, predictions: Path, references: Path, split: int) -> dict[str, Any]:
    """Every number of one system, with intervals and signatures."""
    report = score(predictions, [references], Options(), sure=True)
    data = report.to_json()
    return {
        "what": name,
        "clips": len(json.loads(references.read_text(encoding="utf-8"))),
        "of": split,
        "different captions": len(set(json.loads(predictions.read_text(encoding="utf-8")).values())),
        "values": {key: value for one in report.scores.scores for key, value in one.values.items()},
        "intervals": data["intervals"],
        "signature": "; ".join(str(one.signature) for one in report.scores.scores),
    }


def main() -> None:
    """Print the table; with --json, write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("systems", nargs="+", metavar="NAME=PREDICTIONS")
    parser.add_argument("--references", type=Path, required=True)
    parser.add_argument("--of", type=int, default=670, help="clips of the whole split (MSVD's test: 670)")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    files = {name: Path(file) for name, _, file in (system.partition("=") for system in args.systems)}
    rows = [row(name, file, args.references, args.of) for name, file in files.items()]
    first = next(iter(files.values()))
    for one, file in zip(rows[1:], list(files.values())[1:], strict=True):
        found = pairwise(file, first, [args.references], Options()).comparisons
        one["first minus this"] = {
            c.name: {"difference": c.difference, "low": c.low, "high": c.high} for c in found
        }
    for one in rows:
        print(one["what"], {name: round(value, 4) for name, value in one["values"].items()})
        for name, change in one.get("first minus this", {}).items():
            print(f"    {name} {change['difference']:+.4f} [{change['low']:+.4f}, {change['high']:+.4f}]")
    if args.json:
        write(args.json, {"rows": rows})


if __name__ == "__main__":
    main()
