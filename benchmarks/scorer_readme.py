"""Write the tables of metrics/README.md from benchmarks/results: what agrees with others, and who scores how fast.

    python benchmarks/scorer_readme.py

The results are those of benchmarks/parity_java.py, metrics.py, metrics_aac.py and metrics_dense.py. The table of growth
in docs/metrics.md, from those of metrics_scale.py, is written too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
README, PAGE = ROOT / "metrics" / "README.md", ROOT / "docs" / "metrics.md"
Rows = list[dict[str, Any]]
PARTS = ("ptb", "ngrams", "meteor", "hostile")
AAC = {"bleu_4": "BLEU-4", "rouge_l": "ROUGE-L", "cider_d": "CIDEr-D", "meteor": "METEOR"}
COCO = {"METEOR": "METEOR", "ROUGE_L": "ROUGE-L", "CIDEr": "CIDEr-D"} | {
    f"Bleu_{n}": f"BLEU-{n}" for n in range(1, 5)
}
SCRIPTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "dense": (
        "densevid_eval, 2018",
        "METEOR, CIDEr-D, BLEU, ROUGE-L and localisation at four thresholds",
        {name: f"dense-{own}" for name, own in COCO.items()} | {"Precision": "loc-P", "Recall": "loc-R"},
    ),
    "soda_c": ("SODA", "SODA_c", {"0": "SODA_c-P", "1": "SODA_c-R", "2": "SODA_c"}),
    "paragraph": (
        "PDVC's paragraph script",
        "METEOR, CIDEr-D, BLEU, ROUGE-L of paragraphs",
        {name: f"para-{own}" for name, own in COCO.items()},
    ),
}
"""Of each metric of benchmarks/metrics_dense.py: the published script, what it gives, and its names of the numbers."""


def parity(rows: Rows) -> list[str]:
    """One line for each kind of comparison."""
    tokens = [row for row in rows if row["part"] == "ptb"]
    lines = [
        "| what | compared with | how much | differences |",
        "|---|---|---|---|",
        f"| PTB tokens | Stanford CoreNLP 3.4.1 | {sum(row['lines'] for row in tokens):,} lines "
        f"| {sum(row['different'] for row in tokens):,} lines |",
    ]
    for row in sorted(rows, key=lambda row: PARTS.index(row["part"])):
        if row["part"] == "ngrams":
            gap = max(row["corpus difference"], row["largest clip difference"])
            lines.append(
                f"| {row['what']} | pycocoevalcap | 2,990 clips × 20 references | at most {gap:.1e} |"
            )
        elif "corpus gap" in row:
            lines.append(
                f"| METEOR ({row['what'].removesuffix(', clips')}) | meteor-1.5.jar "
                f"| {row['clips']:,} clips × {row['references']} references "
                f"| at most {max(row['largest'], row['corpus gap']):.1e} |"
            )
        elif "largest" in row and "pairs" in row:
            what = row["what"].removesuffix(", pairs")
            lines.append(
                f"| METEOR of pairs ({what}) | meteor-1.5.jar | {row['pairs']:,} pairs | at most {row['largest']:.1e} |"
            )
    return lines


def machine(where: dict[str, Any]) -> str:
    """Where and when it was measured."""
    return (
        f"{where['cores']} cores ({where['processor']}, load {where['load']:.1f}), Python {where['python']}, "
        f"NumPy {where['numpy']}, {where['java']}, {where['date']}"
    )


def speed(parts: dict[str, Any]) -> list[str]:
    """Ratios of medians, both sides in one run."""
    lines = [
        f"{machine(parts['all']['machine'])}; both sides took turns in one run, ratios are of medians.",
        "",
        "| metrics | what | vidcap-metrics | pycocoevalcap | ratio |",
        "|---|---|---|---|---|",
    ]
    for name in ("ngrams", "all"):
        lines += [
            f"| {row['metrics']} | {row['what']} | {number(row['vidcap'])} | {number(row['pycocoevalcap'])} "
            f"| {row['ratio of medians']:.1f} |"
            for row in parts[name]["rows"]
        ]
    return lines


def number(value: float) -> str:
    """Three digits, and no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def others(parts: dict[str, Any], aac: dict[str, Any], dense: dict[str, Any]) -> list[str]:
    """Each other scorer on what it scores: processor seconds of both, and how far apart the numbers are."""
    lines = [
        "| scorer | what it scores here | its seconds | ours | ratio | largest difference |",
        "|---|---|---|---|---|---|",
    ]
    for name in ("ngrams", "all"):
        [row] = [row for row in parts[name]["rows"] if row["what"] == "cold, processor [s]"]
        lines.append(
            f"| pycocoevalcap | MSR-VTT: {row['metrics']} | {row['pycocoevalcap']:.1f} | {row['vidcap']:.1f} "
            f"| {row['pycocoevalcap'] / row['vidcap']:.1f} | the table above |"
        )
    ours, theirs = aac["rows"]
    lines.append(
        f"| aac-metrics | MSR-VTT: {', '.join(theirs['values'])} | {theirs['processor s']:.1f} "
        f"| {ours['processor s']:.1f} | {aac['ratio']:.1f} | {largest(theirs['values'], ours['values'], AAC):.1e} |"
    )
    for row in dense["rows"]:
        scorer, what, names = SCRIPTS[row["metric"]]
        gap = largest(flat(row["published"]), row["values"], names)
        lines.append(
            f"| {scorer} | ActivityNet: {what} | {row['script s']:.1f} | {row['vidcap s']:.1f} | {row['ratio']:.1f} "
            f"| {gap:.1e} |"
        )
    return lines


def growth(rows: Rows) -> list[str]:
    """MSR-VTT's test set several times over."""
    return [
        "| times | clips | prepare [s] | a set of captions [s] | of once | peak of memory [MiB] |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['times']} | {row['clips']:,} | {row['prepare s']:.2f} | {row['again s']:.3f} "
            f"| {row['again, of once']:.1f} | {row['peak MiB']:.0f} |"
            for row in rows
        ),
    ]


def largest(theirs: dict[str, float], ours: dict[str, float], names: dict[str, str]) -> float:
    """Between numbers that are called differently."""
    return max(abs(theirs[name] - ours[own]) for name, own in names.items())


def flat(published: Any) -> dict[str, float]:
    """Numbers by name; those of a list are called by their place, from 1 where the list has a name."""
    if isinstance(published, list):
        return {str(number): value for number, value in enumerate(published)}
    out = {}
    for name, value in published.items():
        values = value if isinstance(value, list) else [value]
        out |= {f"{name}_{n}" if isinstance(value, list) else name: each for n, each in enumerate(values, 1)}
    return out


def put(text: str, mark: str, lines: list[str]) -> str:
    """A page with other lines between its two marks."""
    before, start, rest = text.partition(f"<!-- {mark}:start -->\n")
    _, end, after = rest.partition(f"<!-- {mark}:end -->")
    assert start, mark
    assert end, mark
    return before + start + "\n".join(lines) + "\n" + end + after


def main() -> None:
    """All tables."""
    names = ("parity_java", "metrics", "metrics_aac", "metrics_dense")
    rows, coco, aac, dense = (json.loads((RESULTS / f"{name}.json").read_text()) for name in names)
    text = README.read_text(encoding="utf-8")
    text = put(text, "parity", parity(rows))
    text = put(text, "speed", speed(coco["parts"]))
    text = put(text, "others", others(coco["parts"], aac, dense))
    README.write_text(text, encoding="utf-8")
    scale = json.loads((RESULTS / "metrics_scale.json").read_text())["rows"]
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(put(page, "growth", growth(scale)), encoding="utf-8")


if __name__ == "__main__":
    main()
