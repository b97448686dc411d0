"""Cached features by clip id: a feature store, one npz of arrays, or a folder of npy files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vidcap_core.errors import DataError
from vidcap_core.files.hashing import hash_file


class Store(Protocol):
    """Feature sequences [T, D] by clip id."""

    @property
    def dim(self) -> int | None:
        """How wide its rows are, where that is known without reading one."""
        ...

    def __contains__(self, clip: object) -> bool: ...

    def __getitem__(self, clip: str) -> np.ndarray: ...

    def fingerprint(self) -> str:
        """A hash that stands for the content."""
        ...


class NpzStore:
    """One npz with `ids` [N] and `feats` [N, T, D], held in memory."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            if not {"ids", "feats"} <= set(arrays):
                keys = ", ".join(list(arrays)[:3])
                raise DataError(
                    f"{path}: has {keys}; a stream needs 'ids' [N] and 'feats' [N, T, D]",
                    hint=f"with an array a clip: vidcap features import {path} --out STORE",
                )
            self._rows = {str(clip): row for row, clip in enumerate(arrays["ids"])}
            self._values = arrays["feats"]
        self._path = path
        self.dim: int | None = int(self._values.shape[-1])

    def __contains__(self, clip: object) -> bool:
        return clip in self._rows

    def __getitem__(self, clip: str) -> np.ndarray:
        return np.asarray(self._values[self._rows[clip]])

    def fingerprint(self) -> str:
        """Hash of the file."""
        return hash_file(self._path)[:16]


class NpyFolder:
    """One `<clip id>.npy` a clip."""

    dim: int | None = None

    def __init__(self, folder: Path) -> None:
        self._files = {path.stem: path for path in sorted(folder.glob("*.npy"))}
        if not self._files:
            raise DataError(
                f"{folder}: no .npy files and no feature store", hint="vidcap features inspect FOLDER"
            )

    def __contains__(self, clip: object) -> bool:
        return clip in self._files

    def __getitem__(self, clip: str) -> np.ndarray:
        path = self._files[clip]
        try:
            values = np.load(path, allow_pickle=False)
        except (ValueError, OSError) as error:
            raise DataError(f"{path}: cannot be read as an array: {error}") from error
        if values.ndim != 2:
            raise DataError(
                f"{path}: has shape {values.shape}; a stream is [T, D]",
                hint=f"vidcap features import {path.parent} --out STORE",
            )
        return np.asarray(values)

    def fingerprint(self) -> str:
        """Hash of names, sizes and the arrays' headers and ends: the files are too many to read whole."""
        digest = hashlib.sha256()
        for name, path in self._files.items():
            size = path.stat().st_size
            with path.open("rb") as file:
                digest.update(f"{name} {size} ".encode() + file.read(256))
                file.seek(max(0, size - 256))
                digest.update(file.read())
        return digest.hexdigest()[:16]


def how_to_extract(path: Path, dataset: str) -> str:
    """What to type for features that are not there."""
    return (
        f"vidcap features extract --dataset {dataset} --encoder ENCODER --out {path}"
        "   (ENCODER: one of `vidcap list encoders`; or vidcap features extract CONFIG, which makes all that it names)"
    )


def open_store(path: Path, dataset: str) -> Store:
    """The store at a path, whatever its kind; `dataset` is whose clips it has."""
    if path.suffix == ".npz" and path.is_file():
        return NpzStore(path)
    if not path.is_dir():
        raise DataError(f"{path}: there are no features", hint=how_to_extract(path, dataset))
    if any(path.glob("*.npy")):
        return NpyFolder(path)
    return FeatureFolder(path)


class FeatureFolder:
    """A feature store as `vidcap features extract` writes it."""

    def __init__(self, path: Path) -> None:
        from vidcap_core.features.store import FeatureStore

        self._store: Any = FeatureStore(path)
        self._path = path
        self.recipe: Mapping[str, Any] = self._store.recipe
        self.dim: int | None = self._store.dim

    def __contains__(self, clip: object) -> bool:
        return clip in self._store

    def __getitem__(self, clip: str) -> np.ndarray:
        return np.asarray(self._store[clip])

    def fingerprint(self) -> str:
        """Hash of the index, which holds the hashes of the shards."""
        return str(self._store.fingerprint())
