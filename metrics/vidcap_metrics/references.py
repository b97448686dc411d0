"""References of many clips, tokenised once and shared by every metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from vidcap_metrics.errors import DataError
from vidcap_metrics.lines import BLOCK
from vidcap_metrics.ngrams import NgramIndex, Predicted
from vidcap_metrics.signature import hash_captions

Tokenize = Callable[[Iterable[str]], list[str]]


class References(Mapping[str, tuple[str, ...]]):
    """`{clip: (tokenised caption, ...)}`; every clip has at least one."""

    def __init__(self, captions: Mapping[str, Sequence[str]]) -> None:
        self._captions = {clip: tuple(lines) for clip, lines in captions.items()}

    @classmethod
    def tokenised(cls, captions: Mapping[str, Sequence[str]], tokenizer: Tokenize) -> References:
        """Checked and tokenised, all clips in one call of the tokenizer."""
        check_references(captions)
        tokens = iter(tokenizer([line for lines in captions.values() for line in lines]))
        return cls({clip: [next(tokens) for _ in lines] for clip, lines in captions.items()})

    @classmethod
    def of(cls, captions: Mapping[str, Sequence[str]]) -> References:
        """Tokenised captions as References; the same object if they are already."""
        return captions if isinstance(captions, References) else cls(captions)

    @cached_property
    def ngrams(self) -> NgramIndex:
        """Their n-grams, counted once for all metrics."""
        return NgramIndex(self)

    @cached_property
    def plain(self) -> bool:
        """Whether words are what stands between single spaces: no empty line, no other white space."""
        lines = [line for captions in self.values() for line in captions]
        return all(_plain(lines[start : start + BLOCK]) for start in range(0, len(lines), BLOCK))

    @cached_property
    def digest(self) -> str:
        """A hash of them, for signatures."""
        return hash_captions(self)

    def only(self, clips: Iterable[str]) -> References:
        """The same references for some of the clips."""
        return References({clip: self._captions[clip] for clip in clips})

    def counts(self) -> tuple[int, int]:
        """Fewest and most references of a clip."""
        lengths = [len(lines) for lines in self._captions.values()]
        return min(lengths, default=0), max(lengths, default=0)

    def __getitem__(self, clip: str) -> tuple[str, ...]:
        return self._captions[clip]

    def __iter__(self) -> Iterator[str]:
        return iter(self._captions)

    def __len__(self) -> int:
        return len(self._captions)


def _plain(lines: Sequence[str]) -> bool:
    whole = " ".join(lines)
    return all(lines) and "  " not in whole and whole.count(" ") + 1 == len(whole.split())


class Predictions(Mapping[str, str]):
    """`{clip: tokenised caption}` that does not change, so that metrics can share what they look up."""

    def __init__(self, captions: Mapping[str, str]) -> None:
        self._captions = dict(captions)
        self._found: tuple[NgramIndex, Predicted] | None = None

    def found_in(self, index: NgramIndex) -> Predicted:
        """Their n-grams in the references' index, looked up once."""
        if self._found is None or self._found[0] is not index:
            self._found = index, find(index, self._captions)
        return self._found[1]

    def __getitem__(self, clip: str) -> str:
        return self._captions[clip]

    def __iter__(self) -> Iterator[str]:
        return iter(self._captions)

    def __len__(self) -> int:
        return len(self._captions)


def find(index: NgramIndex, captions: Mapping[str, str]) -> Predicted:
    """The n-grams of tokenised predictions in the references' index."""
    clips = np.fromiter((index.clips[clip] for clip in captions), np.int64, len(captions))
    return index.find(clips, list(captions.values()))


def predicted(index: NgramIndex, predictions: Mapping[str, str]) -> Predicted:
    """The same, shared between metrics when the predictions are `Predictions`."""
    return predictions.found_in(index) if isinstance(predictions, Predictions) else find(index, predictions)


def check_references(captions: Mapping[str, Sequence[str]]) -> None:
    """Refuse what cannot be scored against: nothing, no captions, or captions that are not text."""
    if not captions:
        raise DataError("there are no references", hint="check that the reference file is the one you meant")
    for clip, lines in captions.items():
        if isinstance(lines, str):
            raise DataError(
                f"references of clip '{clip}' are one string, not a list of captions",
                hint=f'{{"{clip}": ["first caption", "second caption"]}}',
            )
        if not lines:
            raise DataError(
                f"clip '{clip}' has no references",
                hint="leave the clip out of the reference file, or add its captions",
            )
        for line in lines:
            if not isinstance(line, str):
                raise DataError(
                    f"a reference of clip '{clip}' is {type(line).__name__} {line!r:.40}, not text",
                    hint="references are strings; a missing caption is left out, not null",
                )
