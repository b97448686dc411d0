"""What derived encoders learnt stays with their run: written whole, checked, and never learnt anew in silence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.captioning import file_captioner
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.engine import runs
from vidcap_core.engine.training import Training
from vidcap_core.errors import CheckpointError, UserError
from vidcap_core.saved import bundle, checkpoint
from vidcap_core.saved.export import export
from vidcap_core.saved.load import load_bundle, load_run
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing import tiny

STANDARDISED = {
    "encoders": {"image_std": {"type": "Standardised", "stream": "image"}},
    "head": {"type": "MeanPoolGRU", "streams": {"image_std": 16}, "width": 16, "dropout": 0.1},
}


def settings(seed: int = 0, **runtime: Any) -> Config:
    """A run on a standardised stream; `seed` of its clips."""
    config = tiny.config(**STANDARDISED)
    config["data"]["train"] = {**config["data"]["train"], "seed": seed}
    config["runtime"] |= runtime
    return Config("test", config)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    runs.train(settings(), work_dir=folder, device="cpu", quiet=True)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def learnt(captioner: Any) -> list[torch.Tensor]:
    return list(captioner.encoders["image_std"].assets().values())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    content, _ = checkpoint.latest(folder / "checkpoints")
    assert content is not None
    assert content["progress"]["done"]
    return content["weights"]  # type: ignore[no-any-return]


def test_a_run_and_its_bundle_hold_the_same_files(run: Path, tmp_path: Path) -> None:
    made = export(run, tmp_path / "bundle")
    names = ["assets-image_std.json", "assets-image_std.safetensors"]
    assert sorted(path.name for path in (run / "assets").iterdir()) == [*names, "files.json"]
    for name in names:
        assert (run / "assets" / name).read_bytes() == (made / name).read_bytes()
    fitted = learnt(Training(validate(settings()), RunFolder(tmp_path / "other")).captioner)
    for captioner in (load_run(run, extractors=False), load_bundle(bundle.open_bundle(made))):
        assert all(torch.equal(a, b) for a, b in zip(learnt(captioner), fitted, strict=True))


def test_a_run_without_derived_encoders_has_no_such_folder(tmp_path: Path) -> None:
    runs.train(Config("test", tiny.config()), work_dir=tmp_path / "run", device="cpu", quiet=True)
    assert not (tmp_path / "run" / "assets").exists()


def test_going_on_takes_what_was_learnt_and_ends_with_the_same_bits(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    runs.train(settings(max_time=0, save_every=1), work_dir=folder, device="cpu", quiet=True)
    stopped, _ = checkpoint.latest(folder / "checkpoints")
    assert stopped is not None
    assert not stopped["progress"]["done"]
    runs.train(settings(), work_dir=folder, resume=True, device="cpu", quiet=True)
    whole, resumed = weights(finished), weights(folder)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_changed_data_change_nothing_of_what_was_learnt(run: Path) -> None:
    changed = settings(seed=5)
    before = learnt(load_run(run, extractors=False))
    anew = learnt(Training(validate(changed), RunFolder(run)).captioner)
    assert not torch.equal(before[0], anew[0])
    with pytest.raises(UserError, match="another config"):
        runs.train(changed, work_dir=run, resume=True, device="cpu", quiet=True)
    runs.train(changed, work_dir=run, force_resume=True, device="cpu", quiet=True)
    assert torch.equal(learnt(load_run(run, extractors=False))[0], before[0])
    kept = Training(validate(changed), RunFolder(run), learnt=True)
    assert torch.equal(learnt(kept.captioner)[0], before[0])


USES: list[Callable[[Path], Any]] = [
    lambda run: file_captioner.load(run),
    lambda run: export(run, run.with_name("bundle")),
    lambda run: runs.test(settings(), work_dir=run, split="val", device="cpu", quiet=True),
    lambda run: runs.predict(settings(), work_dir=run, split="val", device="cpu", quiet=True),
    lambda run: runs.train(settings(), work_dir=run, resume=True, device="cpu", quiet=True),
]


@pytest.mark.parametrize("use", USES, ids=["caption", "export", "test", "predict", "resume"])
def test_a_run_of_an_older_vidcap_says_what_to_type(run: Path, use: Callable[[Path], Any]) -> None:
    shutil.rmtree(run / "assets")
    with pytest.raises(
        CheckpointError, match=r"(?s)does not hold what its encoders learnt.*image_std.*--force-resume"
    ):
        use(run)


def test_what_is_typed_then_helps(run: Path, finished: Path, tmp_path: Path) -> None:
    shutil.rmtree(run / "assets")
    runs.train(settings(), work_dir=run, force_resume=True, device="cpu", quiet=True)
    for path in (finished / "assets").iterdir():
        assert (run / "assets" / path.name).read_bytes() == path.read_bytes()
    export(run, tmp_path / "bundle")


def test_a_run_that_was_killed_before_it_learnt_anything_learns(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copyfile(finished / "config.json", folder / "config.json")
    (folder / ".assets.0123abcd.part").mkdir()
    runs.train(settings(), work_dir=folder, resume=True, device="cpu", quiet=True)
    assert all(
        torch.equal(a, b) for a, b in zip(weights(finished).values(), weights(folder).values(), strict=True)
    )
    assert not (folder / ".assets.0123abcd.part").exists()


@pytest.mark.parametrize("name", ["assets-image_std.json", "assets-image_std.safetensors", "files.json"])
def test_a_damaged_file_is_named(run: Path, name: str) -> None:
    path = run / "assets" / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match=rf"{name} is .*damaged"):
        load_run(run)


def test_a_missing_file_and_one_outside_are_refused(run: Path) -> None:
    index = run / "assets" / "files.json"
    listed = json.loads(index.read_text())
    index.write_text(json.dumps({**listed, "../config.json": "0"}))
    with pytest.raises(CheckpointError, match=r"lacks the file \.\./config\.json"):
        load_run(run)
    index.write_text("{}")
    with pytest.raises(CheckpointError, match="does not hold what the encoder 'image_std' learnt"):
        load_run(run)
    index.write_text(json.dumps(listed))
    (run / "assets" / "assets-image_std.json").unlink()
    with pytest.raises(CheckpointError, match=r"lacks the file assets-image_std\.json"):
        load_run(run)


def test_a_bundle_that_was_exported_without_it_says_so(run: Path, tmp_path: Path) -> None:
    made = export(run, tmp_path / "bundle")
    index = json.loads((made / "bundle.json").read_text())
    del index["files"]["assets-image_std.json"]
    (made / "assets-image_std.json").unlink()
    (made / "bundle.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="does not hold what the encoder 'image_std' learnt"):
        file_captioner.load(made)


def test_how_files_are_read_may_be_said_later(run: Path) -> None:
    made = settings()
    made.data["extract"] = {"image": {"type": "EfficientNetLite0", "pretrained": False}}
    before = weights(run)
    runs.train(made, work_dir=run, resume=True, device="cpu", quiet=True)
    assert all(torch.equal(a, b) for a, b in zip(before.values(), weights(run).values(), strict=True))
    assert "image" in load_run(run).encoders
