"""Dwarfs of the data sets of the field: official file names, folders and JSON around 30 small generated videos."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

from vidcap_core.testing.videos import write_video

TRAIN, VAL, TEST = 14, 8, 8
"""Clips that have a video; each split also lists one that has none, as happens with what was once on YouTube."""
SENTENCES = [
    f"{who} {does} {how}"
    for who, does, how in product(
        ("a man", "a woman", "the girl", "a dog"),
        ("sings", "runs", "is playing"),
        ("happily", "in a park", "sadly"),
    )
]


def make_dwarf(name: str, folder: Path) -> Path:
    """What one would have downloaded of a data set, in a folder of its own; returns one of its videos."""
    MAKERS[name](folder)
    return next(path for path in sorted(folder.rglob("*")) if path.suffix in (".mp4", ".avi"))


def _said(clip: int, count: int) -> list[str]:
    return [SENTENCES[(7 * clip + 5 * k) % len(SENTENCES)] for k in range(count)]


def _splits() -> dict[str, list[int]]:
    """Numbers of the clips of each split; the last one of each has no video."""
    sizes = {"train": TRAIN + 1, "val": VAL + 1, "test": TEST + 1}
    numbers, first = {}, 0
    for split, size in sizes.items():
        numbers[split] = list(range(first, first + size))
        first += size
    return numbers


def _film(path: Path, number: int, sound: bool = True) -> None:
    tint = (40 + 67 * number % 200, 40 + 31 * number % 200, 40 + 97 * number % 200)
    write_video(path, seconds=2.0 + number % 3, fps=8, colour=tint, sound=sound, pitch=220 + 20 * number)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _msvd(folder: Path) -> None:
    """Silent .avi files under YouTube names, as they are handed on."""
    mapping: list[str] = []
    for split, numbers in _splits().items():
        first = {"train": 1, "val": 1201, "test": 1301}[split]
        lines: list[str] = []
        for place, number in enumerate(numbers):
            name, vid = f"dwarf_-{number:05d}_{number}_{number + 3}", f"vid{first + place}"
            mapping.append(f"{name} {vid}")
            lines += [f"{vid}\t{text}" for text in _said(number, 2)]
            if number != numbers[-1]:
                _film(folder / "YouTubeClips" / f"{name}.avi", number, sound=False)
        _write(folder / f"sents_{split}_lc_nopunc.txt", "\n".join(lines) + "\n")
    _write(folder / "youtube_mapping.txt", "\n".join(mapping) + "\n")


def _msrvtt(folder: Path) -> None:
    """`TrainValVideo` and `TestVideo`, and a file of annotations for either."""
    files: dict[str, dict[str, list[object]]] = {}
    for split, numbers in _splits().items():
        train_val = split != "test"
        path = "train_val_annotation/train_val_videodatainfo.json" if train_val else "test_videodatainfo.json"
        made = files.setdefault(path, {"videos": [], "sentences": []})
        first = {"train": 0, "val": 6513, "test": 7010}[split]
        for place, number in enumerate(numbers):
            video, seconds = f"video{first + place}", 2.0 + number % 3
            made["videos"].append(
                {
                    "category": number % 20,
                    "url": f"https://www.youtube.com/watch?v=dwarf{number}",
                    "video_id": video,
                    "start time": 10.0,
                    "end time": 10.0 + seconds,
                    "split": "validate" if split == "val" else split,
                    "id": first + place,
                }
            )
            made["sentences"] += [
                {"caption": t, "video_id": video, "sen_id": k} for k, t in enumerate(_said(number, 2))
            ]
            if number != numbers[-1]:
                _film(folder / ("TrainValVideo" if train_val else "TestVideo") / f"{video}.mp4", number)
    for path, content in files.items():
        _write(folder / path, json.dumps({"info": {}, **content}))


def _vatex(folder: Path) -> None:
    """Videos named by YouTube's id and the seconds that they were cut from."""
    files = {
        "train": "vatex_training_v1.0.json",
        "val": "vatex_validation_v1.0.json",
        "test": "vatex_public_test_english_v1.1.json",
    }
    for split, numbers in _splits().items():
        made = []
        for number in numbers:
            name = f"dwarf-{number:05d}_{number:06d}_{number + 10:06d}"
            made.append({"videoID": name, "enCap": _said(number, 2)})
            if number != numbers[-1]:
                _film(folder / "videos" / f"{name}.mp4", number)
        _write(folder / files[split], json.dumps(made))


def _emvidcap(folder: Path) -> None:
    """Parts S (commas, silent clips of MSVD under YouTube names) and L (tabs); there is no split to validate on."""
    mapping: list[str] = []
    for part, mark in (("S", ","), ("L", "\t")):
        for split, numbers in {"trainval": range(18), "test": range(18, 24)}.items():
            lines = [f"VideoID{mark}EmCaptions"]
            for number in numbers:
                name = f"vid{number + 1}" if part == "S" else f"vid{70000 + number}"
                lines += [f"{name}{mark}{text}" for text in _said(number, 2)]
                file = folder / f"EmVidCap-{part}" / "videos" / f"{name}.mp4"
                if part == "S":
                    mapping.append(f"dwarf_-{number:05d}_{number}_{number + 3} {name}")
                    file = folder / "YouTubeClips" / f"{mapping[-1].split()[0]}.avi"
                if number not in (0, 18):
                    _film(file, number, sound=part == "L")
            _write(folder / f"EmVidCap-{part}" / f"EmVideo_{split}_captions.csv", "\n".join(lines) + "\n")
    _write(folder / "youtube_mapping.txt", "\n".join(mapping) + "\n")


def _events(numbers: list[int]) -> dict[str, dict[str, object]]:
    made: dict[str, dict[str, object]] = {}
    for number in numbers:
        seconds, count = 2.0 + number % 3, 2 + number % 3
        times = [[round(seconds * k / count, 2), round(seconds * (k + 1) / count, 2)] for k in range(count)]
        texts = [f" {text.capitalize()}." for text in _said(number, count)]
        made[f"v_dwarf-{number:05d}"] = {"duration": seconds, "timestamps": times, "sentences": texts}
    return made


def _activitynet(folder: Path) -> None:
    """Two annotators of the validation videos; files are named like the videos."""
    splits = _splits()
    both = [*splits["val"], *splits["test"]]
    _write(folder / "train.json", json.dumps(_events(splits["train"])))
    _write(folder / "val_1.json", json.dumps(_events(both)))
    _write(folder / "val_2.json", json.dumps(_events(both[1:])))
    for number in [*splits["train"][:-1], *both[:-2]]:
        _film(folder / "videos" / f"v_dwarf-{number:05d}.mp4", number)


def _youcook2(folder: Path) -> None:
    """Files are named by YouTube's id, without the `v_` of the annotations."""
    splits = _splits()
    both = [*splits["val"], *splits["test"]]
    for split, numbers in {"train": splits["train"], "val": both}.items():
        _write(folder / f"yc2_{split}.json", json.dumps(_events(numbers)))
        for number in numbers[:-1]:
            _film(folder / "raw_videos" / f"dwarf-{number:05d}.mp4", number)


MAKERS: dict[str, Callable[[Path], None]] = {
    "msvd": _msvd,
    "msrvtt": _msrvtt,
    "vatex": _vatex,
    "emvidcap": _emvidcap,
    "activitynet": _activitynet,
    "youcook2": _youcook2,
}
