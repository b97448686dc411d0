"""Where compiled tables lie: a folder per table and source, written beside its place and moved there whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidcap_core.errors import UserError

Arrays = dict[str, NDArray[np.generic]]


def cache_folder() -> Path:
    """$VIDCAP_CACHE, or vidcap in the user's cache folder."""
    chosen = os.environ.get("VIDCAP_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    return (Path(base) if base else Path.home() / ".cache") / "vidcap"


def compiled(name: str, make: Callable[[], Mapping[str, NDArray[np.generic]]]) -> Arrays:
    """The arrays of `make()`, from disk when they were made before, and mapped, so that only what is used is read."""
    folder = cache_folder() / name
    if not folder.is_dir():
        _write(folder, make())
    return {
        path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))
    }


def _write(folder: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write all or nothing; of two processes that write the same, either may win."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise UserError(
            f"cannot write to the cache {folder.parent}: {error.strerror}",
            hint="set VIDCAP_CACHE to a folder that can be written",
        ) from error
    try:
        for key, array in arrays.items():
            np.save(draft / f"{key}.npy", array, allow_pickle=False)
        try:
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    except OSError as error:
        raise UserError(
            f"cannot write the cache {folder}: {error.strerror}", hint="free some space, or set VIDCAP_CACHE"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
