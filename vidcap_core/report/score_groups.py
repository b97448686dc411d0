"""Scores for a reader: what each is called, what it means, and which belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """A score as it is shown."""

    name: str
    """as scores-SPLIT.json has it"""
    value: float
    signature: str = ""
    title: str = ""
    """in plain words"""
    help: str = ""

    @property
    def text(self) -> str:
        """Four decimals, as papers compare them; a count as a count."""
        whole = float(self.value).is_integer() and abs(self.value) >= 10
        return f"{self.value:,.0f}" if whole else f"{self.value:.4f}"


@dataclass(frozen=True)
class Matrix:
    """The same scores of several predictions or at several thresholds."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(frozen=True)
class Group:
    """Scores that answer one question."""

    title: str
    help: str
    scores: tuple[Score, ...] = ()
    matrix: Matrix | None = None


@dataclass(frozen=True)
class _Kind:
    title: str
    help: str
    names: Mapping[str, tuple[str, str]]


_BLEU = {
    f"BLEU-{n}": (
        f"BLEU-{n}",
        f"Share of the caption's {'words' if n == 1 else f'sequences of 1 to {n} words'} that references have.",
    )
    for n in (1, 2, 3, 4)
}
_WORDS = {
    **_BLEU,
    "METEOR": ("METEOR", "Words, stems, synonyms and paraphrases in common with the best reference."),
    "ROUGE-L": ("ROUGE-L", "Longest sequence of words in common with a reference."),
    "CIDEr-D": ("CIDEr-D", "Phrases in common with the references; rare ones count more. From 0 to 10."),
    "CIDEr": ("CIDEr", "CIDEr-D without its limits on repetition and length."),
    "SPICE": ("SPICE", "Objects, attributes and relations in common with the references."),
}
_TIMES = {
    "loc-F1": ("F1", "Harmonic mean of precision and recall."),
    "loc-P": ("Precision", "Share of predicted events that overlap a reference event."),
    "loc-R": ("Recall", "Share of reference events that a predicted event overlaps."),
    "loc-F1-mean": ("Mean F1", "F1 at each threshold of overlap, then the mean."),
    "loc-order-tIoU": (
        "In order",
        "Overlap of the first event with the first, the second with the second, ...",
    ),
}
_KINDS = (
    _Kind("Captions", "How close the captions are to their references.", _WORDS),
    _Kind(
        "Captions of events",
        "Each predicted event is compared with the reference events that it overlaps.",
        {f"dense-{name}": words for name, words in _WORDS.items()},
    ),
    _Kind(
        "Times of events",
        "How well events are placed in time, whatever their captions say. Means over thresholds of overlap (tIoU).",
        _TIMES,
    ),
    _Kind(
        "Story",
        "Predicted and reference events matched one to one, in order: METEOR × overlap in time.",
        {
            "SODA_c": ("SODA_c", "Harmonic mean of the two below, clip by clip."),
            "SODA_c-P": ("Precision", "Mean over predicted events."),
            "SODA_c-R": ("Recall", "Mean over reference events."),
        },
    ),
    _Kind(
        "Paragraphs",
        "All captions of a clip as one text.",
        {f"para-{name}": words for name, words in _WORDS.items()},
    ),
    _Kind(
        "Emotion",
        "Whether captions name the emotions that their references name.",
        {
            "CFS": ("CFS", "0.8 × CIDEr-D + 0.1 × each of the two accuracies."),
            "BFS": ("BFS", "0.8 × weighted BLEU + 0.1 × each of the two accuracies."),
            "Acc_sw": ("Accuracy of words", "Share of named emotions that the references name too."),
            "Acc_c": (
                "Accuracy of captions",
                "Share of captions with a right emotion, lowered by wrong ones.",
            ),
            "no-emotion": ("Without emotion", "Share of captions without any emotion word."),
        },
    ),
    _Kind(
        "Variety",
        "How varied the captions are; none of these asks whether a caption is right.",
        {
            "Vocabulary": ("Vocabulary", "Distinct words of all captions."),
            "Distinct-1": ("Distinct words", "Distinct words ÷ words."),
            "Distinct-2": ("Distinct pairs", "Distinct pairs of words ÷ pairs."),
            "Unique": ("Unique captions", "Share of captions that no other clip has."),
            "Novel": ("New captions", "Share of captions that no training clip has."),
            "Length": ("Length", "Words of a caption, mean."),
            **{
                f"Rep-{n}": (
                    f"Repetition, {'words' if n == 1 else f'{n} words'}",
                    "Share that the same text had before; lower is better.",
                )
                for n in (1, 2, 3, 4)
            },
        },
    ),
)
OTHER = "Other scores"
DETAILS = "At single thresholds"
BLIND = {
    "segments-as-many": "equal segments, same number",
    "whole-and-halves": "whole and halves",
}
BLIND_NOTE = "The rows below the first place events without seeing the video: a model has to beat them."


def grouped(scores: Sequence[tuple[str, float, str]]) -> list[Group]:
    """Groups in a fixed order, scores of a group in theirs; what nobody knows comes last, under its own name."""
    left = {name: (value, signature) for name, value, signature in scores}
    blind = _blind({name: value for name, (value, _) in left.items()})
    groups = []
    for kind in _KINDS:
        known = tuple(
            Score(name, *left.pop(name), *words) for name, words in kind.names.items() if name in left
        )
        if known:
            groups.append(Group(kind.title, kind.help, known, blind if kind.names is _TIMES else None))
    details = tuple(Score(name, *left.pop(name), name) for name in [*left] if "@" in name and name[0] != "R")
    if blind is not None:
        left = {name: value for name, value in left.items() if not _is_blind(name)}
    if left:
        groups.append(Group(OTHER, "", tuple(Score(name, *value, name) for name, value in left.items())))
    if details:
        groups.append(Group(DETAILS, "", details))
    return groups


def _is_blind(name: str) -> bool:
    return name.partition(":")[0] in _TIMES and ":" in name


def _blind(values: Mapping[str, float]) -> Matrix | None:
    """The scores of times of this run and of predictions that never saw a video, side by side."""
    names = [name for name in ("loc-F1", "loc-P", "loc-R", "loc-order-tIoU") if name in values]
    systems = list(dict.fromkeys(name.partition(":")[2] for name in values if _is_blind(name)))
    if not names or not systems:
        return None
    rows = [("this run", tuple(values.get(name) for name in names))]
    rows += [(_system(system), tuple(values.get(f"{name}:{system}") for name in names)) for system in systems]
    return Matrix(tuple(_TIMES[name][0] for name in names), tuple(rows))


def _system(name: str) -> str:
    number = name.removeprefix("segments-")
    return BLIND.get(name, f"{number} equal segments" if number.isdigit() else name)
