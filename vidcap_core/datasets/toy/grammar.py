"""What people might say of a toy video: paraphrases in varied word order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from vidcap_core.datasets.toy.world import PACED, Actor, Scene

T = TypeVar("T")

SHAPES: dict[str, tuple[str, ...]] = {
    "circle": ("circle", "ball", "disc"),
    "square": ("square", "box", "block"),
    "triangle": ("triangle", "triangle", "wedge"),
    "cross": ("cross", "cross", "plus sign"),
    "ring": ("ring", "hoop", "ring"),
}
BIG, SMALL = ("big", "large", "huge"), ("small", "little", "tiny")
VERBS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "right": (
        ("moves to the right", "moving to the right", "move"),
        ("goes right", "going right", "push"),
        ("slides from left to right", "sliding from left to right", "slide"),
    ),
    "left": (
        ("moves to the left", "moving to the left", "move"),
        ("goes left", "going left", "push"),
        ("slides from right to left", "sliding from right to left", "slide"),
    ),
    "rise": (
        ("rises", "rising", "raise"),
        ("goes up", "going up", "lift"),
        ("climbs to the top", "climbing to the top", "pull up"),
    ),
    "fall": (
        ("falls", "falling", "drop"),
        ("goes down", "going down", "lower"),
        ("sinks to the bottom", "sinking to the bottom", "let down"),
    ),
    "bounce": (
        ("bounces up and down", "bouncing up and down", "bounce"),
        ("jumps", "jumping", "toss"),
        ("hops on the floor", "hopping on the floor", "bounce"),
    ),
    "spin": (
        ("spins", "spinning", "spin"),
        ("turns around itself", "turning around itself", "turn"),
        ("rotates", "rotating", "rotate"),
    ),
    "grow": (("grows", "growing", "blow up"), ("gets bigger", "getting bigger", "stretch")),
    "shrink": (("shrinks", "shrinking", "shrink"), ("gets smaller", "getting smaller", "squeeze")),
    "orbit": (
        ("moves in a circle", "moving in a circle", "lead around"),
        ("runs around in circles", "running around in circles", "circle with"),
    ),
    "shake": (("shakes", "shaking", "shake"), ("trembles", "trembling", "rattle")),
    "blink": (
        ("blinks", "blinking", "flash"),
        ("flashes on and off", "flashing on and off", "switch on and off"),
    ),
}
QUICK, SLOW = ("quickly", "fast"), ("slowly", "gently")
MOODS: dict[str, tuple[str, ...]] = {
    "joy": ("happily", "joyfully", "cheerfully"),
    "calm": ("calmly", "peacefully", "quietly"),
    "anger": ("angrily", "wrathfully"),
    "sadness": ("sadly", "sorrowfully"),
}


def captions(scene: Scene, count: int = 6, mood: float = 0.3, salt: int = 3) -> list[str]:
    """Captions of a clip with one actor; `mood` is how often the emotion is said."""
    random = np.random.default_rng((*scene.seed, salt))
    return [_caption(scene, random, mood) for _ in range(count)]


def sentences(scene: Scene, salt: int = 4) -> list[str]:
    """One sentence an actor, as people tell what happens in a long video."""
    random = np.random.default_rng((*scene.seed, salt))
    texts = []
    for index, actor in enumerate(scene.actors):
        subject, (finite, going, _) = _thing(actor, random), _pick(random, VERBS[actor.action])
        pace = _pace(actor, random)
        if index == 0:
            start = _pick(random, ("{s} {f}{p}", "{s} is seen {g}{p}", "the video starts with {s} {g}{p}"))
        elif actor.start < scene.actors[index - 1].end:
            start = _pick(
                random, ("meanwhile {s} {f}{p}", "at the same time {s} {f}{p}", "{s} is {g}{p} too")
            )
        else:
            start = _pick(
                random, ("then {s} {f}{p}", "next {s} {f}{p}", "{s} comes and {f}{p}", "{s} {f}{p}")
            )
        text = start.format(s=subject, f=finite, g=going, p=pace)
        texts.append(("" if index == 0 else " ") + text[0].upper() + text[1:] + ".")
    return texts


def instructions(scene: Scene, salt: int = 5) -> list[str]:
    """One line an actor in the imperative, as recipes are told."""
    random = np.random.default_rng((*scene.seed, salt))
    return [
        f"{_pick(random, VERBS[a.action])[2]} the {_thing(a, random).split(' ', 1)[1]}{_pace(a, random)}"
        for a in scene.actors
    ]


def _caption(scene: Scene, random: np.random.Generator, mood: float) -> str:
    actor = scene.actors[0]
    subject, (finite, going, _) = _thing(actor, random), _pick(random, VERBS[actor.action])
    manner = _pace(actor, random)
    feeling = _pick(random, MOODS[scene.emotion]) if random.random() < mood else ""
    bystander = ""
    if scene.bystander is not None and random.random() < 0.4:
        bystander = f" {_pick(random, ('near', 'next to', 'with'))} {_thing(scene.bystander, random)}"
    forms = ["{s} {e} {f}{p}{w}", "{s} {f}{p}{w} {e}", "{s} is {g}{p}{w} {e}", "there is {s} {e} {g}{p}{w}"]
    forms += ["{e} {s} {f}{p}{w}", "{s}{w} {f}{p} {e}"]
    text = _pick(random, forms).format(s=subject, f=finite, g=going, p=manner, w=bystander, e=feeling)
    return " ".join(text.split())


def _thing(actor: Actor, random: np.random.Generator) -> str:
    size = _pick(random, BIG if actor.big else SMALL) if random.random() < 0.5 else ""
    colour = actor.colour if random.random() < 0.9 else ""
    words = " ".join(word for word in (size, colour, _pick(random, SHAPES[actor.shape])) if word)
    return f"a {words}"


def _pace(actor: Actor, random: np.random.Generator) -> str:
    if actor.action not in PACED or random.random() < 0.6:
        return ""
    return f" {_pick(random, QUICK if actor.quick else SLOW)}"


def _pick(random: np.random.Generator, choices: Sequence[T]) -> T:
    return choices[int(random.integers(len(choices)))]
