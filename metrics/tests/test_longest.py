"""The longest-match lexer on small grammars."""

from __future__ import annotations

import pytest

from vidcap_metrics.longest_match import Automaton, Charset, parse_charset


def automaton(*rules: str) -> Automaton:
    made = Automaton({"ab": "(a|b)"}, {"digit": Charset([(48, 57)])})
    for number, rule in enumerate(rules):
        made.add(rule, number)
    return made


@pytest.mark.parametrize(
    ("rules", "text", "expected"),
    [
        (("a|ab|abc",), "abcd", (0, 3)),
        (("a*", "aab"), "aab", (1, 3)),
        (("aa", "a+"), "aa", (0, 2)),
        (("x{2,4}",), "xxxxx", (0, 4)),
        (("x{2,4}",), "x", (-1, 0)),
        (("(ab)?c",), "abc", (0, 3)),
        (("{ab}+{digit}",), "abba7", (0, 5)),
        (("[^a-c]+",), "xyza", (0, 3)),
        (("hello",), "HeLLo", (0, 5)),
        (("[h]ello",), "Hello", (-1, 0)),
        ((r"\(\.",), "(.", (0, 2)),
    ],
)
def test_longest(rules: tuple[str, ...], text: str, expected: tuple[int, int]) -> None:
    assert automaton(*rules).longest(text, 0, len(text)) == expected


def test_ends_lists_every_end() -> None:
    assert automaton("a(bc)*").ends("abcbcx", 0, 6) == [1, 3, 5]


def test_charset_of_ranges_and_its_inverse() -> None:
    chars = parse_charset("a-c\\-x")
    assert [c for c in "abcd-xyz" if c in chars] == ["a", "b", "c", "-", "x"]
    assert "a" not in parse_charset("^a-c")
    assert "é" in parse_charset("^a-c")


def test_unbalanced_pattern_is_refused() -> None:
    with pytest.raises((ValueError, IndexError)):
        automaton("a)b")
