"""Toy scenes on disk: mp4 files, and annotations in the official formats of the real datasets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from vidcap_core.datasets.toy import grammar
from vidcap_core.datasets.toy.picture import FPS, SIDE, frames
from vidcap_core.datasets.toy.sound import RATE, waveform
from vidcap_core.datasets.toy.world import Scene

X264 = {"preset": "superfast", "crf": "20", "threads": "1", "x264-params": "no-asm=1"}
"""x264's assembler with slower presets wrote other bytes in one run of four."""


def write_video(path: Path, scene: Scene) -> None:
    """H.264, and AAC where the scene has sound: the same bytes each time."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options=X264)
        video.width = video.height = SIDE
        video.pix_fmt = "yuv420p"
        audio = (
            container.add_stream("aac", rate=RATE, layout="mono", options={"aac_coder": "fast"})
            if scene.audible
            else None
        )
        for picture in frames(scene):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        if audio is not None:
            sound = av.AudioFrame.from_ndarray(waveform(scene)[None], format="fltp", layout="mono")
            sound.sample_rate, sound.time_base = RATE, Fraction(1, RATE)
            container.mux(audio.encode(sound))
            container.mux(audio.encode(None))


def write_clip_annotations(folder: Path, scenes: Sequence[Scene]) -> None:
    """MSR-VTT, MSVD, VATEX, EmVidCap and jsonl twins of the same clips."""
    captions = {scene.id: grammar.captions(scene) for scene in scenes}
    moods = {scene.id: grammar.captions(scene, mood=0.85, salt=6) for scene in scenes}
    parts = {split: [s for s in scenes if s.split == split] for split in ("train", "val", "test")}
    _msrvtt(folder / "msrvtt", parts, captions)
    _msvd(folder / "msvd", scenes, parts, captions)
    _emvidcap(folder / "emvidcap", scenes, parts, moods)
    for split, chosen in parts.items():
        name = {"train": "training", "val": "validation", "test": "public_test"}[split]
        records = [
            {"videoID": f"{s.id}_000000_{int(s.duration):06d}", "enCap": captions[s.id]} for s in chosen
        ]
        _json(folder / "vatex" / f"vatex_{name}_v1.0.json", records)
        lines = [json.dumps({"video": f"{s.id}.mp4", "captions": captions[s.id]}) for s in chosen]
        _text(folder / "jsonl" / f"{split}.jsonl", "\n".join(lines) + "\n")


def write_long_annotations(folder: Path, scenes: Sequence[Scene]) -> None:
    """ActivityNet Captions (val and test by two annotators) and YouCook2 twins of the same videos."""
    parts = {split: [s for s in scenes if s.split == split] for split in ("train", "val", "test")}
    _json(folder / "activitynet" / "train.json", _dense(parts["train"]))
    _json(folder / "youcook2" / "yc2_train.json", _dense(parts["train"], recipe=True))
    _json(folder / "youcook2" / "yc2_val.json", _dense(parts["val"], recipe=True))
    for split in ("val", "test"):
        _json(folder / "activitynet" / f"{split}_1.json", _dense(parts[split]))
        _json(folder / "activitynet" / f"{split}_2.json", _dense(parts[split], second=True))


def scene_facts(scenes: Sequence[Scene]) -> list[dict[str, Any]]:
    """What was drawn, for analysis and tests; no reader uses it."""
    return [
        {
            "id": s.id,
            "split": s.split,
            "duration": s.duration,
            "emotion": s.emotion,
            "audible": s.audible,
            "novel": s.novel,
            "actors": [{name: getattr(a, name) for name in a.__dataclass_fields__} for a in s.actors],
        }
        for s in scenes
    ]


def _msrvtt(folder: Path, parts: dict[str, list[Scene]], captions: dict[str, list[str]]) -> None:
    for name, splits in (
        ("train_val_videodatainfo.json", ("train", "val")),
        ("test_videodatainfo.json", ("test",)),
    ):
        chosen = [s for split in splits for s in parts[split]]
        videos: list[dict[str, Any]] = [
            {
                "id": int(s.id[5:]),
                "video_id": s.id,
                "category": 0,
                "url": "",
                "start time": 0.0,
                "end time": s.duration,
                "split": "validate" if s.split == "val" else s.split,
            }
            for s in chosen
        ]
        pairs = [(s.id, text) for s in chosen for text in captions[s.id]]
        sentences = [{"sen_id": n, "video_id": i, "caption": text} for n, (i, text) in enumerate(pairs)]
        _json(folder / name, {"info": {"version": "toy"}, "videos": videos, "sentences": sentences})


def _msvd(
    folder: Path, scenes: Sequence[Scene], parts: dict[str, list[Scene]], captions: dict[str, list[str]]
) -> None:
    number = {scene.id: f"vid{index}" for index, scene in enumerate(scenes, 1)}
    _text(folder / "youtube_mapping.txt", "".join(f"{s.id} {number[s.id]}\n" for s in scenes))
    for split, chosen in parts.items():
        lines = [f"{number[s.id]}\t{text}\n" for s in chosen for text in captions[s.id]]
        _text(folder / f"sents_{split}_lc_nopunc.txt", "".join(lines))


def _emvidcap(
    folder: Path, scenes: Sequence[Scene], parts: dict[str, list[Scene]], captions: dict[str, list[str]]
) -> None:
    """S holds every third clip under MSVD's numbers, L the others; val is part of trainval, as it is there."""
    number = {scene.id: f"vid{index}" for index, scene in enumerate(scenes, 1)}
    _text(folder / "youtube_mapping.txt", "".join(f"{s.id} {number[s.id]}\n" for s in scenes))
    for part, chosen in (
        ("trainval", [*parts["train"], *parts["val"]]),
        ("test", parts["test"]),
    ):
        small = [s for s in chosen if int(s.id[5:]) % 3 == 0]
        large = [s for s in chosen if int(s.id[5:]) % 3]
        rows = [f"{number[s.id]},{text}" for s in small for text in captions[s.id]]
        name = f"EmVideo_{part}_captions.csv"
        _text(folder / "EmVidCap-S" / name, "\r\n".join(["VideoID,EmCaptions", *rows]) + "\r\n")
        rows = [f"{s.id}\t{text}" for s in large for text in captions[s.id]]
        _text(folder / "EmVidCap-L" / name, "\n".join(["VideoID\tEmCaptions", *rows]) + "\n")


def _dense(scenes: Sequence[Scene], recipe: bool = False, second: bool = False) -> dict[str, Any]:
    clips = {}
    for scene in scenes:
        times = [[a.start, a.end] for a in scene.actors]
        texts = grammar.instructions(scene) if recipe else grammar.sentences(scene, salt=7 if second else 4)
        if second:  # another person: other words, times that differ by up to a second
            random = np.random.default_rng((*scene.seed, 8))
            jitter = random.uniform(-0.8, 0.8, size=(len(times), 2))
            times = [
                [round(max(0.0, s + float(a)), 2), round(min(scene.duration, e + float(b)), 2)]
                for (s, e), (a, b) in zip(times, jitter, strict=True)
            ]
        clips[scene.id] = {"duration": scene.duration, "timestamps": times, "sentences": texts}
    return clips


def _json(path: Path, data: object) -> None:
    _text(path, json.dumps(data, indent=1))


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
