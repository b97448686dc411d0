"""All planted bugs, and how the kit's checks are run on a variant of a sound part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import planted_heads as heads
import planted_parts as parts
import sound_parts as sound
from planted_bug import Bug
from planted_heads import EVENTS, FILMED, HEAD, READS, TOLD, WRITES
from sound_parts import (
    AttentiveGRU,
    Centred,
    Clips,
    Colours,
    Films,
    FramesRead,
    Jitter,
    Loudness,
    Overlap,
    Slots,
    WordList,
    WordLoss,
    Words,
)

from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.testing.checks import datasets, encoders, losses, metrics, tokenizers, transforms
from vidcap_core.testing.kit import CAPTIONER, CHECKS
from vidcap_core.testing.parts import Parts

# ---- commands: a module of each, as its text

COMMAND = '''"""Greet."""

def add_parser(subparsers):
    parser = subparsers.add_parser({name!r}, help="greet")
    parser.set_defaults(func=lambda args: 0)
'''
COMMANDS = {
    "greet": ("sound", COMMAND.format(name="greet")),
    "greet_heavily": (
        "torch is imported for its parser",
        "import torch\n" + COMMAND.format(name="greet_heavily"),
    ),
    "greet_nobody": ("the parser has another name", COMMAND.format(name="greet_somebody")),
    "greet_badly": (
        "`add_parser` raises",
        COMMAND.format(name="greet_badly") + "    parser.add_argument()\n",
    ),
    "greet_never": (
        "`func` is not set",
        COMMAND.format(name="greet_never").replace("parser.set_defaults(func=lambda args: 0)", "pass"),
    ),
}
"""Name -> what is wrong with it, and its module."""

BUGS = (
    *heads.BUGS,
    *parts.BUGS,
    Bug("command", "light parser", "greet_heavily"),
    Bug("command", "--help", "greet_nobody"),
    Bug("command", "--help", "greet_badly"),
    Bug("command", "func", "greet_never"),
)
NOT_CAUGHT = (*heads.NOT_CAUGHT, *parts.NOT_CAUGHT)
"""They keep every promise: what is meant by a method, its paper alone says."""


def words(bug: Bug) -> str:
    """What is wrong."""
    return COMMANDS[bug.variant][0] if isinstance(bug.variant, str) else str(bug.variant.__doc__)


# ---- subjects of the kit's checks


def _parts(made: dict[str, Any]) -> Parts:
    return Parts(validate(Config("sound", made)))


def _filmed(variant: type) -> Parts:
    """A head, or the encoder of its frames."""
    if issubclass(variant, Colours):
        encoder = {"type": f"{variant.__module__}:{variant.__name__}"}
        return _parts(sound.filmed(encoders={"image": encoder}))
    return _parts(sound.with_head(sound.filmed(), variant))


def _tokenizer(variant: type) -> tokenizers.Subject:
    tokenizer = variant()
    tokenizer.fit(sound.captions())
    return tokenizers.Subject(tokenizer, list(sound.captions()))


def _transform(variant: type) -> transforms.Subject:
    clips = Clips()
    tokenizer = WordList()
    tokenizer.fit(clips.captions())
    return transforms.Subject(variant(), clips, tokenizer)


@dataclass(frozen=True)
class Kind:
    """The sound part of a kind, how a variant of it becomes the subject of checks, and those."""

    sound: Any
    subject: Callable[[Any], Any]
    checks: Mapping[str, Callable[[Any], None]]


KINDS: dict[str, Kind] = {
    HEAD: Kind(AttentiveGRU, lambda v: _parts(sound.with_head(sound.config(), v)), CAPTIONER),
    FILMED: Kind(AttentiveGRU, _filmed, CAPTIONER),
    EVENTS: Kind(
        AttentiveGRU,
        lambda v: _parts(sound.with_head(sound.eventful(), v)),
        {name: check for name, check in CAPTIONER.items() if name != "learnt by heart is said"},
    ),
    TOLD: Kind(
        AttentiveGRU,
        lambda v: _parts(sound.with_head(sound.told(), v)),
        {n: CAPTIONER[n] for n in ("overfit", "learnt by heart is said")},
    ),
    WRITES: Kind(Slots, lambda v: _parts(sound.with_head(sound.written(), v)), CAPTIONER),
    READS: Kind(FramesRead, lambda v: _parts(sound.with_head(sound.of_frames(), v)), CAPTIONER),
    "encoder": Kind(Colours, encoders.Subject, CHECKS["encoders"]),
    "encoder of sound": Kind(Loudness, encoders.Subject, CHECKS["encoders"]),
    "encoder of texts": Kind(Words, encoders.Subject, CHECKS["encoders"]),
    "derived encoder": Kind(Centred, lambda v: encoders.Subject(v, Clips()), CHECKS["encoders"]),
    "loss": Kind(WordLoss, lambda v: losses.Subject(v(), _parts(sound.config())), CHECKS["losses"]),
    "data set": Kind(Clips, lambda v: datasets.Subject(lambda: v(unit="clip")), CHECKS["datasets"]),
    "data set of captions": Kind(Clips, datasets.Subject, CHECKS["datasets"]),
    "data set of frames": Kind(Films, datasets.Subject, CHECKS["datasets"]),
    "transform": Kind(Jitter, _transform, CHECKS["transforms"]),
    "metric": Kind(Overlap, metrics.Subject, CHECKS["metrics"]),
    "tokenizer": Kind(WordList, _tokenizer, CHECKS["tokenizers"]),
}
"""All but commands, which are installed for a check."""
