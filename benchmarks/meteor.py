"""How long METEOR takes, here and in pycocoevalcap's jar, on MSR-VTT's 2,990 test clips with 20 references each.

    python benchmarks/meteor.py [--java]

Each side runs in a process of its own; "again" is a second scoring with the same references.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def measure(side: str) -> dict[str, float]:
    """Seconds and peak memory of one side; the tables are compiled before."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from parity_java import tokenized

    captions, references = tokenized()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    if side == "here":
        from vidcap_metrics.meteor.metric import Meteor

        metric = Meteor()
        prepared = metric.prepare(references)
        value = metric.score(prepared, captions).corpus["METEOR"]
        middle = time.perf_counter()
        metric.score(prepared, captions)
    else:
        from pycocoevalcap.meteor.meteor import Meteor as Jar

        both = references, {clip: [text] for clip, text in captions.items()}
        value = Jar().compute_score(*both)[0]
        middle = time.perf_counter()
        Jar().compute_score(*both)
    end = time.perf_counter()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "METEOR": value,
        "cold s": middle - start,
        "again s": end - middle,
        "data MiB": before,
        "peak MiB": own + child,
    }


def main() -> None:
    """Print one line a side."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--java", action="store_true", help="the jar as well")
    parser.add_argument("--side", choices=("here", "java"))
    args = parser.parse_args()
    if args.side:
        print(json.dumps(measure(args.side)))
        return
    for side in ("here", "java") if args.java else ("here",):
        done = subprocess.run(
            [sys.executable, __file__, "--side", side], capture_output=True, text=True, check=True
        )
        print(side, done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
