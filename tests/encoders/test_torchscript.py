"""TorchScript archives give their tensors and run nothing."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from clip_parts import called, network, register, save_torchscript, swap_pickle

from vidcap_core.encoders.torchscript import is_torchscript, torchscript_tensors
from vidcap_core.errors import UserError


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    register(tmp_path_factory.mktemp("configs"))
    return save_torchscript(tmp_path_factory.mktemp("saved") / "small.pt")


@pytest.fixture
def archive(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(saved, tmp_path))


def test_the_tensors_are_those_of_the_module(archive: Path) -> None:
    assert is_torchscript(archive)
    tensors, wanted = torchscript_tensors(archive), network().half().state_dict()
    assert {name: torch.equal(tensors[name], value) for name, value in wanted.items()} == dict.fromkeys(
        wanted, True
    )
    torch.save(wanted, archive.with_name("plain.pt"))
    assert not is_torchscript(archive.with_name("plain.pt"))


@pytest.mark.parametrize("function", ["os system", "posix system", "subprocess getoutput"])
def test_a_pickle_that_runs_a_command_is_refused(archive: Path, tmp_path: Path, function: str) -> None:
    marker = tmp_path / "marker"
    hostile = called(function, f"touch {marker}")
    pickle.loads(hostile)
    assert marker.exists()  # it would have run
    marker.unlink()
    with pytest.raises(UserError, match=f"asks for {function.replace(' ', '.')}"):
        torchscript_tensors(swap_pickle(archive, hostile))
    assert not marker.exists()


@pytest.mark.parametrize(
    "function",
    [
        "builtins eval",
        "torch.jit load",
        "torch load",
        "torch._utils _import_dotted_name",
        "torch.storage _load_from_bytes",
    ],
)
def test_only_what_weights_are_made_of_is_known(archive: Path, function: str) -> None:
    with pytest.raises(UserError, match="which is no part of weights"):
        torchscript_tensors(swap_pickle(archive, called(function, "x")))


def test_a_part_cannot_be_taught_to_do_anything(archive: Path) -> None:
    """Unpickling calls an object's `__setstate__`; one that the pickle itself put there is data."""
    part, state = b"c__torch__.a\nB\n)\x81", b"}X\x0c\x00\x00\x00__setstate__cbuiltins\neval\nsb"
    with pytest.raises(UserError, match=r"asks for builtins\.eval"):
        torchscript_tensors(swap_pickle(archive, b"\x80\x02" + part + state + b"}b."))
    allowed = state.replace(b"builtins\neval", b"collections\nOrderedDict")
    assert torchscript_tensors(swap_pickle(archive, b"\x80\x02" + part + allowed + b"}b.")) == {}


def test_a_tensor_does_not_reach_beyond_its_storage(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        pickled = opened.read("small/data.pkl")
    grown = pickled.replace(b"K\x18", b"K\xf8")  # 24 columns become 248
    assert grown != pickled
    with pytest.raises(UserError, match="out of bounds"):
        torchscript_tensors(swap_pickle(archive, grown))


def test_a_file_that_was_cut_off_is_refused(archive: Path) -> None:
    os.truncate(archive, archive.stat().st_size // 2)
    assert not is_torchscript(archive)
    with pytest.raises(UserError, match="damaged"):
        torchscript_tensors(archive)
