"""The toy dataset: deterministic, real files, no shortcuts."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path

import av
import numpy as np

from vidcap_core.datasets.locations import places
from vidcap_core.datasets.toy import Toy, make_toy
from vidcap_core.datasets.toy.grammar import captions, sentences
from vidcap_core.datasets.toy.streams import decode, toy_stream
from vidcap_core.datasets.toy.world import SPLITS, VERSION, held_out, scenes
from vidcap_core.datasets.toy.write import scene_facts
from vidcap_metrics.files.cache import cache_home

FIRST_WORDS = "d53f72a70f33"
"""Hash of all scenes and captions of version 1; another hash is another dataset and needs another version."""


def content(folder: Path) -> dict[str, str]:
    """Hash of each file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def test_the_same_seed_gives_the_same_bytes(clips_folder: Path, tmp_path: Path) -> None:
    again = make_toy(tmp_path / "again", "clips", "small", seed=0)
    for folder in (again, clips_folder):
        toy_stream(folder, "image")
    assert content(again) == content(clips_folder)


def test_another_seed_gives_other_videos() -> None:
    one, other = scenes("clips", "small", 0), scenes("clips", "small", 1)
    assert sum(a.actors == b.actors for a, b in zip(one, other, strict=True)) == 0


def test_version_1_is_frozen() -> None:
    clips, long = scenes("clips", "small", 0), scenes("long", "small", 0)
    told = [scene_facts(clips), scene_facts(long), [captions(s) for s in clips], [sentences(s) for s in long]]
    assert VERSION == 1
    assert hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12] == FIRST_WORDS


def test_files_are_h264_with_sound_on_some(clips_folder: Path) -> None:
    facts = json.loads((clips_folder / "toy.json").read_text())["scenes"]
    loud = 0
    for fact in facts:
        with av.open(str(clips_folder / "videos" / f"{fact['id']}.mp4")) as container:
            video = container.streams.video[0]
            assert video.codec_context.name == "h264"
            assert (video.width, video.height, video.frames) == (64, 64, round(fact["duration"] * 8))
            assert bool(container.streams.audio) == fact["audible"]
            loud += fact["audible"]
    assert 0.6 * len(facts) < loud < len(facts)


def test_splits_have_their_size_and_clips_are_in_one_of_them(clips_folder: Path) -> None:
    ids = {
        split: {c.id for c in Toy(split, root=str(clips_folder)).clips} for split in ("train", "val", "test")
    }
    assert {split: len(found) for split, found in ids.items()} == SPLITS["clips"]["small"]
    assert not any(ids[a] & ids[b] for a, b in combinations(ids, 2))


def test_only_the_test_split_shows_held_out_pairs() -> None:
    for kind in ("clips", "long"):
        for scene in scenes(kind, "full", 0):
            rare = any(held_out(a.shape, a.action) for a in scene.actors)
            assert rare == scene.novel
            assert scene.split == "test" or not rare
    novel = [s.novel for s in scenes("clips", "full", 0) if s.split == "test"]
    assert 0.35 < np.mean(novel) < 0.65


def test_attributes_do_not_tell_each_other() -> None:
    """Mutual information of each pair stays near its value for independent draws of that many clips."""
    train = [s for seed in range(4) for s in scenes("clips", "full", seed) if s.split == "train"]
    columns = {
        "colour": [s.actors[0].colour for s in train],
        "big": [s.actors[0].big for s in train],
        "quick": [s.actors[0].quick for s in train],
        "emotion": [s.emotion for s in train],
        "action": [s.actors[0].action for s in train],
        "bystander": [s.bystander is not None for s in train],
        "sound": [s.audible for s in train],
    }
    for (name, one), (other_name, other) in combinations(columns.items(), 2):
        known = information(one, other)
        expected = (len(set(one)) - 1) * (len(set(other)) - 1) / (2 * len(train))
        assert known < 4 * expected + 0.002, (name, other_name)


def information(one: list[object], other: list[object]) -> float:
    """Mutual information in nats."""
    joint, left, right = Counter(zip(one, other, strict=True)), Counter(one), Counter(other)
    n = len(one)
    return sum(c / n * np.log(c * n / (left[a] * right[b])) for (a, b), c in joint.items())


def test_left_and_right_have_the_same_pictures_in_another_order(clips_folder: Path) -> None:
    """A bag of frames cannot tell directions: only their order does."""
    toy = Toy("train", root=str(clips_folder), unit="clip", streams=["image"])
    said = toy.references()
    moves = {
        way: [c.id for c in toy.clips if any(f"to the {way}" in t for t in said[c.id])]
        for way in ("left", "right")
    }
    assert all(moves.values())
    for way, ids in moves.items():
        frames, _ = decode(clips_folder / "videos" / f"{ids[0]}.mp4")
        moving = np.abs(np.diff(frames.astype(np.int16), axis=0)).sum(-1)
        columns = (moving * np.arange(64)).sum((1, 2)) / moving.sum((1, 2)).clip(1)
        assert (columns[-1] > columns[0]) == (way == "right")


def test_long_videos_have_gaps_and_overlaps(long_folder: Path) -> None:
    toy = Toy("train", kind="long", root=str(long_folder), unit="clip")
    gaps = overlaps = 0
    for events in toy.events()[0].values():
        for one, following in pairwise(events):
            gaps += following.start > one.end
            overlaps += following.start < one.end
    assert gaps >= 10
    assert overlaps >= 5


def test_an_actor_is_seen_during_its_event_only(long_folder: Path) -> None:
    facts = json.loads((long_folder / "toy.json").read_text())["scenes"]
    checked = 0
    for fact in facts[:8]:
        frames, _ = decode(long_folder / "videos" / f"{fact['id']}.mp4")
        busy = np.zeros(len(frames), dtype=bool)
        for actor in fact["actors"]:
            busy[int(np.ceil(actor["start"] * 8)) : int(np.ceil(actor["end"] * 8))] = True
        normal = frames.astype(np.float32) / frames.mean((1, 2), keepdims=True).clip(
            1
        )  # less the pulsing light
        empty = normal[~busy]
        if len(empty) >= 4:
            base = np.median(empty, axis=0)
            change = np.abs(normal - base).max(-1)
            touched = (change > 0.35).mean((1, 2))
            assert np.quantile(touched[~busy], 0.8) < 0.01
            assert np.median(touched[busy]) > np.median(touched[~busy])
            checked += 1
    assert checked >= 4


def test_sound_tells_the_emotion(clips_folder: Path) -> None:
    """Loudness alone separates excited from quiet clips."""
    facts = json.loads((clips_folder / "toy.json").read_text())["scenes"]
    loud: dict[bool, list[float]] = {True: [], False: []}
    for fact in facts:
        if fact["audible"]:
            _, sound = decode(clips_folder / "videos" / f"{fact['id']}.mp4")
            assert sound is not None
            loud[fact["emotion"] in ("joy", "anger")].append(float(np.sqrt(np.mean(sound**2))))
    assert min(loud[True]) > max(loud[False])


def test_streams_are_finite_and_aligned(clips_folder: Path) -> None:
    toy = Toy("test", root=str(clips_folder), unit="clip", streams=["image", "motion", "audio"])
    without = 0
    for index in range(len(toy)):
        streams = toy[index].streams
        assert {"image", "motion"} <= streams.keys()
        assert len({len(values) for values in streams.values()}) == 1
        assert all(np.isfinite(values).all() for values in streams.values())
        without += "audio" not in streams
    assert 0 < without < len(toy)


def test_processes_that_make_it_at_once_end_with_one_whole_folder(tmp_path: Path) -> None:
    code = (
        "from vidcap_core.datasets.toy import Toy; d = Toy('val', streams=['image']);"
        "print(len(d), d.fingerprint(), d[0].streams['image'].shape)"
    )
    env = {
        "VIDCAP_CACHE": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": ":".join(filter(None, sys.path)),
    }
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {process.communicate(timeout=240)[0] for process in running}
    assert len(said) == 1
    assert said.pop().startswith("72 ")
    assert not list(tmp_path.rglob("*.part"))


def test_a_killed_maker_leaves_nothing_behind(tmp_path: Path) -> None:
    code = "from vidcap_core.datasets.toy import make_toy; print(1, flush=True); make_toy()"
    env = {
        "VIDCAP_CACHE": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": ":".join(filter(None, sys.path)),
    }
    process = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    while not list(tmp_path.rglob("video3.mp4")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    (left,) = tmp_path.rglob("*.part")
    place = left.parent / "v1-clips-small-seed0"
    assert not place.exists()
    make_toy(place)
    assert len(list((place / "videos").iterdir())) == 84
    assert not list(tmp_path.rglob("*.part"))


def test_data_that_are_made_say_where() -> None:
    rows = {row["dataset"]: row for row in places()}
    assert rows["toy"]["state"] == "made when first used"
    assert rows["toy"]["folder"] == str(cache_home() / "toy")
    assert rows["msvd"]["state"] != "made when first used"
