"""Each reader on its toy twin: the same clips, words and times, whatever the format."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.datasets.activitynet import ActivityNet
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.emvidcap import EmVidCap
from vidcap_core.datasets.jsonl import Jsonl
from vidcap_core.datasets.msrvtt import MSRVTT
from vidcap_core.datasets.msvd import MSVD
from vidcap_core.datasets.toy import Toy
from vidcap_core.datasets.vatex import VATEX
from vidcap_core.datasets.youcook2 import YouCook2
from vidcap_core.errors import DataError


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_every_format_says_the_same(clips_folder: Path, split: str) -> None:
    toy = Toy(split, root=str(clips_folder))
    for made_by, part in ((MSRVTT, "msrvtt"), (MSVD, "msvd"), (VATEX, "vatex"), (Jsonl, "jsonl")):
        twin = made_by(split, root=str(clips_folder / part))
        assert twin.captions() == toy.captions(), part


def test_videos_are_found_under_their_other_names(clips_folder: Path, tmp_path: Path) -> None:
    """MSVD's ids are numbers, its files are named after YouTube videos."""
    folder = tmp_path / "msvd"
    folder.mkdir()
    for file in (clips_folder / "msvd").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "videos").symlink_to(clips_folder / "videos")
    msvd = MSVD("val", root=str(folder), unit="clip", frames={"count": 2, "short_side": 16})
    assert len(msvd) == 12
    assert all(clip.id == f"vid{int(Path(clip.path or '').stem[5:]) + 1}" for clip in msvd.clips)


def test_events_keep_their_times(long_folder: Path) -> None:
    for made_by, part in ((ActivityNet, "activitynet"), (YouCook2, "youcook2")):
        twin = made_by("train", root=str(long_folder / part), unit="clip")
        toy = Toy("train", kind="long", root=str(long_folder), unit="clip")
        times = [[(e.start, e.end) for e in events] for events in twin.events()[0].values()]
        assert times == [[(e.start, e.end) for e in events] for events in toy.events()[0].values()]


def test_emvidcap_has_two_formats_and_a_held_out_part(clips_folder: Path) -> None:
    root = str(clips_folder / "emvidcap")
    parts = {p: EmVidCap("trainval", part=p, root=root, unit="clip") for p in ("S", "L", "S+L")}  # type: ignore[arg-type]
    assert len(parts["S"]) + len(parts["L"]) == len(parts["S+L"]) == 60
    train, val = (EmVidCap(split, root=root, unit="clip") for split in ("train", "val"))
    assert {c.id for c in train.clips} | {c.id for c in val.clips} == {c.id for c in parts["S+L"].clips}
    assert not {c.id for c in train.clips} & {c.id for c in val.clips}
    assert len(val) == round(0.1 * len(parts["S"])) + round(0.1 * len(parts["L"]))
    assert set(train.groups("part").values()) == {"S", "L"}


def emvidcap_with_a_clip_in_both(folder: Path) -> str:
    place = folder / "EmVidCap-L"
    place.mkdir(parents=True)
    rows = [f"vid{n}\ta man, angrily\tshouts" for n in (10001, 20002, 80703)]
    (place / "EmVideo_trainval_captions.csv").write_text("\n".join(["VideoID\tEmCaptions", *rows]) + "\n")
    (place / "EmVideo_test_captions.csv").write_text(
        "VideoID\tEmCaptions\nvid80703\ta café\n", encoding="utf-8"
    )
    return str(folder)


def test_a_clip_in_both_splits_of_emvidcap_is_dropped_from_train(tmp_path: Path) -> None:
    root = emvidcap_with_a_clip_in_both(tmp_path)
    trainval = EmVidCap("trainval", part="L", root=root, unit="clip")
    assert [c.id for c in trainval.clips] == ["vid10001", "vid20002"]
    assert [(d.what, d.ids) for d in trainval.defects] == [
        ("clips both in trainval and in test", ("vid80703",))
    ]
    assert trainval.captions()[0] == "a man, angrily\tshouts"  # a line is split once, at the first tab
    assert trainval.groups("emotion") == {"vid10001": "anger", "vid20002": "anticipation"}
    assert EmVidCap("test", part="L", root=root).captions() == ["a café"]
    assert not EmVidCap("test", part="L", root=root).defects


def write_dense(folder: Path, **clips: Any) -> str:
    (folder / "train.json").write_text(json.dumps(clips))
    return str(folder)


def test_intervals_compare_with_a_tolerance(tmp_path: Path) -> None:
    root = write_dense(
        tmp_path,
        v_a={
            "duration": 10.0,
            "timestamps": [[0, 10.0000005], [8, 3], [4, 4]],
            "sentences": ["one", "two", "three"],
        },
        v_b={"duration": 10.0, "timestamps": [[0, 10.1]], "sentences": [" late\n sentence "]},
    )
    data = ActivityNet("train", root=root, unit="clip")
    assert {d.what: d.ids for d in data.defects} == {
        "events end before they start": ("v_a#1",),
        "events without length": ("v_a#2",),
        "events end after their video": ("v_b#0",),
    }
    events = data.events()[0]
    assert [(e.start, e.end) for e in events["v_a"]] == [(0, 10), (3, 8), (4, 4)]
    assert [(e.end, e.text) for e in events["v_b"]] == [(10, "late\n sentence")]  # as their authors keep it


@pytest.mark.parametrize("packed", ["gz", "zip", "below"])
def test_files_are_read_packed_or_in_a_folder_below(clips_folder: Path, tmp_path: Path, packed: str) -> None:
    source = clips_folder / "msrvtt" / "train_val_videodatainfo.json"
    if packed == "gz":
        (tmp_path / f"{source.name}.gz").write_bytes(gzip.compress(source.read_bytes()))
    elif packed == "zip":
        with zipfile.ZipFile(tmp_path / f"{source.name}.zip", "w") as archive:
            archive.writestr("readme.txt", "read me")
            archive.write(source, source.name)
    else:
        (tmp_path / "annotations").mkdir()
        (tmp_path / "annotations" / source.name).write_bytes(source.read_bytes())
    assert (
        MSRVTT("val", root=str(tmp_path)).captions()
        == MSRVTT("val", root=str(clips_folder / "msrvtt")).captions()
    )


WRONG: list[tuple[type[Dataset], str, str, str]] = [
    (MSRVTT, "train_val_videodatainfo.json", '{"videos": []', "not JSON"),
    (MSRVTT, "train_val_videodatainfo.json", '{"annotations": []}', "no 'videos' and 'sentences'"),
    (VATEX, "vatex_training_v1.0.json", '{"videoID": "x"}', "no VATEX file"),
    (YouCook2, "yc2_train.json", '{"v": {"timestamps": [], "sentences": []}}', "'v' has no duration"),
    (
        YouCook2,
        "yc2_train.json",
        '{"v": {"duration": 3, "timestamps": [[0, 1]], "sentences": []}}',
        "1 timestamps and 0",
    ),
    (MSVD, "sents_train_lc_nopunc.txt", "vid1 a man", "no mapping"),
]


@pytest.mark.parametrize(("made_by", "name", "text", "said"), WRONG)
def test_wrong_files_are_named(
    made_by: type[Dataset], name: str, text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=said) as caught:
        made_by("train", root=str(tmp_path))
    assert str(tmp_path) in str(caught.value)


def test_a_missing_folder_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDCAP_DATA", str(tmp_path))
    monkeypatch.delenv("VIDCAP_SHARED_DATA", raising=False)
    with pytest.raises(DataError, match="vidcap data prepare vatex --from FOLDER"):
        VATEX("train")
