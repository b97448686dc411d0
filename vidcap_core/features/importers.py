"""Bring features that others made into a store: h5 with a key a video, folders of npy or npz, one npz."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vidcap_core.errors import DataError, UserError
from vidcap_core.features.extract import Report
from vidcap_core.features.writer import FeatureWriter
from vidcap_core.files.hashing import hash_file
from vidcap_core.files.memory import machine_memory
from vidcap_metrics.counted import counted

PICKLES = {".pkl", ".pickle", ".p", ".pth", ".pt"}
TENSORS = {".pth", ".pt"}
CONVERT = {
    False: "import numpy, pickle; numpy.savez('features.npz', **pickle.load(open('{}', 'rb')))",
    True: "import numpy, torch; numpy.savez('features.npz', **torch.load('{}', map_location='cpu', weights_only=True))",
}
JOINT = ("feats", "features")
SHARE = 0.5
"""of this machine's memory, for one array."""
FREE, RATIO = 1 << 30, 100
"""Beyond so many bytes, an array may be so many times what it takes in the file."""
Items = Iterator[tuple[str, Callable[[], np.ndarray]]]


def import_features(
    source: str | Path,
    out: str | Path,
    dtype: str = "float16",
    notes: Mapping[str, str] | None = None,
    advance: Callable[[int], None] = lambda done: None,
    rename: Callable[[str], str] = str,
) -> Report:
    """Copy every array of `source` into the store `out`; `notes` say what is known of how they were made.

    rename: from a name there to the clip's id here.
    """
    path = Path(source).expanduser()
    kind, items = _open(path)
    recipe: dict[str, Any] = {"imported": path.name, "kind": kind, "notes": dict(notes or {})}
    if path.is_file():
        recipe["source"] = f"sha256:{hash_file(path)}"
    report = Report()
    with FeatureWriter(out, recipe, dtype) as writer:
        done = writer.done
        for name, load in items:
            clip = rename(name)
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
            hint=f"where you trust it: python -c {CONVERT[path.suffix.lower() in TENSORS].format(path.name)!r}, "
            "then import features.npz",
        )
    if path.is_dir():
        for kind, load in (("npy", _npy), ("npz", _lone)):
            if files := sorted(path.glob(f"*.{kind}")):
                return kind, ((file.stem, load(file)) for file in files)
        raise DataError(f"{path}: holds no .npy and no .npz files")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file or folder")
    if path.suffix == ".npz":
        return "npz", _npz(path)
    if path.suffix in (".h5", ".hdf5"):
        return "h5", _h5(path)
    raise UserError(f"{path}: features can be imported from .h5, .hdf5, .npz, or a folder of .npy or .npz")


def _npy(file: Path) -> Callable[[], np.ndarray]:
    def load() -> np.ndarray:
        with _readable(str(file)):
            if not file.is_file():
                raise ValueError("is no file")
            return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))

    return load


def _lone(file: Path) -> Callable[[], np.ndarray]:
    """The only array of a file, or the one that is called as features are."""

    def load() -> np.ndarray:
        with _readable(str(file)):
            arrays = np.load(file, allow_pickle=False)
            names = list(arrays.files)
            chosen = names if len(names) == 1 else [name for name in JOINT if name in names]
            if len(chosen) != 1:
                raise ValueError(f"holds {len(names)} arrays ({', '.join(names[:3])}), one was expected")
            return _member(arrays, chosen[0], file)

    return load


def _npz(path: Path) -> Items:
    """Arrays `ids` [N] and `feats` or `features` [N, ...], or one array a clip."""
    with _readable(str(path)):
        arrays = np.load(path, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("holds one array, without a name")
        names = set(arrays.files)
    joint = next((name for name in JOINT if {"ids", name} <= names), None)
    if joint is None:
        for name in sorted(names):
            yield name, lambda name=name: _member(arrays, name, path)  # type: ignore[misc]
        return
    ids, values = _member(arrays, "ids", path), _member(arrays, joint, path)
    if ids.ndim != 1 or not values.ndim:
        raise DataError(f"{path}: has ids {list(ids.shape)} for {joint} {list(values.shape)}")
    if len(ids) != len(values):
        raise DataError(f"{path}: has {counted(len(ids), 'id')} for {counted(len(values), 'clip')}")
    for clip, value in zip(ids, values, strict=True):
        yield str(clip), lambda value=value: value  # type: ignore[misc]


def _member(arrays: Any, name: str, path: Path) -> np.ndarray:
    with _readable(f"{path}: {name}"):
        files = {info.filename: info for info in arrays.zip.infolist()}
        info = files.get(f"{name}.npy") or files[name]
        _bounded(info.file_size, info.compress_size)
        values = arrays[name]
        if not isinstance(values, np.ndarray):
            raise ValueError("is no array")
        return values


def _h5(path: Path) -> Items:
    """One dataset a video, or one group a video that holds a single dataset."""
    try:
        import h5py
    except ImportError as error:
        raise UserError("reading .h5 files needs h5py", hint="pip install 'vidcap-core[h5]'") from error

    def load(name: str) -> np.ndarray:
        node = _own(file, name)
        if isinstance(node, h5py.Group):
            inside = [child for child in (_own(node, key) for key in node) if isinstance(child, h5py.Dataset)]
            if len(inside) != 1:
                raise ValueError(f"is a group of {len(inside)} arrays, one was expected")
            node = inside[0]
        if not isinstance(node, h5py.Dataset) or node.external or node.is_virtual:
            raise ValueError("is no array of this file")
        _bounded(node.nbytes, node.id.get_storage_size())
        return np.asarray(node[()])

    def guarded(name: str) -> np.ndarray:
        with _readable(f"{path}: {name}"):
            return load(name)

    try:
        file = h5py.File(path, "r")
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: is no h5 file, or damaged: {error}") from error
    with file:
        with _readable(str(path)):
            names = sorted(file)
        for name in names:
            yield name, lambda name=name: guarded(name)  # type: ignore[misc]


def _own(group: Any, name: str) -> Any:
    """What a name stands for; a link could show an array of another file of this machine."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"'{name}' is a link")
    return group[name]


def _bounded(size: int, packed: int) -> None:
    """Refuse an array that would fill the memory: a few bytes of a file can stand for any number of zeros."""
    if size > SHARE * machine_memory() or (size > FREE and size > RATIO * packed):
        raise ValueError(f"{packed:,} bytes of the file unpack to {size / 2**30:.1f} GiB")


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Whatever the libraries trip over in a file that anybody may have made is a DataError."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{what}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    text = str(error) or "is cut off"
    pickled = "allow_pickle" in text or "Python objects" in text
    return "holds pickled objects, which are never loaded" if pickled else text.splitlines()[0]
