"""Sentences on which METEOR's choice among alignments shows, and what the jar writes for them."""

from __future__ import annotations

import gzip
import itertools
import random
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vidcap_metrics.meteor.align import Match
from vidcap_metrics.meteor.tables import Source

Pair = tuple[str, str]
LETTERS = {"a": "qab", "b": "qoc", "y": "qyy", "z": "qzz"}
"""Words that nothing but themselves matches; y stands in references alone, z in captions alone."""
WORDS = (
    "play",
    "plays",
    "playing",
    "played",
    "player",
    "is",
    "are",
    "was",
    "being",
    "a",
    "the",
    "man",
    "men",
    "person",
    "people",
    "boy",
    "guitar",
    "in",
    "on",
    "of",
    "to",
    "car",
    "cars",
    "drive",
    "driving",
    "run",
    "running",
    "two",
    "video",
    "film",
    "is being",
    "are being",
    "there is",
    "there are",
    "a number of",
    "in order to",
    "as well as",
    "with the",
    "is going to be",
    "the fact that",
    "a great deal of",
    "at the same time",
    "with the exception of",
)
SHARE = 0.01
"""of the table's lines that `table_probes` draws from"""
MATCH = re.compile(r"(\d+):(\d+)\t+(\d+):(\d+)\t+(\d)\t")


def letter_probes(longest: int) -> list[Pair]:
    """Every caption of a, b, z with every reference of a, b, y."""
    return list(itertools.product(_sentences("abz", longest), _sentences("aby", longest)))


def _sentences(letters: str, longest: int) -> list[str]:
    return [
        " ".join(LETTERS[one] for one in word)
        for length in range(1, longest + 1)
        for word in itertools.product(letters, repeat=length)
    ]


def word_probes(count: int, seed: int) -> list[Pair]:
    """A few words and phrases, again and again."""
    dice = random.Random(seed)
    out = []
    for _ in range(count):
        pool = dice.sample(WORDS, dice.randint(3, len(WORDS)))
        caption, reference = (" ".join(dice.choices(pool, k=dice.randint(2, 18))) for _ in range(2))
        out.append((caption, reference))
    return out


def table_probes(count: int, seed: int) -> list[Pair]:
    """Phrases of the table of paraphrases and what stands for them, in any order."""
    dice = random.Random(seed)
    with gzip.open(Source.installed().paraphrases, "rt", encoding="utf-8") as file:
        lines = zip(file, file, file, strict=True)
        pairs = [(one.strip(), other.strip()) for _, one, other in lines if dice.random() < SHARE]
    pairs = [pair for pair in pairs if re.fullmatch(r"[a-z ]+", " ".join(pair))]
    out = []
    for _ in range(count):
        sides: tuple[list[str], list[str]] = [], []
        for pair in dice.sample(pairs, dice.randint(2, 6)):
            for side, phrase, other in zip(sides, pair, pair[::-1], strict=True):
                side += [phrase, other] if dice.random() < 0.3 else [phrase]
            if dice.random() < 0.5:
                sides = sides[1], sides[0]
        for side in sides:
            dice.shuffle(side)
        out.append((" ".join(sides[0]), " ".join(sides[1])))
    return out


def jar_alignments(pairs: Sequence[Pair]) -> list[list[Match]]:
    """What the jar writes for captions and references, in the reference's order."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, column in (("captions", 0), ("references", 1)):
            (folder / file).write_text("".join(pair[column] + "\n" for pair in pairs), encoding="utf-8")
        options = ("-l", "en", "-norm", "-writeAlignments", "-f", str(folder / "jar"))
        texts = str(folder / "captions"), str(folder / "references")
        command = ["java", "-Xmx2G", "-jar", str(Source.installed().jar), *texts, *options]
        subprocess.run(command, check=True, capture_output=True)
        blocks = ("\n" + (folder / "jar-align.out").read_text(encoding="utf-8")).split("\nAlignment\t")[1:]
    return [_matches(block) for block in blocks]


def _matches(block: str) -> list[Match]:
    rows = (tuple(map(int, row)) for row in MATCH.findall(block))
    return sorted((start, length, at, words, kind) for start, length, at, words, kind in rows)
