"""Captions of pictures: a JPEG is captioned as a film of one frame, in every format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from films import make, slope
from PIL import Image

from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.captioning.inputs import find
from vidcap_core.cli.main import main
from vidcap_core.features.store import FeatureStore


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, name in enumerate(("a.jpg", "b.png", "c.webp", "d.BMP")):
        Image.fromarray(np.roll(slope(9 * number), number, axis=-1)).save(folder / name)
    (folder / "e.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("nothing")
    return folder


def test_a_picture_says_what_its_frame_says(captioner: FileCaptioner, pictures: Path) -> None:
    with Image.open(pictures / "b.png") as picture:
        picture.resize((64, 64)).save(pictures / "b.png")
    said = captioner(pictures / "b.png")
    assert said.text
    (event,) = said.events
    assert (event.start, event.end) == (0.0, 0.0)
    with Image.open(pictures / "b.png") as picture:
        frames = np.array(picture)[None]
    assert captioner(frames).text == said.text
    assert [captioner(pictures / "b.png", every=each).text for each in (2.0, "shots")] == [said.text] * 2
    assert "(0.0 s)" not in said._repr_html_()


def test_a_folder_of_pictures(model: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caption", str(pictures), "--model", str(model), "--device", "cpu", "--json"]) == 1
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [Path(line["path"]).name for line in lines] == ["a.jpg", "b.png", "c.webp", "d.BMP"]
    assert "e.jpg: is neither a picture" in err


@pytest.mark.parametrize("form", ["text", "json", "srt", "vtt", "html"])
def test_every_format(form: str, model: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["caption", str(pictures / "a.jpg"), "--model", str(model), "--device", "cpu"]
    assert main([*command, "--format", form, "--out", str(out)]) == 0
    file = out / ("captions.html" if form == "html" else {"text": "a.txt"}.get(form, f"a.{form}"))
    content = file.read_text()
    if form == "srt":
        assert content.startswith("1\n00:00:00,000 --> 00:00:00,001\n"), "one cue"
    if form == "html":
        assert content.count("data:image/jpeg") == 1


def test_videos_go_before_pictures(pictures: Path) -> None:
    found = find([str(pictures)])
    assert (len(found.files), found.others) == (5, 1)
    make(pictures / "film.mp4")
    found = find([str(pictures)])
    assert ([file.name for file in found.files], found.others) == (["film.mp4"], 6)
    assert len(find([str(pictures / "*.jpg")]).files) == 2, "a pattern means what it says"


def test_features_of_pictures(pictures: Path, tmp_path: Path) -> None:
    (pictures / "e.jpg").unlink()
    (tmp_path / "grid.py").write_text(
        'encoder = dict(type="vidcap_core.datasets.toy.grid_encoder:ToyGrid")\n'
    )
    command = ["features", "extract", "--videos", str(pictures), "--encoder", str(tmp_path / "grid.py")]
    assert main([*command, "--out", str(tmp_path / "store")]) == 0
    store = FeatureStore(tmp_path / "store")
    assert sorted(store.ids) == ["a", "b", "c", "d"]
    assert all(np.isfinite(store[clip]).all() for clip in store.ids)
