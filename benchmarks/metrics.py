"""How fast the metrics are, next to pycocoevalcap with Java, in one run on the MSR-VTT test set.

    python benchmarks/metrics.py [ngrams] [all] [reward] [--repeat 5]

2,990 predictions × 20 references, from files to numbers. *Cold* is a new process, start-up and imports
included; *again* is a further set of predictions for the same references in the same process. Each is measured by the
clock and by the processor, whose seconds include those of Java and hardly move on a busy machine. Both sides take
turns, and the best time of each counts. Writes
benchmarks/results/metrics.json and the table in docs/metrics.md. A part is a function in PARTS that returns
rows. Dense captioning is in benchmarks/metrics_dense.py, growth with the data in benchmarks/metrics_scale.py.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from child import peak_mebibytes, processor_seconds, run_child, worker_arguments
from score_files import ROOT, machine, write_files

Row = dict[str, Any]
UNITS = {"cold": "s", "cold, processor": "s", "again": "s", "again, processor": "s", "memory": "MiB"}


# What one process does: `python metrics.py --worker NAME PREDICTIONS REFERENCES`, cold and then once more.


def worker_vidcap(predictions: Path, references: Path, metrics: list[str]) -> Callable[[], dict[str, float]]:
    """The way `vidcap score` goes."""
    from vidcap_metrics.formats import load_predictions, load_references
    from vidcap_metrics.scorer import Scorer

    scorer = Scorer(load_references(references), metrics)
    given = load_predictions(predictions)
    return lambda: scorer.score(given).values


def worker_pycocoevalcap(
    predictions: Path, references: Path, metrics: list[str]
) -> Callable[[], dict[str, float]]:
    """The way its own example goes: tokenize both sides, then each scorer; it keeps nothing between calls."""
    gts: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(references.read_text())["sentences"]:
        gts.setdefault(one["video_id"], []).append({"caption": one["caption"]})
    given = {one["image_id"]: one["caption"] for one in json.loads(predictions.read_text())}
    res = {clip: [{"caption": given[clip]}] for clip in gts}

    def call() -> dict[str, float]:
        from pycocoevalcap.bleu.bleu import Bleu
        from pycocoevalcap.cider.cider import Cider
        from pycocoevalcap.meteor.meteor import Meteor
        from pycocoevalcap.rouge.rouge import Rouge
        from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

        kinds = {"bleu": Bleu, "rouge": Rouge, "cider-d": Cider, "meteor": Meteor}
        tokens, said = PTBTokenizer().tokenize(gts), PTBTokenizer().tokenize(res)
        out: dict[str, float] = {}
        with contextlib.redirect_stdout(io.StringIO()):
            for name in metrics:
                value, _ = kinds[name]().compute_score(tokens, said)
                out |= (
                    {f"BLEU-{n + 1}": v for n, v in enumerate(value)}
                    if name == "bleu"
                    else {name: float(value)}
                )
        return out

    return call


WORKERS = {"vidcap": worker_vidcap, "pycocoevalcap": worker_pycocoevalcap}


def work(name: str, predictions: Path, references: Path, metrics: list[str]) -> dict[str, Any]:
    """Both calls in this process, by the clock and by the processor."""
    call = WORKERS[name](predictions, references, metrics)
    values = call()
    ended, cold = time.time(), processor_seconds()
    again = []
    for _ in range(3):
        before, start = processor_seconds(), time.perf_counter()
        call()
        again.append((time.perf_counter() - start, processor_seconds() - before))
    clock, processor = map(min, zip(*again, strict=True))
    return {
        "ended": ended,
        "cold, processor": cold,
        "again": clock,
        "again, processor": processor,
        "memory": peak_mebibytes(),
        "values": values,
    }


def run_worker(name: str, files: tuple[Path, Path], metrics: list[str]) -> dict[str, Any]:
    """A new process; `cold` from its start until its first numbers."""
    start = time.time()
    out: dict[str, Any] = run_child(__file__, "--worker", name, *map(str, files), ",".join(metrics)).printed
    return out | {"cold": out["ended"] - start}


def race(metrics: list[str], repeat: int) -> list[Row]:
    """Both sides in turns; best times, and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        files = write_files(Path(folder))
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in WORKERS}
        for _ in range(repeat):
            for name in WORKERS:
                runs[name].append(run_worker(name, files, metrics))
    rows = []
    for key, unit in UNITS.items():
        ours, theirs = (min(run[key] for run in runs[name]) for name in WORKERS)
        median = [statistics.median(run[key] for run in runs[name]) for name in WORKERS]
        rows.append(
            {
                "metrics": ",".join(metrics),
                "what": f"{key} [{unit}]",
                "vidcap": ours,
                "pycocoevalcap": theirs,
                "ratio": theirs / ours,
                "ratio of medians": median[1] / median[0],
            }
        )
    return rows


def part_ngrams(repeat: int) -> list[Row]:
    """BLEU, ROUGE-L and CIDEr-D with tokenization."""
    return race(["bleu", "rouge", "cider-d"], repeat)


def part_all(repeat: int) -> list[Row]:
    """The same with METEOR, whose tables are compiled before (once a machine)."""
    return race(["bleu", "meteor", "rouge", "cider-d"], repeat)


def part_reward(repeat: int) -> list[Row]:
    """CIDEr-D of a batch of samples, 20 references each: one step of self-critical training."""
    from pycocoevalcap.cider.cider import Cider

    from vidcap_metrics.formats import load_predictions, load_references
    from vidcap_metrics.ptb import tokenize
    from vidcap_metrics.references import References
    from vidcap_metrics.reward import CiderReward

    with tempfile.TemporaryDirectory() as folder:
        predictions, references = write_files(Path(folder))
        texts, captions = load_predictions(predictions), load_references(references)
    tokens = References.tokenised(captions, tokenize)
    reward = CiderReward(captions)
    rows = []
    for clips, samples in ((16, 1), (64, 1), (64, 5)):
        chosen = [clip for clip in list(captions)[:clips] for _ in range(samples)]
        said = [texts[clip] for clip in chosen]
        gts = {str(n): list(tokens[clip]) for n, clip in enumerate(chosen)}
        res = {str(n): [text] for n, text in enumerate(said)}
        ours, theirs = [], []
        for _ in range(repeat * 2):
            start = time.perf_counter()
            reward(chosen, said)
            middle = time.perf_counter()
            Cider().compute_score(gts, res)
            ours.append(middle - start)
            theirs.append(time.perf_counter() - middle)
        rows.append(
            {
                "metrics": "cider-d reward",
                "what": f"{clips} clips × {samples} [s]",
                "vidcap": min(ours),
                "pycocoevalcap": min(theirs),
                "ratio": min(theirs) / min(ours),
                "ratio of medians": statistics.median(theirs) / statistics.median(ours),
            }
        )
    return rows


PARTS: dict[str, Callable[[int], list[Row]]] = {
    "ngrams": part_ngrams,
    "all": part_all,
    "reward": part_reward,
}


def table(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    lines = []
    for part, found in results["parts"].items():
        where = found["machine"]
        lines += [
            f"`{part}`, {where['date']}: "
            f"{where['cores']} cores ({where['processor']}, load {where['load']:.1f}), "
            f"Python {where['python']}, NumPy {where['numpy']}, {where['java']}. "
            "Best of each side; the last column is the ratio of medians.",
            "",
            "| metrics | what | vidcap | pycocoevalcap | ratio | of medians |",
            "|---|---|---|---|---|---|",
            *(
                f"| {row['metrics']} | {row['what']} | {row['vidcap']:.4g} | {row['pycocoevalcap']:.4g} "
                f"| {row['ratio']:.1f} | {row['ratio of medians']:.1f} |"
                for row in found["rows"]
            ),
            "",
        ]
    return "\n".join(lines)


def write_docs(results: dict[str, Any]) -> None:
    """Put the table between the marks in docs/metrics.md."""
    path = ROOT / "docs" / "metrics.md"
    before, _, rest = path.read_text(encoding="utf-8").partition("<!-- speed:start -->\n")
    _, mark, after = rest.partition("<!-- speed:end -->")
    path.write_text(f"{before}<!-- speed:start -->\n{table(results)}{mark}{after}", encoding="utf-8")


def main() -> None:
    """Run the parts named, or all."""
    given = worker_arguments()
    if given:
        name, predictions, references, metrics = given
        print(json.dumps(work(name, Path(predictions), Path(references), metrics.split(","))))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=[])
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    path = ROOT / "benchmarks" / "results" / "metrics.json"
    results = json.loads(path.read_text()) if path.is_file() else {"parts": {}}
    for part in args.parts or PARTS:
        rows = PARTS[part](args.repeat)
        for row in rows:
            print(
                "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()),
                flush=True,
            )
        results["parts"][part] = {"machine": machine(), "rows": rows}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
    write_docs(results)


if __name__ == "__main__":
    main()
