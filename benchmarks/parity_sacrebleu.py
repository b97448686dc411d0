"""Compare the tokenizers `13a` and `char` with sacrebleu's, on lines made to be hard; needs sacrebleu.

    python benchmarks/parity_sacrebleu.py [--freeze]

`--freeze` also writes some of its answers into metrics/tests/goldens, where the tests find them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "metrics" / "tests"
sys.path[:0] = [str(ROOT / "metrics"), str(TESTS)]

from fuzz_lines import fuzz_lines  # noqa: E402

from vidcap_metrics.tokenizers import characters, mteval_13a  # noqa: E402

FUZZ, FROZEN, LONGEST = 20_000, 60, 120
OWN = [
    'He said: "3.5-4 ft, or 1,000." (It\'s $5 &amp; up)',
    "a-b 3-4 x.y 3.x x,3 .5 5. -5 #1 a/b {c}~d",
    "<skipped>one &lt;two&gt; &quot;three&quot;",
]


def main() -> int:
    """1 if anything differs."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_char import TokenizerChar

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--freeze", action="store_true", help="write the golden of 13a")
    args = parser.parse_args()
    theirs, letters = Tokenizer13a(), TokenizerChar()
    probes = (TESTS / "goldens" / "ptb_lines.txt").read_text(encoding="utf-8").split("\n")[:-1]
    lines = fuzz_lines(FUZZ) + probes
    wrong = [line for line, ours in zip(lines, mteval_13a(lines), strict=True) if theirs(line) != ours]
    wrong_letters = [
        line
        for line, ours in zip(lines, characters(lines), strict=True)
        if " ".join(letters(line).split()) != ours
    ]
    print(f"{len(lines)} lines: 13a {len(wrong)} different, char {len(wrong_letters)}")
    if args.freeze:
        frozen = [line for line in fuzz_lines(400) if len(line) < LONGEST][:FROZEN] + OWN
        text = json.dumps([[line, theirs(line)] for line in frozen], indent=0, ensure_ascii=False)
        (TESTS / "goldens" / "mteval_13a.json").write_text(text, encoding="utf-8")
    return int(bool(wrong or wrong_letters))


if __name__ == "__main__":
    sys.exit(main())
