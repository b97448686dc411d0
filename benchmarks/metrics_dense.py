"""How fast dense captioning is scored, next to the published scripts, on real predictions of 4,453 videos in common.

    python benchmarks/metrics_dense.py [--scripts FOLDER] [--repeat 3]

BMT's predictions against ActivityNet Captions' second annotator: METEOR, CIDEr-D, BLEU, ROUGE-L and localisation at
four thresholds, SODA_c, and paragraphs. Each side is a new process from files to numbers, in turns; seconds are
processor time of the process and its children (Java), start-up included, and the least of the repeats counts. FOLDER
holds the published scripts, `SODA/soda.py` (macro average), `densevid_eval/evaluate2018.py` and `para.py`, each made to
take predictions and references and to print JSON; without it our side runs alone. Writes
benchmarks/results/metrics_dense.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import warnings
from pathlib import Path

from child import run_child, worker_arguments
from score_files import ROOT, SHARED, machine

SCRIPTS = {"dense": "densevid_eval/evaluate2018.py", "soda_c": "SODA/soda.py", "paragraph": "para.py"}


def work(name: str, predictions: Path, references: Path) -> dict[str, float]:
    """Our side: from files to numbers."""
    from vidcap_metrics.dense import Dense
    from vidcap_metrics.formats_dense import read_predictions, read_references
    from vidcap_metrics.paragraph import Paragraph
    from vidcap_metrics.soda import SodaC

    warnings.simplefilter("ignore")
    kinds = {
        "dense": lambda: Dense("2018", "zero"),
        "soda_c": lambda: SodaC("zero"),
        "paragraph": lambda: Paragraph("published", "zero"),
    }
    [file] = read_references(references)
    scorer = kinds[name]().scorer(file.events, file.durations)
    values = scorer.score(read_predictions(predictions).events).values
    return {key: value for key, value in values.items() if ":" not in key}


def main() -> None:
    """Both sides in turns."""
    given = worker_arguments()
    if given:
        metric, predictions, references = given
        print(json.dumps(work(metric, Path(predictions), Path(references))))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scripts", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        files = []
        for path in ("oracles/bmt_captioning_results_val_1_e26.json.gz", "activitynet/val_2.json.gz"):
            target = Path(name) / Path(path).stem
            target.write_bytes(gzip.decompress((SHARED / path).read_bytes()))
            files.append(str(target))
        for metric, script in SCRIPTS.items():
            ours, theirs = [], []
            for _ in range(args.repeat):
                ours.append(run_child(__file__, "--worker", metric, *files))
                if args.scripts:
                    theirs.append(run_child(str(args.scripts / script), *files))
            least = min(child.processor for child in ours)
            row = {"metric": metric, "vidcap s": least, "values": ours[0].printed}
            if theirs:
                published = min(child.processor for child in theirs)
                row |= {"script s": published, "ratio": published / least, "published": theirs[0].printed}
            rows.append(row)
            print(row, flush=True)
    results = ROOT / "benchmarks" / "results" / "metrics_dense.json"
    results.write_text(
        json.dumps({"machine": machine() | {"note": "2 cores, shared"}, "rows": rows}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
