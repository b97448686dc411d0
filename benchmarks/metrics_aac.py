"""How fast the caption metrics are next to aac-metrics, on the MSR-VTT test set: 2,990 predictions × 20 references.

    python benchmarks/metrics_aac.py --cache FOLDER

Needs aac-metrics and Java; FOLDER is its cache, with the two jars under aac-metrics/. Both sides go from captions to
BLEU, ROUGE-L, CIDEr-D and METEOR, PTB tokens included; processor seconds with those of Java, imports not counted.
Writes benchmarks/results/metrics_aac.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from child import processor_seconds
from score_files import ROOT, machine, write_files

from vidcap_metrics.formats import load_predictions, load_references
from vidcap_metrics.scorer import Scorer


def spent(call: Callable[[], dict[str, float]]) -> tuple[dict[str, float], float, float]:
    """What a call gives, its processor seconds with its children's, and its seconds by the clock."""
    before, start = processor_seconds(), time.perf_counter()
    values = call()
    return values, processor_seconds() - before, time.perf_counter() - start


def main() -> None:
    """Both sides, one after the other."""
    from aac_metrics.functional import bleu, cider_d, meteor, rouge_l
    from aac_metrics.utils import checks
    from aac_metrics.utils.tokenization import preprocess_mono_sents, preprocess_mult_sents

    checks.MAX_JAVA_MAJOR_VERSION = 99  # it refuses Java after 13, which runs these jars as well
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", required=True)
    cache = parser.parse_args().cache
    with tempfile.TemporaryDirectory() as folder:
        files = write_files(Path(folder))
        predictions, references = load_predictions(files[0]), load_references(files[1])
    clips = list(references)

    def theirs() -> dict[str, float]:
        texts = preprocess_mono_sents([predictions[clip] for clip in clips], cache_path=cache)
        others = preprocess_mult_sents([references[clip] for clip in clips], cache_path=cache)
        out: dict[str, float] = {}
        for call, options in (
            (bleu, {"n": 4}),
            (rouge_l, {}),
            (cider_d, {}),
            (meteor, {"cache_path": cache}),
        ):
            out |= {name: float(value) for name, value in call(texts, others, **options)[0].items()}
        return out

    rows = []
    for name, call in (
        (
            "vidcap",
            lambda: Scorer(references, ["bleu", "rouge", "cider-d", "meteor"]).score(predictions).values,
        ),
        ("aac-metrics", theirs),
    ):
        values, seconds, clock = spent(call)
        rows.append({"scorer": name, "processor s": seconds, "clock s": clock, "values": values})
        print(rows[-1], flush=True)
    results = ROOT / "benchmarks" / "results" / "metrics_aac.json"
    ratio = rows[1]["processor s"] / rows[0]["processor s"]
    results.write_text(
        json.dumps(
            {"machine": machine() | {"note": "2 cores, shared"}, "ratio": ratio, "rows": rows}, indent=1
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
