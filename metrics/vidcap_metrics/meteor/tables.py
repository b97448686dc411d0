"""METEOR's English tables, read from the installed pycocoevalcap package and compiled once.

Function words, exceptions and WordNet's synonym sets lie in its jar, which is a zip; paraphrases beside it.
"""

from __future__ import annotations

import gzip
import importlib.util
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidcap_metrics.errors import UserError
from vidcap_metrics.meteor.cache import Arrays, compiled
from vidcap_metrics.meteor.phrases import Hashes, line_hashes, word_hash

LAYOUT = 3
"""Raised when the compiled form changes, so that an old one is left alone."""
BLOCK = 1 << 24
FILTER_BITS = 25
MISSING = "METEOR reads its tables from the package pycocoevalcap, where {} is missing"
RULES = (
    ("s", ""),
    ("ses", "s"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
    ("es", "e"),
    ("es", ""),
    ("ed", "e"),
    ("ed", ""),
    ("ing", "e"),
    ("ing", ""),
    ("er", ""),
    ("est", ""),
    ("er", "e"),
    ("est", "e"),
)
"""WordNet's endings and what they stand for; the first that gives a word of the dictionary counts."""


@dataclass(frozen=True)
class Source:
    """The two files of pycocoevalcap."""

    jar: Path
    paraphrases: Path

    @classmethod
    def installed(cls) -> Source:
        """The files, or an error that says which is missing."""
        spec = importlib.util.find_spec("pycocoevalcap")
        if spec is None or not spec.submodule_search_locations:
            raise UserError(MISSING.format("everything"), hint="pip install pycocoevalcap")
        folder = Path(spec.submodule_search_locations[0]) / "meteor"
        source = cls(folder / "meteor-1.5.jar", folder / "data" / "paraphrase-en.gz")
        for path in (source.jar, source.paraphrases):
            if not path.is_file():
                raise UserError(MISSING.format(path), hint="pip install --force-reinstall pycocoevalcap")
        return source

    def pairs(self, name: str) -> Iterator[tuple[str, list[str]]]:
        """Entries of a text in the jar whose lines are in turn a word and its values."""
        with zipfile.ZipFile(self.jar) as archive:
            lines = archive.read(name).decode("utf-8").splitlines()
        return zip(lines[::2], (line.split() for line in lines[1::2]), strict=False)

    def words(self, name: str) -> frozenset[str]:
        """Lines of a text in the jar, without comments."""
        with zipfile.ZipFile(self.jar) as archive:
            lines = archive.read(name).decode("utf-8").split("\n")
        return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))

    def key(self, part: str) -> str:
        """A name for what is compiled from these very files."""
        if part == "synonyms":
            with zipfile.ZipFile(self.jar) as archive:
                check = zlib.crc32(repr(sorted((i.filename, i.CRC) for i in archive.infolist())).encode())
        else:
            with self.paraphrases.open("rb") as file:
                file.seek(-8, 2)
                check = zlib.crc32(file.read())  # gzip ends with checksum and size of its text
        return f"meteor/{part}-{LAYOUT}-{check:08x}"


class Tables:
    """Look-ups of words and phrases by hash."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.function_words = source.words("function/english.words")
        lines = (line.partition("#") for line in source.words("nonbreaking/english.prefixes"))
        self.abbreviations = {word.strip(): bool(only) for word, only, _ in lines}
        """word → whether it is one only before a number"""

    @cached_property
    def _synonyms(self) -> Arrays:
        return compiled(self.source.key("synonyms"), lambda: _compile_synonyms(self.source))

    @cached_property
    def _paraphrases(self) -> Arrays:
        return compiled(self.source.key("paraphrases"), lambda: _compile_paraphrases(self.source.paraphrases))

    @cached_property
    def _exceptions(self) -> dict[str, list[str]]:
        """Irregular form → base forms."""
        out: dict[str, list[str]] = {}
        for base, forms in self.source.pairs("synonym/english.exceptions"):
            for form in forms:
                out.setdefault(form, []).append(base)
        return out

    def synonym_sets(self, word: str) -> frozenset[int]:
        """Sets of the word and of what it is a form of."""
        own = self._sets(word)
        if word in self._exceptions:
            return own.union(*map(self._sets, self._exceptions[word]))
        if len(word) > 2 and not word.endswith("ss"):
            for ending, stands_for in RULES:
                if word.endswith(ending):
                    lemma_sets = self._sets(word[: -len(ending)] + stands_for)
                    if lemma_sets:
                        return own | lemma_sets
        return own

    def _sets(self, word: str) -> frozenset[int]:
        table = self._synonyms
        row = int(np.searchsorted(table["words"], np.uint64(word_hash(word)[0])))
        if row == len(table["words"]) or int(table["words"][row]) != word_hash(word)[0]:
            return frozenset()
        return frozenset(table["sets"][table["starts"][row] : table["starts"][row + 1]].tolist())

    def phrases(self, hashes: Hashes) -> NDArray[np.int64]:
        """Numbers of phrases that the table of paraphrases has, −1 for others."""
        table = self._paraphrases
        out = np.full(len(hashes), -1, np.int64)
        slot = hashes >> np.uint64(64 - FILTER_BITS)
        maybe = np.flatnonzero(
            table["filter"][slot >> np.uint64(3)] >> (slot & np.uint64(7)).astype(np.uint8) & 1
        )
        distinct, back = np.unique(hashes[maybe], return_inverse=True)
        row = np.searchsorted(table["phrases"], distinct)
        row[row == len(table["phrases"])] = 0
        row[table["phrases"][row] != distinct] = -1
        out[maybe] = row[back]
        return out

    def paraphrases(self, phrase: int) -> NDArray[np.int32]:
        """Numbers of the phrases that the table says may stand for one, in its order; it may not say it of them."""
        starts = self._paraphrases["starts"]
        return np.asarray(self._paraphrases["others"][starts[phrase] : starts[phrase + 1]], np.int32)


@lru_cache(maxsize=1)
def load_tables() -> Tables:
    """The installed tables, read once a process."""
    return Tables(Source.installed())


def _compile_synonyms(source: Source) -> dict[str, NDArray[np.generic]]:
    """words: sorted hashes; sets of word i: sets[starts[i] : starts[i + 1]]."""
    entries = sorted((word_hash(word)[0], ids) for word, ids in source.pairs("synonym/english.synsets"))
    starts = np.cumsum([0, *(len(ids) for _, ids in entries)], dtype=np.int32)
    sets = np.array([int(set_id) for _, ids in entries for set_id in ids], np.int32)
    return {"words": np.array([word for word, _ in entries], np.uint64), "starts": starts, "sets": sets}


def _compile_paraphrases(path: Path) -> dict[str, NDArray[np.generic]]:
    """phrases: sorted hashes; others of phrase i: others[starts[i] : starts[i + 1]], in the file's order."""
    parts = [line_hashes(*block) for block in _line_blocks(path)]
    lines = np.concatenate(parts).reshape(-1, 3)
    phrases, numbers = np.unique(lines[:, 1:], return_inverse=True)
    phrase, other = numbers.reshape(-1, 2).astype(np.int32).T
    order = np.argsort(phrase, kind="stable")
    starts = np.searchsorted(phrase[order], np.arange(len(phrases) + 1)).astype(np.int32)
    slots = phrases >> np.uint64(64 - FILTER_BITS)
    bits = np.zeros(1 << FILTER_BITS, bool)
    bits[slots] = True
    return {
        "phrases": phrases,
        "starts": starts,
        "others": other[order],
        "filter": np.packbits(bits, bitorder="little"),
    }


def _line_blocks(path: Path) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]]:
    """Whole lines, some megabytes at a time: bytes, starts and ends of lines."""
    rest = b""
    with gzip.open(path, "rb") as file:
        while block := file.read(BLOCK):
            block = rest + block
            cut = block.rfind(b"\n") + 1
            rest = block[cut:]
            text = np.frombuffer(block[:cut], np.uint8)
            ends = np.flatnonzero(text == 10)
            yield text, np.concatenate([[0], ends[:-1] + 1]), ends
    if rest:
        text = np.frombuffer(rest, np.uint8)
        yield text, np.zeros(1, np.int64), np.array([len(rest)])
