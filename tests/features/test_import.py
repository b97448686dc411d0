"""What the community ships becomes a store; pickles do not."""

from __future__ import annotations

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest

from vidcap_core.errors import DataError, UserError
from vidcap_core.features.importers import import_features
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
    assert report.skipped == [("double", "double: is a group of 2 arrays, one was expected")]
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
