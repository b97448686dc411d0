"""The tokenizer against frozen answers of Stanford's (benchmarks/parity_java.py --freeze makes them)."""

from __future__ import annotations

import gzip
import hashlib
import json
import runpy
from pathlib import Path

import pytest

from vidcap_metrics.ptb import split, tokenize

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "goldens" / "ptb.json").read_text(encoding="utf-8"))
OWN = (HERE / "goldens" / "ptb_lines.txt").read_text(encoding="utf-8").split("\n")[:-1]
BLOCK = 10_000


def digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def test_hand_made_lines() -> None:
    assert len(OWN) == len(GOLDEN["own"]) >= 50
    for line, here, java in zip(OWN, tokenize(OWN), GOLDEN["own"], strict=True):
        assert here == java, line


def test_fuzz_lines() -> None:
    fuzz_lines = runpy.run_path(str(HERE / "fuzz_lines.py"))["fuzz_lines"]
    lines = fuzz_lines(2 * BLOCK)
    assert digest(tokenize(lines[:BLOCK])) == GOLDEN["fuzz"][0]
    assert digest(tokenize(lines[BLOCK:])) == GOLDEN["fuzz"][1]


def test_every_sixteenth_character() -> None:
    """All of them take half a minute: benchmarks/parity_java.py does that."""
    character_lines = runpy.run_path(str(HERE / "fuzz_lines.py"))["character_lines"]
    assert digest(tokenize(character_lines()[::16])) == GOLDEN["characters"]


def test_real_captions(shared_data: Path) -> None:
    checked = 0
    for path in sorted((shared_data / "msvd").glob("sents_*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [line.rstrip("\n").split("\t", 1)[1] for line in file]
        assert digest(tokenize(lines)) == GOLDEN["real"][f"msvd/{path.name}"]
        checked += len(lines)
    assert checked > 70_000


def test_punctuation_goes_and_brackets_stay() -> None:
    """The list names -LRB-, but tokens are lower case by then: a quirk that every published score has."""
    assert tokenize(["Look: (he said) 'yes', \"no\"...", "x"])[0] == "look -lrb- he said -rrb- yes no"


def test_a_line_may_depend_on_the_next() -> None:
    """An initial before a sentence opener gives its full stop away, even across captions."""
    assert tokenize(["plan b.", "The end.", "x"])[0] == "plan b"
    assert tokenize(["plan b.", "the end.", "x"])[0] == "plan b."


def test_line_breaks_inside_a_caption_are_spaces() -> None:
    assert tokenize(["a man\nruns", "a\r\ndog\u2028sits"]) == ["a man runs", "a dog sits"]


@pytest.mark.parametrize("lines", [[], [""], ["", ""], ["  "], ["."]])
def test_nothing_to_tokenize(lines: list[str]) -> None:
    assert tokenize(lines) == ["" for _ in lines]


def test_very_long_line() -> None:
    assert tokenize(["a man's dog, " * 5000])[0].split().count("dog") == 5000


def test_chunks_that_were_seen_before_change_nothing() -> None:
    lines = ["a man, 5 dogs.", "no. 5", "no. dogs"]
    assert tokenize(lines) == tokenize(lines) == [tokenize([*lines, "x"])[n] for n in range(3)]


def test_tokens_in_the_tokenizers_own_spelling() -> None:
    assert split("He can't (really) go…") == ["He", "ca", "n't", "-LRB-", "really", "-RRB-", "go", "..."]
