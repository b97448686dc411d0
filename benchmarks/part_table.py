"""One table of several sweeps over the part of MSVD, with the human score and differences from one row.

python benchmarks/part_table.py --from core:gru [--last loss/effective_frames] [--json OUT] core=SWEEP srvc_la=SWEEP ...

± is the standard deviation over seeds; [] a 95 % interval over seeds and clips (BLEU and METEOR: over seeds alone);
* a difference from the row of --from with p < 0.05 over seeds and clips, corrected for all tests of the table (Holm).
A row of one seed has an interval over clips alone, and then nothing is tested. --last adds what was logged last under a
name, one value a seed.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from vidcap_core.engine.sweep_table import against, shown
from vidcap_core.saved.sweep_scores import SeedRun
from vidcap_core.testing.measured import write
from vidcap_metrics.human import leave_one_out

SCORES = ("BLEU-4", "METEOR", "ROUGE-L", "CIDEr-D")
CELL = ("mean", "std", "low", "high")


def main() -> None:
    """Print the table; write it as data."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sweeps", nargs="+", help="NAME=FOLDER, a finished sweep")
    parser.add_argument(
        "--from", dest="origin", required=True, help="NAME:ROW that the others are compared with"
    )
    parser.add_argument("--last", help="a logged number")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    folders = {name: Path(folder) for name, _, folder in (word.partition("=") for word in args.sweeps)}
    result = joined(folders, args.origin, args.last)
    print(markdown(result))
    if args.json:
        write(args.json, result)


def joined(folders: dict[str, Path], origin: str, last: str | None = None) -> dict[str, Any]:
    """The rows of all sweeps, each against the row `origin`."""
    found = {name: json.loads((folder / "table.json").read_text()) for name, folder in folders.items()}
    if (
        len({json.dumps([table["clips"], table["folds"], table["signatures"]]) for table in found.values()})
        > 1
    ):
        raise SystemExit("these sweeps were not scored on the same clips with the same metrics")
    name = origin.partition(":")[0]
    first, runs, rows = found[name], {}, {}
    for one, table in found.items():
        for other, cells in table["rows"].items():
            rows[f"{one}:{other}"] = {
                "seeds": table["seeds"],
                "steps": table["steps"],
                "last": _last(folders[one], other, last),
                **{score: {key: cells[score][key] for key in CELL} for score in SCORES},
            }
            runs[f"{one}:{other}"] = [_run(each) for each in table["runs"][other]]
    base = runs.pop(origin)
    for other, changes in against(base, runs).items():
        for score in SCORES:
            rows[other][score] |= changes.get(score, {})
    machines = dict.fromkeys(table.get("machine", "not recorded") for table in found.values())
    return {
        "machine": "; ".join(machines),
        "from": origin,
        "clips": first["clips"],
        "folds": first["folds"],
        "signatures": first["signatures"],
        "last": last,
        "rows": rows,
        "human": _human(folders[name], first),
    }


def _run(data: dict[str, Any]) -> SeedRun:
    """One seed of a row, its scores alone."""
    return SeedRun(
        {score: data["values"][score] for score in SCORES},
        {score: clips for score, clips in data["clips"].items() if score in SCORES},
        data["seed"],
    )


def _last(sweep: Path, row: str, name: str | None) -> list[float]:
    """The last value that each run of a row logged under a name."""
    found = []
    for path in sorted(sweep.glob(f"{row}-seed*/scalars.jsonl")) if name else ():
        values = [one[name] for one in map(json.loads, path.read_text().splitlines()) if name in one]
        found += values[-1:]
    return found


def _human(sweep: Path, table: dict[str, Any]) -> dict[str, Any] | None:
    """Each reference against the others, for sweeps on the test clips: folds have no references in common."""
    path = next(sweep.glob("*/references-test.json"), None)
    if table["folds"] or path is None:
        return None
    references = json.loads(path.read_text())
    human = leave_one_out(references, ["bleu", "meteor", "rouge", "cider-d"])
    return {"rounds": human.rounds, "clips": human.clips, **{score: human.values[score] for score in SCORES}}


def markdown(result: dict[str, Any]) -> str:
    """The table as a page shows it."""
    last = [result["last"]] if result["last"] else []
    lines = [f"| row | {' | '.join([*SCORES, *last])} |", "|---|" + "---|" * len([*SCORES, *last])]
    for name, row in result["rows"].items():
        cells = [shown(row[score], 3) for score in SCORES]
        cells += [", ".join(f"{value:.1f}" for value in row["last"])] if last else []
        lines.append(f"| {name} | {' | '.join(cells)} |")
    if result["human"]:
        human = [f"{result['human'][score]:.3f}" for score in SCORES]
        lines.append(f"| a human against the others | {' | '.join([*human, *('' for _ in last)])} |")
    return "\n".join([*lines, "", f"{result['clips']} clips; * against {result['from']}"])


if __name__ == "__main__":
    main()
