"""Toy frames: shapes as soft masks over a lit, textured ground."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vidcap_core.datasets.toy.world import COLOURS, Actor, Scene

SIDE = 64
FPS = 8
GRID_Y, GRID_X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE


def frames(scene: Scene) -> Iterator[np.ndarray]:
    """Every frame of a scene, uint8 [H, W, 3]."""
    random = np.random.default_rng((*scene.seed, 1))
    ground = _ground(scene, random)
    phase = random.uniform(0, 2 * np.pi)
    corner = _bystander(scene, random)
    for number in range(round(scene.duration * FPS)):
        now = number / FPS
        pulse = 1 + (0.10 if scene.excited else 0.05) * np.sin(
            phase + 2 * np.pi * (2.0 if scene.excited else 0.4) * now
        )
        picture = ground * np.float32(pulse)
        if corner is not None and scene.bystander is not None:
            _paint(picture, scene.bystander, *corner, scale=0.8, angle=0.0)
        for actor in scene.actors:
            if actor.start <= now < actor.end:
                _act(picture, actor, now)
        yield picture.clip(0, 255).astype(np.uint8)


def _ground(scene: Scene, random: np.random.Generator) -> np.ndarray:
    """Warm or cold light, of any brightness, over blotches that differ from video to video."""
    coarse = random.normal(size=(5, 5, 3))
    rows, columns = (np.linspace(0, 4, SIDE) for _ in range(2))
    low_y, low_x = rows.astype(int).clip(0, 3), columns.astype(int).clip(0, 3)
    fy, fx = (rows - low_y)[:, None, None], (columns - low_x)[None, :, None]
    blotches = (
        coarse[low_y][:, low_x] * (1 - fy) * (1 - fx)
        + coarse[low_y][:, low_x + 1] * (1 - fy) * fx
        + coarse[low_y + 1][:, low_x] * fy * (1 - fx)
        + coarse[low_y + 1][:, low_x + 1] * fy * fx
    )
    tint = np.array([16.0, 4.0, -16.0]) * (1 if scene.pleasant else -1)
    return np.asarray(random.uniform(70, 140) + tint + 9.0 * blotches, dtype=np.float32)


def _bystander(scene: Scene, random: np.random.Generator) -> tuple[float, float] | None:
    """A corner for the shape that only stands there."""
    if scene.bystander is None:
        return None
    return float(random.choice([0.15, 0.85])), float(random.choice([0.15, 0.85]))


def _act(picture: np.ndarray, actor: Actor, now: float) -> None:
    """Draw an actor at a moment: where its action has brought it."""
    done = (now - actor.start) / (actor.end - actor.start)
    turns = (1.6 if actor.quick else 0.6) * (now - actor.start)
    reach = 0.62 if actor.quick else 0.38
    x, y, scale, angle = actor.x, actor.y, 1.0, 0.0
    if actor.action in ("right", "left"):
        x = 0.5 + reach * (done - 0.5) * (1 if actor.action == "right" else -1)
    elif actor.action in ("rise", "fall"):
        y = 0.5 + reach * (done - 0.5) * (1 if actor.action == "fall" else -1)
    elif actor.action == "bounce":
        y = 0.72 - 0.4 * abs(np.sin(np.pi * turns))
    elif actor.action == "spin":
        angle = 2 * np.pi * turns / 1.5
    elif actor.action == "grow":
        scale = 0.6 + 1.0 * done
    elif actor.action == "shrink":
        scale = 1.6 - 1.0 * done
    elif actor.action == "orbit":
        x = 0.5 + 0.26 * np.cos(2 * np.pi * turns / 1.5)
        y = 0.5 + 0.26 * np.sin(2 * np.pi * turns / 1.5)
    elif actor.action == "shake":
        x += 0.05 * np.sign(np.sin(2 * np.pi * 3.1 * (now - actor.start) + 0.3))
    elif actor.action == "blink" and int(2.6 * (now - actor.start)) % 2:
        return
    _paint(picture, actor, float(x), float(y), scale, angle)


def _paint(picture: np.ndarray, actor: Actor, x: float, y: float, scale: float, angle: float) -> None:
    """Blend a shape into the picture; a dark notch shows which way up it is."""
    radius = (0.17 if actor.big else 0.11) * scale
    box = _box(x, y, 1.5 * radius)
    picture = picture[box]
    dx, dy = GRID_X[box] - x, GRID_Y[box] - y
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    u, v = (dx * cos + dy * sin) / radius, (dy * cos - dx * sin) / radius
    cover = _soft(_outside(actor.shape, u, v), radius)[..., None]
    notch = _soft(np.maximum(abs(u) - 0.16, abs(v + 0.72) - 0.3), radius)[..., None] * cover
    colour = np.asarray(COLOURS[actor.colour], dtype=np.float32)
    picture += cover * (colour - picture)
    picture -= 0.75 * notch * picture


def _box(x: float, y: float, reach: float) -> tuple[slice, slice]:
    """The part of the picture that a shape can touch."""
    low, high = (np.array([y, x]) - reach) * SIDE, (np.array([y, x]) + reach) * SIDE + 1
    rows, columns = (slice(max(0, int(a)), max(0, int(b) + 1)) for a, b in zip(low, high, strict=True))
    return rows, columns


def _outside(shape: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """About how far a point is outside a shape of radius 1; negative inside."""
    if shape == "circle":
        return np.asarray(np.hypot(u, v) - 1)
    if shape == "ring":
        return np.asarray(abs(np.hypot(u, v) - 0.78) - 0.24)
    if shape == "square":
        return np.asarray(np.maximum(abs(u), abs(v)) - 0.86)
    if shape == "triangle":
        return np.asarray(np.maximum(0.87 * abs(u) - 0.5 * v, v) - 0.55)
    return np.asarray(
        np.minimum(np.maximum(abs(u) - 1, abs(v) - 0.32), np.maximum(abs(u) - 0.32, abs(v) - 1))
    )


def _soft(outside: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray((0.5 - outside * radius * SIDE).clip(0, 1))
