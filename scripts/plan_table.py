"""The table of docs/gpu.md: `python scripts/plan_table.py [CONFIG ...]` plans configs, keeps the rest, writes the page.

Without names all paper-size configs are planned; `--page` writes the page alone.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import process_time
from typing import Any

from vidcap_core.config.files import expand_names
from vidcap_core.config.validate import load_recipe
from vidcap_core.engine.gpus import gpu
from vidcap_core.engine.plan.plan import plan
from vidcap_core.engine.plan.words import as_data
from vidcap_core.errors import UserError
from vidcap_core.testing import measured

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "plan.json"
PAGE = ROOT / "docs" / "gpu.md"
BEGIN, END = "<!-- plans -->\n", "<!-- /plans -->"
CARD = "h100"
COLUMNS = (
    *("config, phase", "clips", "state", "activations", "peak"),
    *("TFLOP a step", "ms a step", "limit", "hours", "loader, MB/s"),
)
SMALL = ("toy", "part", "made_up", "pictures", "clips", "texts")
GIB = 2**30

REVIEWED = {
    ("srvc_la/msrvtt", "caption"): (0.5, 0.9),
    ("spectrum/msrvtt", "high"): (0.3, 0.24),
    ("mffcl/msrvtt", "align"): (4.8, 13.3),
    ("mffcl/msrvtt", "caption"): (4.0, 1.4),
}
"""State and activations in GiB as a review measured them by other means, to check against."""


def paper_size() -> list[str]:
    """Configs that train at the size of a paper."""
    return [name for name in expand_names([]) if not any(mark in name for mark in SMALL)]


def planned(name: str) -> dict[str, Any]:
    """A config's plan, or why there is none."""
    try:
        return as_data(plan(load_recipe(name), gpu(CARD)))
    except UserError as error:
        return {"refused": error.message.splitlines()[0]}


def table(plans: dict[str, dict[str, Any]]) -> str:
    """Rows of the page."""
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
    ]
    for name, made in sorted(plans.items()):
        for phase in made.get("phases", ()):
            cost = phase["cost"]
            cells = [
                f"{name}, {cost['name']}",
                str(cost["clips"]),
                *(f"{cost[key] / GIB:.2f}" for key in ("state", "activations", "peak")),
                f"{cost['flops'] / 1e12:.2f}",
                f"{phase['seconds'] * 1e3:.0f}",
                phase["limit"],
                f"{phase['hours']:.2f}",
                f"{phase['data_rate'] / 1e6:.0f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    refused = [f"`{name}`: {made['refused']}" for name, made in sorted(plans.items()) if "refused" in made]
    return "\n".join([*lines, "", *(["Not planned: " + "; ".join(refused), ""] if refused else [])])


def compared(plans: dict[str, dict[str, Any]]) -> str:
    """Beside what was measured by other means."""
    lines = [
        "| | state, plan | state, review | activations, plan | activations, review |",
        "|---|---|---|---|---|",
    ]
    for (name, which), (state, kept) in REVIEWED.items():
        for phase in plans.get(name, {}).get("phases", ()):
            cost = phase["cost"]
            if cost["name"] == which:
                own = [f"{cost[key] / GIB:.2f}" for key in ("state", "activations")]
                lines.append(f"| {name}, {which} | {own[0]} | {state} | {own[1]} | {kept} |")
    return "\n".join(lines)


def kept() -> dict[str, Any]:
    """The plans that are there; another call may be adding to them."""
    plans: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))["plans"] if RESULTS.is_file() else {}
    return plans


def main() -> None:
    """Plan, keep, write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="CONFIG", help="default: all of paper size")
    parser.add_argument("--page", action="store_true", help="plan nothing")
    args = parser.parse_args()
    for name in [] if args.page else args.names or paper_size():
        began = process_time()
        made = planned(name)
        print(
            f"{name}: {made.get('refused', 'planned')} ({process_time() - began:.0f} processor s)", flush=True
        )
        measured.write(RESULTS, {"gpu": CARD, "plans": {**kept(), name: made}})
    plans = kept()
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{table(plans)}\n{compared(plans)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
