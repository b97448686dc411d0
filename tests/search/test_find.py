"""`vidcap find`, end to end with a small CLIP and real files; ranking and the index by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from films import make
from PIL import Image

from vidcap_core.cli.main import main
from vidcap_core.errors import UserError
from vidcap_core.search.find import rank
from vidcap_core.search.index import Index, Rows, stamp
from vidcap_core.search.pair import Pair, load

COLOURS = {"red": (230, 20, 20), "green": (20, 200, 20), "blue": (20, 30, 230)}


@pytest.fixture(scope="module")
def clip_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny CLIP in a folder of its own, taught to tell three colours by their words."""
    import open_clip

    folder = tmp_path_factory.mktemp("clip")
    inner = {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    }
    mean = {"mean": [0.5] * 3, "std": [0.5] * 3}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": inner, "preprocess_cfg": mean}))
    torch.manual_seed(0)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False, require_pretrained=False)
    tokenize = open_clip.get_tokenizer(f"local-dir:{folder}")
    words = tokenize([f"a {name} thing" for name in COLOURS])
    pictures = torch.tensor(list(COLOURS.values())).float()[:, :, None, None].expand(-1, -1, 32, 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(60):
        noisy = (pictures + 15 * torch.randn_like(pictures)) / 127.5 - 1
        logits = 10 * model.encode_image(noisy, normalize=True) @ model.encode_text(words, normalize=True).T
        target = torch.arange(3)
        loss = torch.nn.functional.cross_entropy(logits, target) + torch.nn.functional.cross_entropy(
            logits.T, target
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    return f"local-dir:{folder}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Films of which one becomes green in its last third, a picture, a damaged file, and a file that is none."""
    monkeypatch.setenv("VIDCAP_CACHE", str(tmp_path / "cache"))
    films = tmp_path / "videos"
    (films / "more").mkdir(parents=True)

    def of(*names: str) -> Any:
        return lambda index: np.full((48, 64, 3), COLOURS[names[index * len(names) // 30]], np.uint8)

    make(films / "red.mp4", 30, of("red"))
    make(films / "late.mp4", 30, of("red", "red", "green"))
    make(films / "more" / "blue.mp4", 30, of("blue"))
    Image.new("RGB", (60, 40), COLOURS["blue"]).save(films / "blue.png")
    (films / "damaged.mp4").write_bytes((films / "red.mp4").read_bytes()[:200])
    (films / "notes.txt").write_text("no film")
    return films


def found(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> list[dict[str, Any]]:
    assert main(["find", *words, "--json", "--device", "cpu"]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_films_and_pictures_in_order(
    clip_model: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["a green thing", str(folder), "--model", clip_model, "--device", "cpu"]
    assert main(["find", *words]) == 1
    out, err = capsys.readouterr()
    lines = [line.split() for line in out.splitlines()]
    assert len(lines) == 4
    assert lines[0][-1].endswith("late.mp4")
    scores = [float(line[0]) for line in lines]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[1] + 0.2
    assert "1 file could not be read:" in err
    assert "damaged.mp4" in err

    green, *_ = found(capsys, *words[:4], code=1)
    assert Path(green["path"]) == folder / "late.mp4"
    length = 3.0
    assert 2 / 3 * length - 0.1 <= green["time"] <= length
    blue = found(capsys, "a blue thing", *words[1:4], "--top", "2", code=1)
    assert {Path(each["path"]).name: each["time"] is None for each in blue} == {
        "blue.mp4": False,
        "blue.png": True,
    }


def test_only_changed_files_are_read_again(
    clip_model: str, folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (folder / "damaged.mp4").unlink()
    words = ["a red thing", str(folder), "--model", clip_model, "--device", "cpu"]

    def said(*more: str) -> tuple[str, str]:
        assert main(["find", *words, *more]) == 0
        return tuple(capsys.readouterr())  # type: ignore[return-value]

    first, note = said()
    assert "reading: 4 ..." in note
    assert said() == (first, "")
    (folder / "blue.png").unlink()
    Image.new("RGB", (60, 41), COLOURS["red"]).save(folder / "blue.png")
    os.replace(folder / "more" / "blue.mp4", folder / "more" / "moved.mp4")
    changed, note = said()
    assert "reading: 2 ..." in note
    assert float(next(line for line in changed.splitlines() if "blue.png" in line).split()[0]) > 0.5
    assert "reading: 4 ..." in said("--index", str(tmp_path / "own.npz"))[1]
    assert said("--index", str(tmp_path / "own.npz")) == (changed, "")
    assert "reading: 4 ..." in said("--every", "0.1")[1]  # other pictures, another index


def test_a_long_film_is_looked_at_every_so_often(
    clip_model: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """20 pictures, 0.05 s apart, are a second; the film has three."""
    words = ["a green thing", str(folder / "late.mp4"), "--model", clip_model]
    (green,) = found(capsys, *words, "--every", "0.05")
    assert 1.9 <= green["time"] <= 3
    (index,) = (Path(os.environ["VIDCAP_CACHE"]) / "search").glob("*.npz")
    with np.load(index) as arrays:
        assert arrays["rows"].shape == (60, 24)
        assert (np.diff(arrays["times"]) > 0).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["  ", "."], "the text is empty"),
        (["a dog", "nowhere"], "nothing to look through: nowhere: there is no such file"),
        (["a dog", "."], "nothing to look through: .: the folder holds no video"),
        (["a dog", "a.png", "--every", "0"], "--every 0: not a number of seconds above 0"),
        (["a dog", "a.png", "--model", "VGGish"], "'VGGish' knows no texts"),
        (["a dog", "a.png", "--model", "Nonsense"], "names no pair of encoders"),
        (["a dog", "a.png", "--model", "ViT-B-32:nowhere.pt"], "'nowhere.pt' is no file"),
        (["a dog", "a.png", "--model", "ViT-Z:laion"], "no model 'ViT-Z'"),
    ],
)
def test_mistakes(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if "a.png" in words:
        Image.new("RGB", (8, 8)).save("a.png")
    assert main(["find", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_pair_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch, clip_model: str) -> None:
    """NAME and NAMEText, and PictureWords where nothing is named; of plugins, too."""
    from vidcap_core.search import pair
    from vidcap_core.zoo.component import Component
    from vidcap_core.zoo.registry import ENCODERS

    targets = {"PictureWords": "OpenClipImage", "PictureWordsText": "OpenClipText"}
    monkeypatch.setattr(type(ENCODERS), "names", lambda self: [*targets, "ToyGrid"])
    monkeypatch.setattr(
        pair.registry,
        "build_component",
        lambda kind, spec: Component("", ENCODERS.load(targets[spec["type"]]), {"model": clip_model}).build(),
    )
    assert load().name == "PictureWords"
    made = load("PictureWords")
    np.testing.assert_allclose(np.linalg.norm(made.query("a red thing")), 1, rtol=1e-5)
    monkeypatch.setattr(type(ENCODERS), "names", lambda self: ["ToyGrid"])
    with pytest.raises(UserError, match="no encoder pair for pictures and texts is installed") as raised:
        load()
    assert "--model ViT-B-32:laion2b_s34b_b79k" in str(raised.value.hint)


def test_the_recipe_is_the_same_each_time(clip_model: str) -> None:
    made = load(clip_model)
    assert isinstance(made, Pair)
    assert made.recipe() == load(clip_model).recipe()
    made.pictures.sampling = {"kind": "uniform", "count": 7}
    assert made.recipe() != load(clip_model).recipe()


def test_ranking() -> None:
    query = np.array([1, 0], np.float32)
    rows = {
        Path("a"): Rows((1, 1), np.array([[0, 1], [0.6, 0.8]], np.float16), np.array([0.5, 1.5])),
        Path("b"): Rows((1, 1), np.array([[1, 0]], np.float16), None),
    }
    first, second = rank(query, rows)
    assert (first.path, first.score, first.time) == (Path("b"), 1.0, None)
    assert (second.path, second.time) == (Path("a"), 1.5)
    assert second.score == pytest.approx(0.6, abs=1e-3)
    assert rank(query, {}) == []


def test_two_processes_keep_what_both_have_read(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b", "gone")]
    for file in files:
        file.write_text(file.name)
    mine, others = Index(tmp_path / "i.npz", "r"), Index(tmp_path / "i.npz", "r")
    row = np.ones((1, 2), np.float16)
    for index, file in ((mine, files[0]), (others, files[1]), (others, files[2])):
        changed = stamp(file)
        assert changed is not None
        index.put(file, Rows(changed, row, None))
    mine.save()
    files[2].unlink()
    others.save()
    both = Index(tmp_path / "i.npz", "r")
    assert all(both.get(file) is not None for file in files[:2])
    with np.load(tmp_path / "i.npz") as arrays:
        assert len(arrays["rows"]) == 2
    files[0].write_text("changed")
    assert both.get(files[0]) is None
    assert Index(tmp_path / "i.npz", "another").get(files[1]) is None


@pytest.mark.parametrize("content", [b"", b"a note", b"PK\x03\x04 half"])
def test_a_file_that_is_no_index_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thesis.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match="is no index, or is damaged"):
        Index(path, "r")
    assert path.read_bytes() == content


def test_pickles_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, index=np.array([{"format": 1}], dtype=object))
    with pytest.raises(UserError, match="is no index, or is damaged"):
        Index(path, "r")


def test_as_a_command(clip_model: str, folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "vidcap_core.cli.main",
        "find",
        "a green thing",
        str(folder / "late.mp4"),
    ]
    done = subprocess.run(
        [*command, "--model", clip_model, "--device", "cpu"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("late.mp4\n")
