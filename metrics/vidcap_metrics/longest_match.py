"""A longest-match lexer: rules as small regular expressions, one automaton built while it is used.

Python's `re` takes the first alternative that matches; a lexer must take the longest match over all rules
(the first rule on a tie). So the rules become one nondeterministic automaton, whose deterministic states
are made when a text first reaches them. A rule may end in a lookahead, `rule/after`: the lookahead counts
in the length that decides between rules, and is then given back.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

Ranges = list[tuple[int, int]]
TOP = 0xFFFF


class Charset:
    """A set of characters, as ranges."""

    def __init__(self, ranges: Ranges) -> None:
        merged: Ranges = []
        for low, high in sorted(ranges):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        self.ranges = merged
        self._lows = [low for low, _ in merged]

    def __contains__(self, char: str) -> bool:
        code = ord(char)
        index = bisect_right(self._lows, code) - 1
        return index >= 0 and code <= self.ranges[index][1]

    def inverse(self) -> Charset:
        """Every other character of the basic plane."""
        out: Ranges = []
        start = 0
        for low, high in self.ranges:
            if low > start:
                out.append((start, low - 1))
            start = high + 1
        if start <= TOP:
            out.append((start, TOP))
        return Charset(out)


@dataclass
class State:
    """A state of the nondeterministic automaton."""

    edges: list[tuple[Charset, int]] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    rule: int = -1


class Automaton:
    """A nondeterministic automaton, and the part of its deterministic form that texts have reached."""

    def __init__(self, macros: dict[str, str], classes: dict[str, Charset]) -> None:
        self.states = [State()]
        self._macros = macros
        self._classes = classes
        self._pattern = ""
        self._at = 0
        self._table: list[dict[str, int]] = []
        self._accepts: list[int] = []
        self._sets: list[tuple[int, ...]] = []
        self._ids: dict[tuple[int, ...], int] = {}
        self._charsets: dict[str, Charset] = {}

    def add(self, pattern: str, rule: int) -> None:
        """One more rule; lower numbers win ties."""
        start, end = self._parse(pattern)
        self.states[0].free.append(start)
        self.states[end].rule = rule

    def longest(self, text: str, start: int, stop: int) -> tuple[int, int]:
        """The winning rule (-1 for none) and where its match ends."""
        table, accepts = self._table, self._accepts
        if not table:
            self._id((0,))
        state, rule, end = 0, -1, start
        for position in range(start, stop):
            char = text[position]
            following = table[state].get(char)
            if following is None:
                following = self._step(state, char)
            if following < 0:
                break
            state = following
            if accepts[state] >= 0:
                rule, end = accepts[state], position + 1
        return rule, end

    def ends(self, text: str, start: int, stop: int) -> list[int]:
        """Every position where a match that begins at `start` can end, longest last."""
        out = []
        state = 0
        if not self._table:
            self._id((0,))
        if self._accepts[0] >= 0:
            out.append(start)
        for position in range(start, stop):
            following = self._table[state].get(text[position])
            if following is None:
                following = self._step(state, text[position])
            if following < 0:
                break
            state = following
            if self._accepts[state] >= 0:
                out.append(position + 1)
        return out

    def _step(self, state: int, char: str) -> int:
        reached = [
            to for member in self._sets[state] for chars, to in self.states[member].edges if char in chars
        ]
        following = self._id(tuple(reached)) if reached else -1
        self._table[state][char] = following
        return following

    def _id(self, seeds: tuple[int, ...]) -> int:
        seen = set(seeds)
        stack = list(seeds)
        while stack:
            for to in self.states[stack.pop()].free:
                if to not in seen:
                    seen.add(to)
                    stack.append(to)
        key = tuple(sorted(seen))
        if key not in self._ids:
            self._ids[key] = len(self._sets)
            self._sets.append(tuple(member for member in key if self.states[member].edges))
            self._table.append({})
            rules = [self.states[member].rule for member in key if self.states[member].rule >= 0]
            self._accepts.append(min(rules, default=-1))
        return self._ids[key]

    # A parser for the notation: literals match both cases, [classes] and {macros} as written.

    def _parse(self, pattern: str) -> tuple[int, int]:
        saved = self._pattern, self._at
        self._pattern, self._at = pattern, 0
        out = self._either()
        if self._at != len(pattern):
            raise ValueError(f"unbalanced pattern {pattern!r} at {self._at}")
        self._pattern, self._at = saved
        return out

    def _new(self) -> int:
        self.states.append(State())
        return len(self.states) - 1

    def _either(self) -> tuple[int, int]:
        start, end = self._new(), self._new()
        while True:
            first, last = self._sequence()
            self.states[start].free.append(first)
            self.states[last].free.append(end)
            if self._peek() != "|":
                return start, end
            self._at += 1

    def _sequence(self) -> tuple[int, int]:
        start = end = self._new()
        while self._peek() not in ("", "|", ")"):
            begin = self._at
            first, last = self._atom()
            low, high = self._repeat()
            after = self._at
            pieces = [(first, last)]
            for _ in range(max(low, high) - 1):
                self._at = begin
                pieces.append(self._atom())
            self._at = after
            for number, (first, last) in enumerate(pieces):
                self.states[end].free.append(first)
                if number >= low:
                    self.states[end].free.append(pieces[-1][1])
                if high == 0:
                    self.states[last].free.append(first)
                end = last
        return start, end

    def _repeat(self) -> tuple[int, int]:
        """How often the atom repeats: fewest, most (0: without end)."""
        mark = self._peek()
        if mark in ("*", "+", "?") and mark:
            self._at += 1
            return {"*": (0, 0), "+": (1, 0), "?": (0, 1)}[mark]
        if mark == "{" and self._pattern[self._at + 1].isdigit():
            close = self._pattern.index("}", self._at)
            low, high = self._pattern[self._at + 1 : close].split(",")
            self._at = close + 1
            return int(low), int(high)
        return 1, 1

    def _atom(self) -> tuple[int, int]:
        char = self._pattern[self._at]
        self._at += 1
        if char == "(":
            out = self._either()
            self._at += 1
            return out
        if char == "{":
            close = self._pattern.index("}", self._at)
            name = self._pattern[self._at : close]
            self._at = close + 1
            return (
                self._edge(self._classes[name]) if name in self._classes else self._parse(self._macros[name])
            )
        if char == "[":
            return self._edge(self._charset())
        if char == "\\":
            char = self._pattern[self._at]
            self._at += 1
        return self._edge(self._literal(char))

    def _charset(self) -> Charset:
        begin = self._at
        while self._pattern[self._at] != "]":
            self._at += 2 if self._pattern[self._at] == "\\" else 1
        body = self._pattern[begin : self._at]
        self._at += 1
        key = f"[{body}]"
        if key not in self._charsets:
            self._charsets[key] = parse_charset(body)
        return self._charsets[key]

    def _literal(self, char: str) -> Charset:
        if char not in self._charsets:
            self._charsets[char] = both_cases(char)
        return self._charsets[char]

    def _edge(self, chars: Charset) -> tuple[int, int]:
        start, end = self._new(), self._new()
        self.states[start].edges.append((chars, end))
        return start, end

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]


ODD_CASES = {"i": "ıİ", "s": "ſ", "k": "\u212a"}
"""Letters whose other case is one of these ASCII letters."""


def both_cases(char: str) -> Charset:
    """A literal without case."""
    return Charset(
        [(ord(c), ord(c)) for c in {char, char.lower(), char.upper()} | set(ODD_CASES.get(char.lower(), ""))]
    )


def parse_charset(body: str) -> Charset:
    """The inside of [...]: characters, ranges, ^ in front, backslash before a special one."""
    negated = body.startswith("^")
    chars: list[str | None] = []
    position = 1 if negated else 0
    while position < len(body):
        if body[position] == "\\":
            position += 1
            chars.append(body[position])
        elif body[position] == "-" and chars and position + 1 < len(body):
            chars.append(None)
        else:
            chars.append(body[position])
        position += 1
    ranges: Ranges = []
    position = 0
    while position < len(chars):
        char = chars[position]
        following: Sequence[str | None] = chars[position + 1 : position + 3]
        if char is not None and len(following) == 2 and following[0] is None and following[1] is not None:
            ranges.append((ord(char), ord(following[1])))
            position += 3
        else:
            code = ord("-" if char is None else char)
            ranges.append((code, code))
            position += 1
    out = Charset(ranges)
    return out.inverse() if negated else out
