"""What one caption for every clip scores in emotion, so that an accuracy has a floor beside it.

python plugins/spectrum/benchmarks/emotion_constants.py RUN/references-test.json [--json FILE]

Three fixed captions, and for each category of the lexicon "a circle is moving" with that category's commonest word in
these very references: the last ones know the clips that they are scored on, and the best of them is the floor.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from vidcap_core.api import lexicon
from vidcap_core.testing.measured import write
from vidcap_metrics.emotion import emotion_scorer

FIXED = ("a man is playing happily", "a sad man is crying happily", "a man is walking")
SCORES = ("Acc_sw", "Acc_c", "CFS")


def main() -> None:
    """Print a line a caption, the best last."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("references", type=Path)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    references: dict[str, list[str]] = json.loads(args.references.read_text())
    words = lexicon().words
    said = Counter(word for lines in references.values() for line in lines for word in line.lower().split())
    commonest: dict[str, str] = {}
    for word, _ in said.most_common():
        for category in words.get(word, ()):
            commonest.setdefault(category, word)
    scorer = emotion_scorer(references)
    found = {}
    for caption in (*FIXED, *(f"a circle is moving {word}" for word in dict.fromkeys(commonest.values()))):
        values = scorer.score(dict.fromkeys(references, caption)).values
        found[caption] = {name: values[name] for name in SCORES}
    for caption, row in sorted(found.items(), key=lambda pair: pair[1]["Acc_sw"]):
        print(f"{caption}: " + "  ".join(f"{name} {value:.3f}" for name, value in row.items()))
    print(f"{len(references)} clips")
    if args.json:
        write(args.json, {"clips": len(references), "captions": found})


if __name__ == "__main__":
    main()
