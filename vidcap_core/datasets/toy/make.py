"""Make a toy dataset, once: the same seed and version give the same videos and words."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vidcap_core.datasets.toy import write
from vidcap_core.datasets.toy.world import VERSION, Kind, Size, scenes
from vidcap_metrics.files.cache import cache_home, make_once


def make_toy(
    folder: str | Path | None = None, kind: Kind = "clips", size: Size = "small", seed: int = 0
) -> Path:
    """The folder of a toy dataset, made if it is not there; by default in the cache.

    clips: short videos of one action. long: videos of several events with gaps and overlaps.
    """
    path = Path(folder) if folder is not None else toy_folder(kind, size, seed)

    def make(part: Path) -> None:
        drawn = scenes(kind, size, seed)
        (part / "videos").mkdir(parents=True)
        with ThreadPoolExecutor(2) as pool:  # encoders leave the interpreter free
            list(pool.map(lambda scene: write.write_video(part / "videos" / f"{scene.id}.mp4", scene), drawn))
        if kind == "clips":
            write.write_clip_annotations(part, drawn)
        else:
            write.write_long_annotations(part, drawn)
        facts = {
            "version": VERSION,
            "kind": kind,
            "size": size,
            "seed": seed,
            "scenes": write.scene_facts(drawn),
        }
        (part / "toy.json").write_text(json.dumps(facts, indent=1))

    return make_once(path, make)


def toy_folder(kind: Kind, size: Size, seed: int) -> Path:
    """Where the cache keeps a toy dataset."""
    return cache_home() / "toy" / f"v{VERSION}-{kind}-{size}-seed{seed}"
