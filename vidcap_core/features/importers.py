"""Bring features that others made into a store: h5 with a key a video, a folder of npy, npz."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import DataError, UserError
from vidcap_core.features.extract import Report
from vidcap_core.features.writer import FeatureWriter
from vidcap_core.files.hashing import hash_file
from vidcap_metrics.counted import counted

PICKLES = {".pkl", ".pickle", ".p", ".pth", ".pt"}
Items = Iterator[tuple[str, Callable[[], np.ndarray]]]


def import_features(
    source: str | Path,
    out: str | Path,
    dtype: str = "float16",
    notes: Mapping[str, str] | None = None,
    advance: Callable[[int], None] = lambda done: None,
) -> Report:
    """Copy every array of `source` into the store `out`; `notes` say what is known of how they were made."""
    path = Path(source).expanduser()
    kind, items = _open(path)
    recipe: dict[str, Any] = {"imported": path.name, "kind": kind, "notes": dict(notes or {})}
    if path.is_file():
        recipe["source"] = f"sha256:{hash_file(path)}"
    report = Report()
    with FeatureWriter(out, recipe, dtype) as writer:
        done = writer.done
        for clip, load in items:
            if clip in done:
                report.kept += 1
            else:
                try:
                    writer.add(clip, rows(load(), clip))
                    report.made += 1
                except DataError as error:
                    report.skipped.append((clip, error.line))
            advance(1)
    return report


def rows(values: np.ndarray, clip: str) -> np.ndarray:
    """[D], [T, D] or [T, D, 1, ..., 1] -> [T, D]."""
    if values.dtype.kind not in "fiu":
        raise DataError(f"{clip}: holds {values.dtype}, not numbers")
    if values.ndim == 1:
        return values[None]
    if values.ndim > 2 and set(values.shape[2:]) == {1}:
        return values.reshape(values.shape[:2])
    if values.ndim != 2:
        raise DataError(f"{clip}: has shape {list(values.shape)}; a stream is [T, D]")
    return values


def _open(path: Path) -> tuple[str, Items]:
    if path.suffix.lower() in PICKLES:
        raise UserError(
            f"{path}: is a pickle, and loading a pickle runs whatever code it holds",
            hint="where you trust it: numpy.savez('features.npz', **{clip: array}), then import features.npz",
        )
    if path.is_dir():
        files = sorted(path.glob("*.npy"))
        if not files:
            raise DataError(f"{path}: holds no .npy files")
        return "npy", ((file.stem, _npy(file)) for file in files)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file or folder")
    if path.suffix == ".npz":
        return "npz", _npz(path)
    if path.suffix in (".h5", ".hdf5"):
        return "h5", _h5(path)
    raise UserError(f"{path}: features can be imported from .h5, .hdf5, .npz, or a folder of .npy")


def _npy(file: Path) -> Callable[[], np.ndarray]:
    def load() -> np.ndarray:
        try:
            return np.asarray(np.load(file, allow_pickle=False))
        except (ValueError, OSError, EOFError) as error:
            raise DataError(f"{file}: {_reason(error)}") from error

    return load


def _npz(path: Path) -> Items:
    """Arrays `ids` [N] and `feats` or `features` [N, ...], or one array a clip."""
    try:
        arrays = np.load(path, allow_pickle=False)
        names = set(arrays.files)
        joint = next((name for name in ("feats", "features") if {"ids", name} <= names), None)
        if joint is None:
            for name in sorted(names):
                yield name, lambda name=name: _member(arrays, name, path)  # type: ignore[misc]
            return
        ids, values = _member(arrays, "ids", path), _member(arrays, joint, path)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path}: {_reason(error)}") from error
    if len(ids) != len(values):
        raise DataError(f"{path}: has {counted(len(ids), 'id')} for {counted(len(values), 'clip')}")
    for clip, value in zip(ids, values, strict=True):
        yield str(clip), lambda value=value: value  # type: ignore[misc]


def _member(arrays: Any, name: str, path: Path) -> np.ndarray:
    try:
        return np.asarray(arrays[name])
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path}: {name}: {_reason(error)}") from error


def _h5(path: Path) -> Items:
    """One dataset a video, or one group a video that holds a single dataset."""
    try:
        import h5py
    except ImportError as error:
        raise UserError("reading .h5 files needs h5py", hint="pip install 'vidcap-core[h5]'") from error
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path}: is no h5 file, or damaged: {error}") from error

    def load(name: str) -> np.ndarray:
        node = file[name]
        if isinstance(node, h5py.Group):
            inside = [child for child in node.values() if isinstance(child, h5py.Dataset)]
            if len(inside) != 1:
                raise DataError(f"{name}: is a group of {len(inside)} arrays, one was expected")
            node = inside[0]
        return np.asarray(node[()])

    with file:
        for name in sorted(file):
            yield name, lambda name=name: load(name)  # type: ignore[misc]


def _reason(error: BaseException) -> str:
    text = str(error) or "is cut off"
    return "holds pickled objects, which are never loaded" if "allow_pickle" in text else text.splitlines()[0]
