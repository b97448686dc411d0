"""Bundles: what goes in comes out, and what was changed on the way is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from vidcap_core.captioning import file_captioner
from vidcap_core.config.files import Config
from vidcap_core.engine import runs
from vidcap_core.engine.data import Collate
from vidcap_core.errors import CheckpointError, UserError
from vidcap_core.saved import bundle
from vidcap_core.saved.export import export
from vidcap_core.saved.load import find_bundle, load_bundle
from vidcap_core.testing import tiny
from vidcap_core.zoo import plugins


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    phases = {
        "a": {"epochs": 1, "losses": ["tokens"], "keep": "early"},
        "b": {"epochs": 2, "losses": ["tokens"]},
    }
    folder = tmp_path_factory.mktemp("run") / "run"
    last = {"metrics": ["cider-d"], "best": None}  # the bundle then holds the last weights, not the best ones
    runs.train(
        Config("test", tiny.config(phases=phases, evaluate=last)), work_dir=folder, device="cpu", quiet=True
    )
    return folder


@pytest.fixture
def made(run: Path, tmp_path: Path) -> Path:
    return export(run, tmp_path / "bundle")


def test_a_bundle_captions_as_its_run_does(run: Path, made: Path) -> None:
    captioner = load_bundle(bundle.open_bundle(made))
    dataset = tiny.TinyClips()
    batch = Collate(captioner.tokenizer)([dataset.get(i * 2, np.random.default_rng(0)) for i in range(8)])
    said = {p.clip.id: p.text for p in captioner.predict(batch)}
    written = {p["id"]: p["text"] for p in json.loads((run / "predictions-val.json").read_text())}
    assert said == written


def test_a_named_copy_travels(made: Path) -> None:
    opened = bundle.open_bundle(made)
    assert opened.copies == ["early"]
    early, best = load_bundle(opened, copy="early"), load_bundle(opened)
    assert any(
        not torch.equal(a, b)
        for a, b in zip(early.state_dict().values(), best.state_dict().values(), strict=True)
    )
    with pytest.raises(UserError, match="keeps no weights named 'late'; it has: early"):
        load_bundle(opened, copy="late")


@pytest.mark.parametrize("name", ["weights.safetensors", "tokenizer.json"])
def test_a_changed_file_is_refused(made: Path, name: str) -> None:
    path = made / name
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match=f"{name} is not the file that was exported"):
        bundle.open_bundle(made)


def test_a_missing_file_and_a_path_outside_are_refused(made: Path, tmp_path: Path) -> None:
    index = json.loads((made / "bundle.json").read_text())
    index["files"]["../elsewhere"] = "0"
    (tmp_path / "elsewhere").write_text("x")
    (made / "bundle.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=r"lists '\.\./elsewhere', which is not the name"):
        bundle.open_bundle(made)


def test_nothing_in_a_bundle_runs(made: Path, tmp_path: Path) -> None:
    (made / "config.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (made / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(CheckpointError, match=r"holds '__init__\.py', which its index does not list"):
        load_bundle(bundle.open_bundle(made))
    assert not (tmp_path / "ran").exists()


def test_a_folder_is_never_overwritten(run: Path, made: Path) -> None:
    with pytest.raises(UserError, match="exists already"):
        export(run, made)
    shutil.rmtree(made)
    made.mkdir()
    assert export(run, made) == made  # an empty folder is fine


def test_what_is_no_bundle_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no bundle\.json"):
        find_bundle(str(tmp_path))
    with pytest.raises(UserError, match="there is no bundle, run or model 'nowhere'"):
        find_bundle("nowhere")
    with pytest.raises(
        UserError, match=r"(?s)no weights are known for 'core/toy'.*vidcap-run core/toy.*vidcap pull"
    ):
        find_bundle("core/toy")


def test_a_captioner_of_cached_streams_says_what_it_lacks(made: Path, run: Path) -> None:
    for where in (made, run):
        with pytest.raises(UserError, match=r"(?s)trained on cached streams.*extract"):
            file_captioner.load(where)


@pytest.mark.parametrize("where", ["head", "extract", "tokenizer", "encoders"])
@pytest.mark.parametrize("name", ["os:system", "os.system", "subprocess:Popen", "nobody.Head"])
def test_a_bundle_can_only_name_components_of_installed_plugins(
    made: Path, tmp_path: Path, where: str, name: str
) -> None:
    index = json.loads((made / "bundle.json").read_text())
    evil = {"type": name, "command": f"touch {tmp_path / 'ran'}"}
    index["config"][where] = (
        evil if where in ("head", "tokenizer") else {"image": {"type": "ToyGrid", "inner": evil}}
    )
    (made / "bundle.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="may only name components of installed plugins"):
        load_bundle(bundle.open_bundle(made))
    assert not (tmp_path / "ran").exists()


def test_an_encoder_that_stayed_outside_must_be_the_same_one(tmp_path: Path) -> None:
    from vidcap_core.captioner.build import build_captioner, build_tokenizer
    from vidcap_core.config.validate import captioner_recipe

    plain = Config(
        "test",
        {
            **tiny.config(),
            "extract": {"image": {"type": "EfficientNetLite0", "pretrained": False, "seed": 3}},
        },
    )
    recipe = captioner_recipe(plain)
    captioner = build_captioner(recipe, build_tokenizer(recipe, tiny.TinyClips()))
    opened = bundle.open_bundle(bundle.save(tmp_path / "bundle", captioner, plain, {}))
    assert (opened.path / "weights.safetensors").stat().st_size < 1_000_000  # the encoder is not in it
    assert "image" in load_bundle(opened).encoders
    opened.index["config"]["extract"]["image"]["seed"] = 4
    with pytest.raises(CheckpointError, match="encoder of the stream 'image' has other weights"):
        load_bundle(opened)


@pytest.mark.parametrize("name", ["weights.safetensors", "tokenizer.json"])
def test_a_file_without_a_hash_is_refused(made: Path, name: str) -> None:
    index = json.loads((made / "bundle.json").read_text())
    del index["files"][name]
    (made / "bundle.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=f"has no hash for {name}"):
        bundle.open_bundle(made)


@pytest.mark.parametrize(
    "index", ["[]", "{}", '{"format": 1}', '{"format": 1, "files": [], "config": {}}', "{"]
)
def test_a_damaged_index_is_refused(made: Path, index: str) -> None:
    (made / "bundle.json").write_text(index)
    with pytest.raises(CheckpointError):
        bundle.open_bundle(made)


def test_a_bundle_can_be_read_by_others_and_has_a_page_for_a_hub(made: Path) -> None:
    import yaml

    usual = made.parent / "usual"
    usual.touch()
    assert {path.stat().st_mode for path in made.iterdir()} == {usual.stat().st_mode}
    _, head, page = (made / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert (metadata["library_name"], metadata["pipeline_tag"]) == ("vidcap", "video-to-text")
    assert metadata["datasets"] == ["tinyclips"]
    assert metadata["metrics"] == ["cider-d"]
    assert "vidcap_core.load(" in page


def test_the_page_may_be_changed_and_is_not_needed(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "copy")
    (tmp_path / "copy" / "README.md").write_text("ours")
    bundle.open_bundle(tmp_path / "copy")
    (tmp_path / "copy" / "README.md").unlink()
    bundle.open_bundle(tmp_path / "copy")


def test_a_page_of_a_method_has_its_licence_its_paper_and_its_limits() -> None:
    from vidcap_core.saved.model_card import model_card

    plugin = plugins.get("mffcl")
    config = Config("x", {"method": "mffcl", "head": {"type": "MFFCL"}})
    page = model_card(
        config, {"seed": 1, "scores": {"val": {"BLEU-4": 0.25}}}, plugin.card, plugin.distribution
    )
    assert "license: apache-2.0" in page
    assert "pip install vidcap-core vidcap-plugin-mffcl" in page
    assert "| val | BLEU-4 | 0.2500 |" in page
    assert "## Limits" in page


def test_where_nothing_can_be_written_is_told_before_the_weights_are_read(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="could not be written"):
        export(without_weights(tmp_path, run), tmp_path / "file" / "bundle")


def without_weights(folder: Path, run: Path) -> Path:
    """A run whose weights are damaged, which would be told next."""
    shutil.copytree(run, folder / "run")
    for file in (folder / "run" / "checkpoints").iterdir():
        file.write_bytes(b"")
    return folder / "run"
