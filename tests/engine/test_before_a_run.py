"""What a run refuses before it makes a folder, and what a folder without weights is good for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.captioner.device import choose_device, devices
from vidcap_core.cli import main
from vidcap_core.config.files import Config
from vidcap_core.contracts.types import View
from vidcap_core.engine import runs, trial
from vidcap_core.engine.training import Training
from vidcap_core.errors import UserError
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing import tiny
from vidcap_metrics.files.atomic import check_writable


def config(**changes: Any) -> Config:
    made = Config("test", tiny.config(phases={"caption": {"epochs": 1, "losses": ["tokens"]}}))
    for key, value in changes.items():
        section, _, name = key.partition("__")
        made.data[section][name] = value
    return made


def train(config: Config, folder: Path, **options: Any) -> RunFolder:
    return runs.train(config, work_dir=folder, device="cpu", quiet=True, **options)


def test_a_wrong_width_is_refused_and_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the stream 'image' with width 17, but got width 16"):
        train(config(head__streams={"image": 17}), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    train(config(), tmp_path / "run")


def test_what_torch_says_of_a_width_is_told_with_the_widths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vidcap_core.heads.gru import MeanPoolGRU

    def narrow(head: MeanPoolGRU, view: View) -> None:
        torch.nn.Linear(17, 4)(view.streams["image"].values)

    monkeypatch.setattr(MeanPoolGRU, "start", narrow)
    with pytest.raises(UserError, match="does not fit what it reads in phase 'caption'") as refused:
        train(config(), tmp_path / "run")
    assert "mat1 and mat2 shapes" in str(refused.value)
    assert "image has width 16" in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_a_fault_in_a_heads_own_code_stays_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vidcap_core.heads.gru import MeanPoolGRU

    def broken(*_: object) -> None:
        raise RuntimeError("a plan that went wrong")

    monkeypatch.setattr(MeanPoolGRU, "start", broken)
    with pytest.raises(RuntimeError, match="a plan that went wrong"):
        train(config(), tmp_path / "run")


def test_the_trial_changes_nothing_of_the_captioner(tmp_path: Path) -> None:
    from vidcap_core.config.validate import validate

    torch.manual_seed(0)
    training = Training(validate(config()), RunFolder(tmp_path / "run"))
    weights = {name: value.clone() for name, value in training.captioner.state_dict().items()}
    modes = [module.training for module in training.captioner.modules()]
    before = torch.get_rng_state()
    trial.check(training)
    assert torch.equal(torch.get_rng_state(), before)
    assert [module.training for module in training.captioner.modules()] == modes
    assert all(torch.equal(weights[n], value) for n, value in training.captioner.state_dict().items())


def test_a_misspelt_score_is_refused_before_data_are_read(tmp_path: Path) -> None:
    wrong = config(evaluate__best="cidr")
    wrong.data["data"]["train"]["clips"] = 0  # what would be refused next
    with pytest.raises(UserError, match="no score is named 'cidr'; there are CIDEr-D"):
        train(wrong, tmp_path / "run")


def test_a_folder_that_cannot_be_written_is_refused_before_data_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wrong = config()
    wrong.data["data"]["train"]["clips"] = 0
    with pytest.raises(UserError, match="cannot write to"):
        train(wrong, tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("head.streams.image=17", "the stream 'image' with width 17, but got width 16"),
        ("phases.caption.train=['haed']", "no parameter belongs to the part 'haed'"),
        ("evaluate.best=cidr", "no score is named 'cidr'"),
    ],
)
def test_a_deep_check_finds_what_a_run_would_refuse(
    change: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tiny.py"
    path.write_text("from vidcap_core.testing import tiny\nglobals().update(tiny.config())\n")
    assert main.main(["config", "check", str(path), "--deep"]) == 0
    assert main.main(["config", "check", str(path), "--deep", "--set", change]) == 2
    assert reason in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".py"] == []


def test_to_try_a_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        check_writable(tmp_path / "file" / "b")


def test_a_run_that_came_to_nothing_leaves_its_folder_free(tmp_path: Path) -> None:
    folder = train(config(), tmp_path / "run")
    for file in (*folder.checkpoints.iterdir(), folder.predictions("val"), folder.scores("val")):
        file.unlink()
    wider = config(head__width=24)
    train(wider, tmp_path / "run")
    assert folder.resolved().data["head"]["width"] == 24
    with pytest.raises(UserError, match="holds a run already"):
        train(wider, tmp_path / "run")


@pytest.mark.parametrize("name", ["gpu", "cdua", "cuda:99", "meta", ""])
def test_a_device_that_is_not_there_is_a_user_error(name: str) -> None:
    with pytest.raises(UserError, match=f"--device {name}: .*; devices here: cpu"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_says_so() -> None:
    with pytest.raises(UserError, match="no GPU that torch can use"):
        choose_device("cuda")


def test_the_best_device_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_device("cpu") == "cpu"
    if not torch.cuda.is_available():
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
        assert devices() == ["cpu", "mps"]
        assert choose_device(None) == "mps"


def test_a_folder_of_another_owner(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        check_writable(tmp_path / "run")
