"""Optimisers by name: those that train, those that are refused before the first step, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.config.files import Config
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.engine import runs
from vidcap_core.errors import UserError
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.saved.checkpoint import best_weights
from vidcap_core.testing import tiny


class SparseWords(MeanPoolGRU):
    """Its table of words has sparse gradients."""

    def __init__(self, *, streams: dict[str, int], tokenizer: Tokenizer, width: int = 16) -> None:
        super().__init__(streams=streams, tokenizer=tokenizer, width=width)
        self.embed = torch.nn.Embedding(len(tokenizer), width, sparse=True)


def train(
    folder: Path, head: dict[str, Any] | None = None, phase: dict[str, Any] | None = None, **made_by: Any
) -> Any:
    phases = {"caption": {"steps": 2, "losses": ["tokens"], **(phase or {})}}
    sections = tiny.config(optimizer=made_by, phases=phases)
    sections["head"] = head or sections["head"]
    return runs.train(Config("t", sections), work_dir=folder, device="cpu", quiet=True)


TAKES_ALL = sorted(
    name
    for name, kind in vars(torch.optim).items()
    if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)
    if name not in ("Optimizer", "LBFGS", "Muon", "SparseAdam")
)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """The weights that all these runs begin with."""
    folder = train(tmp_path_factory.mktemp("still") / "run", type="SGD", lr=0.0)
    return best_weights(folder.checkpoints)[0]


@pytest.mark.parametrize("name", [*TAKES_ALL, "torch.optim:SGD", "torch.optim.SGD", "mmengine.SGD"])
def test_what_trains(name: str, still: dict[str, torch.Tensor], tmp_path: Path) -> None:
    after, *_ = best_weights(train(tmp_path / "run", type=name).checkpoints)
    assert any(not torch.equal(still[key], after[key]) for key in still)


@pytest.mark.parametrize(
    ("made_by", "said"),
    [
        (
            {"type": "Muon"},
            r"phase 'caption': Muon takes matrices alone.* 4 other parameters: head.project.bias \[16\]",
        ),
        (
            {"type": "SparseAdam"},
            r"SparseAdam takes the gradients of sparse embeddings alone.* 9 other parameters",
        ),
        ({"type": "mmengine.Optimizer"}, "'mmengine.Optimizer' is what optimisers derive from"),
        ({"type": "mmengine.Nothing"}, "there is no 'mmengine.Nothing'"),
        ({"type": "Adam", "lr": -1.0}, "Adam refuses what it was given: Invalid learning rate: -1.0"),
    ],
)
def test_what_is_refused_before_the_first_step(made_by: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        train(tmp_path / "run", **made_by)
    assert not (tmp_path / "run").exists()


def test_a_later_phase_is_refused_before_the_first_one(tmp_path: Path) -> None:
    plain = {"steps": 2, "losses": ["tokens"]}
    phases = {"one": plain, "two": {**plain, "optimizer": {"type": "Muon"}}}
    with pytest.raises(UserError, match="phase 'two': Muon takes matrices alone"):
        runs.train(
            Config("t", tiny.config(phases=phases)), work_dir=tmp_path / "run", device="cpu", quiet=True
        )
    assert not (tmp_path / "run").exists()


def test_muon_trains_matrices(tmp_path: Path) -> None:
    folder = train(tmp_path / "run", phase={"freeze": ["*bias*"]}, type="Muon", lr=0.02)
    assert folder.scores("val").is_file()


def test_sparse_adam_trains_sparse_tables(tmp_path: Path) -> None:
    head = {"type": f"{__name__}:SparseWords", "streams": {"image": 16}}
    folder = train(tmp_path / "run", head, {"train": ["head.embed"]}, type="SparseAdam")
    assert folder.scores("val").is_file()
    with pytest.raises(UserError, match="it would also train 8 other parameters"):
        train(tmp_path / "all", head, type="SparseAdam")
