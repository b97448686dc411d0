"""The Penn Treebank tokenizer that captioning scores are defined on, without Java.

Stanford's tokenizer reads all captions as one document, and a few of its rules look past the end of a line
("letter b." before a caption that begins with "The"): so does this one, which is why `tokenize` takes all
lines at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from vidcap_metrics.longest_match import Automaton
from vidcap_metrics.ptb_rules import CLASSES, MACROS, RULES

NAME = "ptb-3.4.1"
"""Stanford CoreNLP 3.4.1, `-preserveLines -lowerCase`, punctuation removed: named in signatures."""

BRACKETS = frozenset(("-LRB-", "-RRB-", "-LCB-", "-RCB-"))
PUNCTUATION = BRACKETS | {"''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"}
"""What pycocoevalcap removes; the brackets are never found, as tokens are lower case by then."""

NEWLINES = "\n\r\x0b\x0c\u2028\u2029"
"""Within a caption they count as spaces; pycocoevalcap does so with the first, the others shift its lines."""

BLOCK = 20_000
"""lines that are cut into chunks at a time, as chunks take more room than lines"""

UNKNOWN = "\0"
"""Stands for the tokens of a chunk that depend on the text around it; never part of a token."""


def tokenize(lines: Iterable[str]) -> list[str]:
    """Each line as its tokens, lower case, without punctuation, joined by single spaces."""
    texts = list(lines)
    whole = "\t".join(texts)
    if any(mark in whole for mark in NEWLINES):
        texts = [text.translate(dict.fromkeys(map(ord, NEWLINES), " ")) for text in texts]
    out = [
        tokens for start in range(0, len(texts), BLOCK) for tokens in _looked_up(texts[start : start + BLOCK])
    ]
    last = len(texts) - 1
    for number, tokens in enumerate(out):
        if UNKNOWN in tokens or number == last:
            out[number] = " ".join(_line(texts[number], _following(texts, number)))
        elif "  " in tokens or tokens[:1] == " " or tokens[-1:] == " ":
            out[number] = " ".join(filter(None, tokens.split(" ")))
    return out


def _looked_up(texts: list[str]) -> list[str]:
    """Each line's chunks as their tokens: many lines as one long string, a loop in C over chunks seen before."""
    chunks = " \n ".join(texts).split(" ")
    return " ".join(map(_chunks().__getitem__, chunks)).split(" \n ")[: len(texts)]


class Chunks(dict[str, str]):
    """What stands between two spaces → its tokens, as far as they are sure."""

    LIMIT = 500_000

    def __missing__(self, chunk: str) -> str:
        if len(self) >= self.LIMIT:
            self.clear()
        self[chunk] = tokens = self._tokens(chunk)
        return tokens

    def _tokens(self, chunk: str) -> str:
        if chunk == "\n":
            return chunk
        plain = PLAIN.fullmatch(chunk)
        if plain and plain[1].lower() not in ASSIMILATED:
            word, mark = plain.groups()
            if mark != ".":
                return word.lower()
            return (
                UNKNOWN if len(word) == 1 or word.lower() in BEFORE_NUMBER else " ".join(_kept(chunk, " x"))
            )
        return UNKNOWN if UNSURE.search(chunk) else " ".join(_kept(chunk, " "))


PLAIN = re.compile("([A-Za-z]+)([.,;:?!]?)")
ASSIMILATED = frozenset(["cannot", "gonna", "gotta", "lemme", "gimme", "wanna"])
BEFORE_NUMBER = frozenset(
    ("ca", "fig", "figs", "prop", "no", "nos", "art", "bldg", "pp", "op", "co", "pty", "pte")
)
"""Abbreviations that are one only before a number (or, the last three, before `ltd`)."""
WIDE = re.compile("[<\t\x85\xa0\u2000-\u200a\u3000]")
"""Tags may hold spaces, and other white space may be part of an address: such lines are read as a whole."""
UNSURE = re.compile(rf"[\d.]|{WIDE.pattern}")
"""Every rule that reaches over a space involves one of these."""


def _line(text: str, after: str) -> list[str]:
    """The kept tokens of a line, reading only those chunks whose tokens depend on what follows them."""
    if WIDE.search(text) or not after:
        return _kept(text, after)
    known = _chunks()
    chunks = text.split(" ")
    tokens: list[str] = []
    start = 0
    while start < len(chunks):
        end = start
        while end < len(chunks) and known[chunks[end]] == UNKNOWN:
            end += 1
        if end > start:
            rest = " ".join(["", *chunks[end:]]) if end < len(chunks) else ""
            tokens += _kept(" ".join(chunks[start:end]), rest + after)
        if end < len(chunks):
            tokens.append(known[chunks[end]])
        start = end + 1
    return [token for token in tokens if token]


@cache
def _chunks() -> Chunks:
    return Chunks()


def _following(texts: list[str], number: int) -> str:
    """What comes after a line: up to the end of the next line that is not blank."""
    after = ""
    for following in range(number + 1, len(texts)):
        after += "\n" + texts[following]
        if texts[following].strip():
            return after + "\n"
    return after


def _kept(text: str, after: str) -> list[str]:
    """The tokens of a text that are not punctuation, as the last step of pycocoevalcap sees them."""
    line = " ".join(split(text, after)).lower().rstrip()
    return [token for token in line.split(" ") if token not in PUNCTUATION]


def split(text: str, after: str = "") -> list[str]:
    """All tokens of a line in the tokenizer's own spelling; `after` is what follows the line."""
    units = text + after
    stop = len(text)
    if not units.isascii() and max(units) > "\uffff":
        units, stop = _utf16(units), len(_utf16(text))
    automaton = _automaton()
    tokens = []
    start = 0
    while start < stop:
        rule, end = automaton.longest(units, start, len(units))
        if rule < 0:
            start += 1
            continue
        if RULES[rule].after:
            end = _before(rule, units, start, end)
        token = TREAT[RULES[rule].treat](units[start : end - RULES[rule].give_back])
        start = end - RULES[rule].give_back
        if RULES[rule].treat == "initial" and len(token) == 2:
            token = token[0]
        if token:
            tokens.append(token)
    return [token.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") for token in tokens]


@cache
def _automaton() -> Automaton:
    automaton = Automaton(MACROS, CLASSES)
    for number, rule in enumerate(RULES):
        automaton.add(f"({rule.pattern})({rule.after})" if rule.after else rule.pattern, number)
    return automaton


@cache
def _alone(pattern: str) -> Automaton:
    automaton = Automaton(MACROS, CLASSES)
    automaton.add(pattern, 0)
    return automaton


def _before(rule: int, text: str, start: int, end: int) -> int:
    """Where the lookahead of a match begins: the longest token that leaves a whole lookahead."""
    token, after = _alone(RULES[rule].pattern), _alone(RULES[rule].after)
    for position in reversed(token.ends(text, start, end)):
        if end in after.ends(text, position, end):
            return position
    raise AssertionError(f"rule {rule} matched {text[start:end]!r} but cannot be divided")


def _utf16(text: str) -> str:
    """A text as UTF-16 code units, one character each: what the tokenizer's language counts in."""
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2))


# What becomes of a token.


def _soft(token: str) -> str:
    return token.replace("\xad", "") or "-"


def _quotes(token: str, opening: bool) -> str:
    token = re.sub("&apos;|'", "`" if opening else "'", token)
    token = re.sub('"|&quot;', "``" if opening else "''", token)
    for marks, plain in (("[\x91‘‛‹]", "`"), ("[\x92’›]", "'"), ("[\x93“«]", "``"), ("[\x94”»]", "''")):
        token = re.sub(marks, plain, token)
    return token


def _brackets(token: str) -> str:
    return token.replace("(", "-LRB-").replace(")", "-RRB-")


VULGAR = {"¼": "1/4", "½": "1/2", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}
CURRENCY = {"¢": "cents", "£": "#", "\x80": "$", "¤": "$", "₠": "$", "€": "$"}

TREAT: dict[str, Callable[[str], str]] = {
    "keep": str,
    "initial": str,
    "drop": lambda token: "",
    "soft": _soft,
    "nbsp": lambda token: token.replace(" ", "\xa0"),
    "dash": lambda token: "--",
    "hyphens": lambda token: "--" if 3 <= len(token) <= 4 else token,
    "ellipsis": lambda token: "...",
    "ampersand": lambda token: re.sub("&amp;", "&", token, flags=re.IGNORECASE),
    "vulgar": lambda token: VULGAR.get(token, token),
    "currency": lambda token: CURRENCY.get(token, token),
    "phone": lambda token: _brackets(token.replace(" ", "\xa0")),
    "parens": _brackets,
    "open": lambda token: _quotes(token, opening=True),
    "close": lambda token: _quotes(token, opening=False),
    "less": lambda token: "<",
    "greater": lambda token: ">",
    "-LCB-": lambda token: "-LCB-",
    "-RCB-": lambda token: "-RCB-",
    "-LSB-": lambda token: "-LSB-",
    "-RSB-": lambda token: "-RSB-",
}
