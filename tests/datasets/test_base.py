"""What every dataset does: units, randomness, sampling, weak supervision, parts, targets."""

from __future__ import annotations

import gc
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidcap_core.contracts.types import Sample
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.toy import Toy
from vidcap_core.errors import DataError


def same(one: Sample, other: Sample) -> bool:
    return (one.clip, one.text, one.events) == (other.clip, other.text, other.events) and all(
        np.array_equal(one.streams[name], other.streams[name]) for name in one.streams
    )


def test_a_sample_is_a_caption_or_a_clip(clips_folder: Path) -> None:
    captions = Toy("train", root=str(clips_folder))
    clips = Toy("train", root=str(clips_folder), unit="clip")
    assert (len(captions), len(clips)) == (48 * 6, 48)
    assert [captions[i].text for i in range(len(captions))] == captions.captions()
    for index in range(len(clips)):
        sample = clips.get(index, np.random.default_rng(index))
        assert sample.text in clips.references()[sample.clip.id]


def test_randomness_comes_from_the_generator_alone(clips_folder: Path) -> None:
    toy = Toy(
        "train",
        root=str(clips_folder),
        unit="clip",
        streams=["image"],
        sample={"kind": "segment", "count": 9},
    )
    first = [toy.get(3, np.random.default_rng([7, 0, 3])) for _ in range(3)]
    toy.get(5, np.random.default_rng(1))
    assert same(first[0], first[1])
    assert same(first[0], toy.get(3, np.random.default_rng([7, 0, 3])))
    others = [toy.get(3, np.random.default_rng([7, epoch, 3])) for epoch in range(1, 12)]
    assert len({other.text for other in others}) > 1
    assert not all(np.array_equal(first[0].streams["image"], other.streams["image"]) for other in others)


def test_a_pickled_dataset_gives_the_same_samples(clips_folder: Path) -> None:
    toy = Toy("val", root=str(clips_folder), streams=["image", "audio"])
    copy: Dataset = pickle.loads(pickle.dumps(toy))
    assert all(same(toy[i], copy[i]) for i in range(0, len(toy), 7))
    assert copy.fingerprint() == toy.fingerprint()


@pytest.mark.parametrize("kind", ["uniform", "segment"])
def test_all_streams_keep_the_same_moments(kind: str) -> None:
    from vidcap_core.datasets.rows import RowSampling

    streams = {
        "fine": np.arange(120)[:, None],
        "coarse": np.arange(40)[:, None] * 3,
        "short": np.arange(4)[:, None],
    }
    for seed in range(20):
        kept = RowSampling(kind, 10)(streams, np.random.default_rng(seed))  # type: ignore[arg-type]
        assert all(len(values) == 10 for values in kept.values())
        assert np.abs(kept["fine"] - kept["coarse"]).max() <= 3
        assert (np.diff(kept["fine"][:, 0]) >= 0).all()
        if kind == "uniform":
            assert kept["fine"][[0, -1], 0].tolist() == [0, 119]
        else:
            assert (kept["fine"][:, 0] // 12).tolist() == list(range(10))
    assert len(RowSampling("uniform", 10, every=True)(streams, np.random.default_rng(0))["short"]) == 4


def held(thing: Any) -> list[Any]:
    """Everything that can be reached from an object through data (not through classes, functions or modules)."""
    seen: dict[int, Any] = {}
    waiting = [thing]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type) or callable(item) or type(item).__name__ == "module":
            continue
        seen[id(item)] = item
        waiting += gc.get_referents(item)
    return list(seen.values())


def test_weak_mode_holds_no_times(long_folder: Path) -> None:
    entries = json.loads((long_folder / "activitynet" / "train.json").read_text())
    times = {t for e in entries.values() for span in e["timestamps"] for t in span} - {0.0}
    durations = {e["duration"] for e in entries.values()}
    secret = times - durations - {float(n) for n in range(100)}
    assert len(secret) > 50
    taught = Toy("train", kind="long", root=str(long_folder), unit="clip")
    assert secret <= {x for x in held(taught) if isinstance(x, float)}  # the search finds them where they are
    weak = Toy("train", kind="long", root=str(long_folder), unit="clip", weak=True)
    samples = [weak[i] for i in range(len(weak))]
    assert not secret & {x for x in held([weak, samples]) if isinstance(x, float)}
    for sample in samples:
        assert [e.text for e in sample.events] == [
            " ".join(t.split()) for t in entries[sample.clip.id]["sentences"]
        ]
        assert {(e.start, e.end) for e in sample.events} == {(0.0, entries[sample.clip.id]["duration"])}


def test_weak_mode_refuses_what_needs_times(long_folder: Path, clips_folder: Path) -> None:
    with pytest.raises(DataError, match="unit="):
        Toy("train", kind="long", root=str(long_folder), weak=True)
    with pytest.raises(DataError, match=r"data\.val"):
        Toy("val", kind="long", root=str(long_folder), unit="clip", weak=True).events()
    with pytest.raises(DataError, match="no events"):
        Toy("train", root=str(clips_folder), weak=True)


def test_an_event_as_a_sample_sees_its_own_rows(long_folder: Path) -> None:
    whole = Toy("train", kind="long", root=str(long_folder), unit="clip", streams=["image"])
    parts = Toy("train", kind="long", root=str(long_folder), streams=["image"])
    assert len(parts) == sum(len(e) for e in whole.events()[0].values())
    by_id = {whole.clips[i].id: whole[i] for i in range(len(whole))}
    for index in range(0, len(parts), 5):
        sample = parts[index]
        parent = by_id[sample.clip.id.split("#")[0]]
        rows = sample.streams["image"]
        first = int(sample.clip.start / sample.clip.duration * len(parent.streams["image"]))
        assert abs(first - 4 * sample.clip.start) <= 1.5
        assert sample.text == sample.events[0].text
        assert abs(len(rows) - 4 * (sample.clip.end - sample.clip.start)) <= 2
        assert np.array_equal(rows, parent.streams["image"][first : first + len(rows)])


def test_two_annotators(long_folder: Path) -> None:
    toy = Toy("val", kind="long", root=str(long_folder), unit="clip")
    one, other = toy.events()
    assert one.keys() == other.keys() == toy.references().keys()
    assert one != other
    assert all(len(paragraphs) == 2 for paragraphs in toy.references().values())


def test_a_caption_is_one_event_that_spans_its_clip(clips_folder: Path) -> None:
    toy = Toy("val", root=str(clips_folder), unit="clip")
    told = toy.events()
    assert len(told) == 6
    for clip in toy.clips:
        events = [annotator[clip.id] for annotator in told]
        assert [e.text for (e,) in events] == toy.references()[clip.id]
        assert {(e.start, e.end) for (e,) in events} == {(0.0, clip.duration)}


def test_parts_are_first_class(clips_folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "half"
    store.mkdir()
    whole = Toy("test", root=str(clips_folder), unit="clip")
    for clip in whole.clips[::2]:
        np.save(store / f"{clip.id}.npy", np.ones((4, 3), dtype=np.float32))
    half = Toy("test", root=str(clips_folder), unit="clip", streams={"some": str(store)})
    assert len(half) == 12
    assert half.coverage().startswith("12 of 24 (missing ")
    assert set(half.selection.missing.values()) == {"no features in 'some'"}
    assert half.fingerprint() != whole.fingerprint()
    assert (
        len(Toy("test", root=str(clips_folder), unit="clip", streams={"some": str(store)}, optional=["some"]))
        == 24
    )


def test_ids_and_limit(clips_folder: Path, tmp_path: Path) -> None:
    names = ["video61", "video63"]
    (tmp_path / "ids.txt").write_text("\n".join(names))
    for given in (names, str(tmp_path / "ids.txt")):
        toy = Toy("test", root=str(clips_folder), unit="clip", ids=given)
        assert [clip.id for clip in toy.clips] == names
        assert toy.coverage().startswith("2 of 24")
    assert len(Toy("test", root=str(clips_folder), unit="clip", limit=5)) == 5
    with pytest.raises(DataError, match="nobody"):
        Toy("test", root=str(clips_folder), ids=["nobody"])


def test_frames_and_sound_come_from_the_video(clips_folder: Path) -> None:
    toy = Toy("val", root=str(clips_folder), unit="clip", frames={"count": 5, "short_side": 32}, audio=True)
    found = [toy[i].inputs for i in range(len(toy))]
    assert all(
        inputs["frames"].shape == (5, 32, 32, 3) and inputs["frames"].dtype == np.uint8 for inputs in found
    )
    facts = {s["id"]: s for s in json.loads((clips_folder / "toy.json").read_text())["scenes"]}
    for clip, inputs in zip(toy.clips, found, strict=True):
        assert ("audio" in inputs) == facts[clip.id]["audible"]
        if "audio" in inputs:
            assert abs(len(inputs["audio"]) / 16000 - facts[clip.id]["duration"]) < 0.2


def test_the_fingerprint_follows_the_data(clips_folder: Path) -> None:
    def fingerprint(**changes: Any) -> str:
        return Toy(**{"split": "val", "root": str(clips_folder), **changes}).fingerprint()

    assert fingerprint() == fingerprint()
    others = [
        fingerprint(split="test"),
        fingerprint(limit=3),
        fingerprint(streams=["image"]),
        fingerprint(mood=True),
    ]
    assert len({fingerprint(), *others}) == 5


def test_a_wrong_split_says_what_there_is(clips_folder: Path) -> None:
    with pytest.raises(DataError, match="train, val, test"):
        Toy("validation", root=str(clips_folder))


def test_nothing_to_use_is_an_error_that_says_why(clips_folder: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "somebody.npy", np.ones((4, 3)))
    toy = Toy("test", root=str(clips_folder), unit="clip", streams={"some": str(tmp_path)})
    assert len(toy) == 0
    for ask in (toy.references, toy.events, toy.captions):
        with pytest.raises(
            DataError, match=r"not one of 24 clips.*24 no features in 'some' \(such as video60\)"
        ):
            ask()


def test_a_root_with_something_else_is_refused(clips_folder: Path, tmp_path: Path) -> None:
    for root, kind in ((clips_folder, "long"), (tmp_path, "clips")):
        with pytest.raises(DataError, match="holds something else"):
            Toy("test", kind=kind, root=str(root))  # type: ignore[arg-type]
