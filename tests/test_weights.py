"""Files of tensors: each tensor once, and everything back."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from vidcap_core.errors import CheckpointError
from vidcap_core.saved.weights import NAMED, read_tensors, write_tensors


def tensors(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    word = torch.randn(1000, 64)
    return {
        "words": word,
        "out": word,  # tied
        "half": torch.randn(3).bfloat16(),
        "flag": torch.tensor(True),
        "none": torch.zeros(0, 3),
        "view": word[:2],
    }


def same(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return some.keys() == others.keys() and all(
        torch.equal(some[key], others[key]) and some[key].dtype == others[key].dtype for key in some
    )


def test_tied_weights_are_written_once(tmp_path: Path) -> None:
    given = tensors(0)
    write_tensors(given, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < 1.1 * 1000 * 64 * 4
    assert same(read_tensors(tmp_path / "a.safetensors"), given)


def test_what_another_file_holds_is_not_written_again(tmp_path: Path) -> None:
    first, second = tmp_path / "weights.safetensors", tmp_path / "keep.safetensors"
    changed = {**tensors(0), "half": torch.zeros(3).bfloat16()}
    write_tensors(tensors(0), first)
    write_tensors(changed, second, beside=first)
    assert set(load_file(second)) == {"half"}
    assert same(read_tensors(second), changed)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert same(read_tensors(moved / second.name), changed)


def test_a_file_without_names_is_read_as_before(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "old.safetensors")
    assert same(read_tensors(tmp_path / "old.safetensors"), {"a": torch.ones(2)})


@pytest.mark.parametrize(
    "named",
    [
        '{"b": ["../secret.safetensors", "a"]}',
        '{"b": ["", "gone"]}',
        '{"b": ["self.safetensors", "b"]}',
        '{"b": 3}',
        "[1]",
        "{",
    ],
)
def test_names_that_lead_nowhere_are_refused(tmp_path: Path, named: str) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "secret.safetensors")
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "self.safetensors"
    save_file({"a": torch.ones(2)}, path, {NAMED: named})
    with pytest.raises(CheckpointError, match="is damaged"):
        read_tensors(path)
