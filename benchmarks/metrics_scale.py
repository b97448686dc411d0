"""How n-gram metrics grow with the data: MSR-VTT's test set 1, 4 and 16 times over, under other ids.

    python benchmarks/metrics_scale.py

Each size is a new process: processor seconds to prepare the references, of a first and of a second set of predictions,
and the peak of memory. Writes benchmarks/results/metrics_scale.json.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from child import peak_mebibytes, run_child, worker_arguments
from score_files import ROOT, machine, write_files

SIZES = (1, 4, 16)


def work(times: int) -> dict[str, Any]:
    """Prepare, score, score again."""
    from vidcap_metrics.formats import load_predictions, load_references
    from vidcap_metrics.scorer import Scorer

    with tempfile.TemporaryDirectory() as folder:
        files = write_files(Path(folder))
        texts, captions = load_predictions(files[0]), load_references(files[1])
    predictions = {f"{clip}-{n}": text for n in range(times) for clip, text in texts.items()}
    references = {f"{clip}-{n}": lines for n in range(times) for clip, lines in captions.items()}
    marks = [time.process_time()]
    scorer = Scorer(references, ["bleu", "rouge", "cider-d"])
    marks.append(time.process_time())
    for _ in range(4):
        scorer.score(predictions)
        marks.append(time.process_time())
    spent = [after - before for before, after in itertools.pairwise(marks)]
    return {
        "times": times,
        "clips": len(references),
        "prepare s": spent[0],
        "first s": spent[1],
        "again s": min(spent[2:]),
        "peak MiB": peak_mebibytes(),
    }


def main() -> None:
    """All sizes, each in a process of its own."""
    given = worker_arguments()
    if given:
        print(json.dumps(work(int(given[0]))))
        return
    rows = []
    for times in SIZES:
        row = run_child(__file__, "--worker", str(times)).printed
        row["again, of once"] = row["again s"] / (rows[0]["again s"] if rows else row["again s"])
        rows.append(row)
        print(row, flush=True)
    results = ROOT / "benchmarks" / "results" / "metrics_scale.json"
    results.write_text(
        json.dumps({"machine": machine() | {"note": "2 cores, shared"}, "rows": rows}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
