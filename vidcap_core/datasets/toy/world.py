"""What happens in a toy video: scenes whose attributes are drawn independently of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

VERSION = 1
"""Frozen before the first method was trained on it; a change of any pixel or word is a new version."""

Kind = Literal["clips", "long"]
Size = Literal["small", "full", "large"]

SHAPES = ("circle", "square", "triangle", "cross", "ring")
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (225, 45, 45),
    "green": (45, 175, 60),
    "blue": (55, 85, 225),
    "yellow": (235, 215, 50),
    "purple": (150, 60, 190),
    "white": (245, 245, 245),
}
ACTIONS = ("right", "left", "rise", "fall", "bounce", "spin", "grow", "shrink", "orbit", "shake", "blink")
PACED = ("right", "left", "rise", "fall", "bounce", "spin", "orbit")
"""Actions that are done quickly or slowly."""
EMOTIONS = ("joy", "calm", "anger", "sadness")

SPLITS: dict[Kind, dict[Size, dict[str, int]]] = {
    "clips": {
        "small": {"train": 48, "val": 12, "test": 24},
        "full": {"train": 480, "val": 60, "test": 160},
        "large": {"train": 2000, "val": 60, "test": 160},
    },
    "long": {
        "small": {"train": 20, "val": 6, "test": 10},
        "full": {"train": 160, "val": 24, "test": 40},
        "large": {"train": 1000, "val": 40, "test": 100},
    },
}


@dataclass(frozen=True, slots=True)
class Actor:
    """One shape and what it does between two moments."""

    shape: str
    colour: str
    big: bool
    action: str
    quick: bool
    start: float
    end: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One toy video, before it is drawn."""

    id: str
    split: str
    duration: float
    emotion: str
    audible: bool
    actors: tuple[Actor, ...]
    bystander: Actor | None
    novel: bool  # shows a pair of shape and action that training never shows
    seed: tuple[int, ...]

    @property
    def pleasant(self) -> bool:
        """Seen as warm light, heard as a major chord."""
        return self.emotion in ("joy", "calm")

    @property
    def excited(self) -> bool:
        """Seen as fast pulsing light, heard as fast loud notes."""
        return self.emotion in ("joy", "anger")


def held_out(shape: str, action: str) -> bool:
    """Whether a pair is kept for the test split."""
    return (3 * SHAPES.index(shape) + ACTIONS.index(action)) % 5 == 0


def scenes(kind: Kind, size: Size, seed: int) -> list[Scene]:
    """All scenes of a toy dataset; each depends on its own number alone."""
    keys = []
    for split_number, (split, count) in enumerate(SPLITS[kind][size].items()):
        for number in range(count):
            key = (VERSION, seed, ("clips", "long").index(kind), split_number, number)
            keys.append((split, key))
    make = _clip if kind == "clips" else _long
    return [make(f"video{index}", split, key) for index, (split, key) in enumerate(keys)]


def _clip(name: str, split: str, key: tuple[int, ...]) -> Scene:
    random = np.random.default_rng(key)
    duration = int(random.integers(24, 41)) / 8
    novel = split == "test" and bool(random.random() < 0.5)
    actor = _actor(random, 0.0, duration, novel)
    return _scene(random, name, split, key, duration, (actor,), novel)


def _long(name: str, split: str, key: tuple[int, ...]) -> Scene:
    """Two to five events: the next starts after a gap, or while the last still goes on."""
    random = np.random.default_rng(key)
    actors: list[Actor] = []
    novel = False
    clock = random.uniform(0.0, 2.5)
    for _ in range(int(random.integers(2, 6))):
        length = random.uniform(3.0, 7.0)
        rare = split == "test" and bool(random.random() < 0.3)
        novel |= rare
        actors.append(_actor(random, round(clock, 2), round(clock + length, 2), rare))
        overlaps = random.random() < 0.35
        clock += length + (-random.uniform(0.25, 0.6) * length if overlaps else random.uniform(0.2, 3.0))
    duration = int(np.ceil((max(a.end for a in actors) + random.uniform(0.2, 2.5)) * 8)) / 8
    return _scene(random, name, split, key, duration, tuple(actors), novel)


def _scene(
    random: np.random.Generator,
    name: str,
    split: str,
    key: tuple[int, ...],
    duration: float,
    actors: tuple[Actor, ...],
    novel: bool,
) -> Scene:
    bystander = _actor(random, 0.0, duration, novel=False) if random.random() < 0.6 else None
    emotion = str(random.choice(EMOTIONS))
    return Scene(name, split, duration, emotion, bool(random.random() < 0.8), actors, bystander, novel, key)


def _actor(random: np.random.Generator, start: float, end: float, novel: bool) -> Actor:
    pairs = [(s, a) for s in SHAPES for a in ACTIONS if held_out(s, a) == novel]
    shape, action = pairs[int(random.integers(len(pairs)))]
    x, y = random.uniform(0.3, 0.7, size=2)
    colour = str(random.choice(list(COLOURS)))
    big, quick = (bool(v) for v in random.random(2) < 0.5)
    return Actor(shape, colour, big, action, quick, start, end, float(x), float(y))
