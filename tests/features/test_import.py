"""What the community ships becomes a store; pickles do not."""

from __future__ import annotations

import ast
import io
import os
import pickle
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from vidcap_core.errors import DataError, UserError
from vidcap_core.features import importers
from vidcap_core.features.importers import import_features
from vidcap_core.features.renaming import Renaming
from vidcap_core.features.store import FeatureStore


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {f"video{i}": rng.normal(size=(2 + i, 6)).astype(np.float32) for i in range(4)}


def check(out: Path) -> FeatureStore:
    store = FeatureStore(out)
    for clip, values in arrays().items():
        np.testing.assert_array_equal(store[clip], values)
    return store


def test_h5_with_a_key_a_video(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        for clip, values in arrays().items():
            file[clip] = values
        file["grouped/feats"] = np.ones((3, 6), np.float32)
        file["double/a"] = file["double/b"] = np.ones((3, 6), np.float32)
    report = import_features(tmp_path / "f.h5", tmp_path / "s", "float32", {"model": "ResNeXt"})
    assert report.made == 5
    assert report.skipped == [
        ("double", f"{tmp_path / 'f.h5'}: double: is a group of 2 arrays, one was expected")
    ]
    store = check(tmp_path / "s")
    assert store["grouped"].shape == (3, 6)
    assert store.recipe["notes"] == {"model": "ResNeXt"}
    assert store.recipe["source"].startswith("sha256:")


def test_folder_of_npy(tmp_path: Path) -> None:
    folder = tmp_path / "npy"
    folder.mkdir()
    for clip, values in arrays().items():
        np.save(folder / f"{clip}.npy", values)
    np.save(folder / "pooled.npy", np.ones(6, np.float32))
    np.save(folder / "squeezable.npy", np.ones((2, 6, 1, 1), np.float32))
    np.save(folder / "grid.npy", np.ones((2, 6, 7, 7), np.float32))
    np.save(folder / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    (folder / "cut.npy").write_bytes((folder / "video0.npy").read_bytes()[:90])
    report = import_features(folder, tmp_path / "s", "float32")
    reasons = dict(report.skipped)
    assert set(reasons) == {"grid", "object", "cut"}
    assert "pickled objects" in reasons["object"]
    assert "[2, 6, 7, 7]" in reasons["grid"]
    store = check(tmp_path / "s")
    assert store["pooled"].shape == (1, 6)
    assert store["squeezable"].shape == (2, 6)


def test_folder_of_npz_with_an_array_each(tmp_path: Path) -> None:
    folder = tmp_path / "npz"
    folder.mkdir()
    for clip, values in arrays().items():
        np.savez(folder / f"{clip}.npz", values)
    np.savez(folder / "named.npz", features=np.ones((3, 6), np.float32), times=np.arange(3))
    np.savez(folder / "two.npz", a=np.ones((3, 6)), b=np.ones((3, 6)))
    report = import_features(folder, tmp_path / "s", "float32")
    assert report.skipped == [
        ("two", f"{folder / 'two.npz'}: holds 2 arrays (a, b), one was expected"),
    ]
    assert check(tmp_path / "s")["named"].shape == (3, 6)


def test_names_of_others_become_the_clips_of_the_list(tmp_path: Path) -> None:
    np.savez(tmp_path / "care.npz", **arrays())
    import_features(tmp_path / "care.npz", tmp_path / "s", rename=Renaming("video{n}=vid{n+1}"))
    assert FeatureStore(tmp_path / "s").ids == ["vid1", "vid2", "vid3", "vid4"]
    assert Renaming("v_{n}.mp4=video{n-10}")("v_12.mp4") == "video2"
    with pytest.raises(UserError, match="'video0' is not named as"):
        import_features(tmp_path / "care.npz", tmp_path / "t", rename=Renaming("vid{n}=video{n-1}"))
    for wrong in ("video{n}", "video=vid{n}", "video{n}=vid", "v{n}_{n}=vid{n}"):
        with pytest.raises(UserError, match="is no rule for names"):
            Renaming(wrong)


def test_the_way_to_convert_a_pickle_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the error says to type makes a file that is imported."""
    monkeypatch.chdir(tmp_path)
    Path("care.pkl").write_bytes(pickle.dumps(arrays()))
    torch.save({clip: torch.from_numpy(values) for clip, values in arrays().items()}, "clip.pth")
    for name in ("care.pkl", "clip.pth"):
        with pytest.raises(UserError) as error:
            import_features(name, "s")
        code = ast.literal_eval(error.value.hint.split("python -c ")[1].rpartition(", then")[0])
        exec(code, {})
        import_features("features.npz", f"{name}.store", "float32")
        check(tmp_path / f"{name}.store")


def test_npz_of_both_kinds(tmp_path: Path) -> None:
    np.savez(tmp_path / "each.npz", **arrays())
    import_features(tmp_path / "each.npz", tmp_path / "a", "float32")
    check(tmp_path / "a")
    np.savez(tmp_path / "joint.npz", ids=np.array(["x", "y"]), feats=np.arange(24.0).reshape(2, 3, 4))
    import_features(tmp_path / "joint.npz", tmp_path / "b", "float32")
    np.testing.assert_array_equal(FeatureStore(tmp_path / "b")["y"], np.arange(12.0, 24).reshape(3, 4))
    np.savez(tmp_path / "odd.npz", ids=np.array(["x"]), feats=np.zeros((2, 3, 4)))
    with pytest.raises(DataError, match="1 id for 2 clips"):
        import_features(tmp_path / "odd.npz", tmp_path / "c")


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".pth"])
def test_pickles_are_refused_with_the_reason(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"features{suffix}"
    file.write_bytes(pickle.dumps({"a": np.ones((2, 2))}))
    with pytest.raises(UserError, match="runs whatever code"):
        import_features(file, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_what_cannot_be_imported_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        import_features(tmp_path / "gone.h5", tmp_path / "s")
    (tmp_path / "text.h5").write_text("no h5")
    with pytest.raises(DataError, match="no h5 file"):
        import_features(tmp_path / "text.h5", tmp_path / "s")
    (tmp_path / "a.csv").write_text("1,2")
    with pytest.raises(UserError, match="can be imported"):
        import_features(tmp_path / "a.csv", tmp_path / "s")


def test_real_features(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "msvd" / "effnetlite0_20x1280.npz"
    report = import_features(source, tmp_path / "s")
    store = FeatureStore(tmp_path / "s")
    assert (report.made, report.skipped, store.dim) == (387, [], 1280)
    with np.load(source) as real:
        np.testing.assert_array_equal(store[str(real["ids"][100])], real["feats"][100])


def npy(header: str, data: bytes = b"") -> bytes:
    """A file of one array with this header."""
    text = header.encode()
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def npz(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("clip.npy", content)
    return packed.getvalue()


def with_bit(raw: bytes, *places: int) -> bytes:
    changed = bytearray(raw)
    for place in places:
        changed[place] |= 1
    return bytes(changed)


HEADER = "{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}"
GOOD = npy(HEADER.format(kind="<f4", shape="(1, 4)"), bytes(16))
ZIP = npz(GOOD)
ODD: dict[str, tuple[str, bytes]] = {
    "a shape of terabytes": ("f.npz", npz(npy(HEADER.format(kind="<f4", shape="(1 << 40, 4)")))),
    "a huge shape": ("f.npz", npz(npy(HEADER.format(kind="<f4", shape="(1099511627776, 4)")))),
    "a shape below nothing": ("f.npz", npz(npy(HEADER.format(kind="<f4", shape="(-1, 4)"), bytes(64)))),
    "objects": ("f.npz", npz(npy(HEADER.format(kind="|O", shape="(1, 4)"), bytes(64)))),
    "a type of gigabytes": ("f.npz", npz(npy(HEADER.format(kind="(1000000000,)f4", shape="(1, 4)")))),
    "a deep header": ("f.npz", npz(npy("(" * 20_000))),
    "a header cut off": ("f.npz", npz(npy("{"))),
    "no array": ("f.npz", npz(b"hello")),
    "one array": ("f.npz", GOOD),
    "nothing": ("f.npz", b""),
    "garbage": ("f.npz", b"PK\x03\x04garbage" * 10),
    "a wrong sum": ("f.npz", ZIP[:60] + b"\xff\xff" + ZIP[62:]),
    "a password": ("f.npz", with_bit(ZIP, 6, ZIP.index(b"PK\x01\x02") + 8)),
    "a method that nobody knows": ("f.npz", with_bit(ZIP, 9, ZIP.index(b"PK\x01\x02") + 11)),
    "h5 garbage": ("f.h5", b"\x89HDF\r\n\x1a\n" + b"garbage" * 30),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_files_are_told_in_a_line(tmp_path: Path, odd: str) -> None:
    name, content = ODD[odd]
    (tmp_path / name).write_bytes(content)
    try:
        reasons = [reason for _, reason in import_features(tmp_path / name, tmp_path / "store").skipped]
    except DataError as error:
        reasons = [error.line]
    assert len(reasons) == 1
    assert str(tmp_path / name) in reasons[0]
    assert not (tmp_path / "store" / "index.json").exists()


def test_npy_files_that_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "npy"
    folder.mkdir()
    os.mkfifo(folder / "pipe.npy")
    (folder / "huge.npy").write_bytes(npy(HEADER.format(kind="<f4", shape="(1099511627776, 4)")))
    (folder / "deep.npy").write_bytes(npy("(" * 20_000))
    (folder / "good.npy").write_bytes(GOOD)
    report = import_features(folder, tmp_path / "store")
    assert report.made == 1
    assert sorted(clip for clip, _ in report.skipped) == ["deep", "huge", "pipe"]


def test_nothing_unpacks_to_the_memory_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importers, "FREE", 1 << 20)
    np.savez_compressed(tmp_path / "zeros.npz", clip=np.zeros((1 << 20, 4), np.float32))
    with h5py.File(tmp_path / "zeros.h5", "w") as file:
        file.create_dataset("clip", shape=(1 << 30, 64), chunks=(1, 64), dtype="f4")
    for name in ("zeros.npz", "zeros.h5"):
        [(clip, reason)] = import_features(tmp_path / name, tmp_path / name[-3:]).skipped
        assert clip == "clip"
        assert "bytes of the file unpack to" in reason


def test_an_h5_file_shows_nothing_of_other_files(tmp_path: Path) -> None:
    secret, other = tmp_path / "secret.bin", tmp_path / "other.h5"
    secret.write_bytes(bytes(range(16)))
    with h5py.File(other, "w") as file:
        file["x"] = np.ones((1, 4), np.float32)
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_dataset("external", shape=(1, 16), dtype="u1", external=[(str(secret), 0, 16)])
        file["link"] = h5py.ExternalLink(str(other), "/x")
        layout = h5py.VirtualLayout((1, 4), "f4")
        layout[...] = h5py.VirtualSource(str(other), "x", (1, 4))
        file.create_virtual_dataset("virtual", layout)
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["itself"] = h5py.SoftLink("/itself")
        file["empty"] = h5py.Empty("f4")
        group = file.create_group("group")
        group["inner"] = h5py.ExternalLink(str(other), "/x")
        file["good"] = np.ones((1, 4), np.float32)
    report = import_features(tmp_path / "f.h5", tmp_path / "store")
    assert FeatureStore(tmp_path / "store").ids == ["good"]
    assert len(report.skipped) == 7
