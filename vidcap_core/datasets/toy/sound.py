"""Toy sound: notes whose chord, pace and loudness tell the emotion."""

from __future__ import annotations

import numpy as np

from vidcap_core.datasets.toy.world import Scene

RATE = 16000
MAJOR = (1.0, 1.25, 1.5)
MINOR = (1.0, 1.2, 1.5)


def waveform(scene: Scene) -> np.ndarray:
    """Mono sound of a scene, float32 in [-1, 1]."""
    random = np.random.default_rng((*scene.seed, 2))
    time = np.arange(round(scene.duration * RATE)) / RATE
    root = random.uniform(260, 340) * (1.3 if scene.pleasant else 0.7)
    pace = random.uniform(3.2, 4.2) if scene.excited else random.uniform(0.9, 1.3)
    since = (time * pace) % 1.0
    envelope = np.exp(-(6.0 if scene.excited else 2.0) * since) * np.minimum(1.0, since * 40)
    tone = sum(np.sin(2 * np.pi * root * step * time) for step in (MAJOR if scene.pleasant else MINOR))
    loud = 0.25 if scene.excited else 0.1
    noise = random.uniform(0.001, 0.01) * random.normal(size=len(time))
    return np.asarray(loud * envelope * tone + noise, dtype=np.float32).clip(-1, 1)
