"""Write the tables of metrics/README.md from benchmarks/results: what agrees with pycocoevalcap, and how fast.

    python benchmarks/scorer_readme.py

The results are those of benchmarks/parity_java.py and benchmarks/metrics.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "metrics" / "README.md"
Rows = list[dict[str, Any]]


def parity(rows: Rows) -> list[str]:
    """One line for each kind of comparison."""
    tokens = [row for row in rows if row["part"] == "ptb"]
    lines = [
        "| what | compared with | how much | differences |",
        "|---|---|---|---|",
        f"| PTB tokens | Stanford CoreNLP 3.4.1 | {sum(row['lines'] for row in tokens):,} lines "
        f"| {sum(row['different'] for row in tokens):,} lines |",
    ]
    for row in rows:
        if row["part"] == "ngrams":
            gap = max(row["corpus difference"], row["largest clip difference"])
            lines.append(
                f"| {row['what']} | pycocoevalcap | 2,990 clips × 20 references | at most {gap:.1e} |"
            )
        elif "corpus gap" in row:
            lines.append(
                f"| METEOR | meteor-1.5.jar | {row['clips']:,} clips × 20 references "
                f"| at most {max(row['largest'], row['corpus gap']):.1e} |"
            )
        elif "largest" in row and "pairs" in row:
            what = row["what"].removesuffix(", pairs")
            lines.append(
                f"| METEOR of pairs ({what}) | meteor-1.5.jar | {row['pairs']:,} pairs | at most {row['largest']:.1e} |"
            )
    return lines


def speed(parts: dict[str, Any]) -> list[str]:
    """Ratios of medians, both sides in one run."""
    where = parts["ngrams"]["machine"]
    lines = [
        f"{where['cores']} cores ({where['processor']}), Python {where['python']}, NumPy {where['numpy']}, "
        f"{where['java']}, {where['date']}; both sides took turns in one run, ratios are of medians.",
        "",
        "| metrics | what | vidcap-metrics | pycocoevalcap | ratio |",
        "|---|---|---|---|---|",
    ]
    for name in [name for name in ("ngrams", "all") if name in parts]:
        lines += [
            f"| {row['metrics']} | {row['what']} | {row['vidcap']:.3g} | {row['pycocoevalcap']:.3g} "
            f"| {row['ratio of medians']:.1f} |"
            for row in parts[name]["rows"]
        ]
    return lines


def put(text: str, mark: str, lines: list[str]) -> str:
    """A page with other lines between its two marks."""
    before, start, rest = text.partition(f"<!-- {mark}:start -->\n")
    _, end, after = rest.partition(f"<!-- {mark}:end -->")
    assert start, mark
    assert end, mark
    return before + start + "\n".join(lines) + "\n" + end + after


def main() -> None:
    """Both tables."""
    text = README.read_text(encoding="utf-8")
    text = put(text, "parity", parity(json.loads((RESULTS / "parity_java.json").read_text())))
    text = put(text, "speed", speed(json.loads((RESULTS / "metrics.json").read_text())["parts"]))
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
