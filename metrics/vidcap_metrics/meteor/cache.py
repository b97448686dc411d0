"""Where compiled tables lie: a folder per table and source, in the cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidcap_metrics.errors import UserError
from vidcap_metrics.files.cache import cache_home, make_once

Arrays = dict[str, NDArray[np.generic]]


def compiled(name: str, make: Callable[[], Mapping[str, NDArray[np.generic]]]) -> Arrays:
    """The arrays of `make()`, from disk when they were made before, and mapped, so that only what is used is read."""
    folder = cache_home() / name

    def write(part: Path) -> None:
        arrays = make()
        part.mkdir()
        for key, array in arrays.items():
            np.save(part / f"{key}.npy", array, allow_pickle=False)

    try:
        make_once(folder, write)
    except OSError as error:
        raise UserError(
            f"cannot write the cache {folder}: {error.strerror}",
            hint="free some space, or set VIDCAP_CACHE to a folder that can be written",
        ) from error
    return {
        path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))
    }
