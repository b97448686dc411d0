"""Where data lie: one folder a dataset, under `$VIDCAP_DATA`, or wherever the config points."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from vidcap_core.errors import DataError
from vidcap_core.video.suffixes import SOUND_SUFFIXES, VIDEO_SUFFIXES

FILMS = VIDEO_SUFFIXES | SOUND_SUFFIXES
PACKED = ("", ".gz", ".zip")


def data_home() -> Path:
    """`$VIDCAP_DATA`, else the user's data folder."""
    folder = os.environ.get("VIDCAP_DATA")
    if folder:
        return Path(folder).expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "vidcap"


def candidates(name: str) -> list[Path]:
    """Folders in which a dataset is looked for when no root is given, first match wins."""
    folders = [data_home() / name]
    if shared := os.environ.get("VIDCAP_SHARED_DATA"):
        folders.append(Path(shared).expanduser() / name)
    return folders


def looked_in(name: str, root: str | Path | None, aliases: Iterable[str] = ()) -> list[Path]:
    """The folders in which a dataset may lie: the given root, or all candidates."""
    if root is not None:
        return [Path(root).expanduser()]
    return [folder for alias in (name, *aliases) for folder in candidates(alias)]


def find_folder(name: str, root: str | Path | None, aliases: Iterable[str] = (), marker: str = "") -> Path:
    """The dataset's folder: of the places it may lie in the first that is there, with the file `marker` in it."""
    folders = looked_in(name, root, aliases)
    for folder in folders:
        if holds(folder, marker):
            return folder
    looked = " or ".join(map(str, folders))
    if marker:
        raise DataError(
            f"{name}: no {marker} in {looked}",
            hint=how_to_find(name, aliases, marker),
        )
    if root is not None:
        raise DataError(f"{name}: there is no folder {looked}", hint=f"root= the folder that holds {name}")
    raise DataError(
        f"{name}: no data at {looked}",
        hint=f"vidcap data prepare {name} --from FOLDER   (or root=FOLDER in the config; see: vidcap data where)",
    )


def how_to_find(name: str, aliases: Iterable[str], marker: str) -> str:
    """What to do about a dataset that comes as a folder with `marker` in it."""
    return f"set VIDCAP_SHARED_DATA to the folder that holds {[name, *aliases][-1]}/{marker}"


def holds(folder: Path, marker: str = "") -> bool:
    """Whether a folder is there, with the file `marker` in it."""
    return (folder / marker).is_file() if marker else folder.is_dir()


def find_file(folder: Path, names: Iterable[str], what: str) -> Path:
    """An annotation file by any of its known names, in the folder or below it, plain or packed."""
    names = list(names)
    if path := look_for(folder, names):
        return path
    raise DataError(
        f"{folder}: no {what}: looked for {' or '.join(names)} (also as .gz or .zip, also in folders below)",
        hint="put the official annotation file there",
    )


def look_for(folder: Path, names: Iterable[str]) -> Path | None:
    """The same, or None."""
    wanted = [name + packed for name in names for packed in PACKED]
    for name in wanted:
        if (folder / name).is_file():
            return folder / name
    below = {path.name: path for path in _annotation_files(folder)}
    return next((below[name] for name in wanted if name in below), None)


def _annotation_files(folder: Path) -> Iterator[Path]:
    """Files at most three folders down that are no videos, in a fixed order."""
    for depth in ("*/*", "*/*/*", "*/*/*/*"):
        for path in sorted(folder.glob(depth)):
            if path.suffix.lower() in (".json", ".jsonl", ".txt", ".csv", ".tsv", ".gz", ".zip"):
                yield path


def videos_below(*folders: Path, suffixes: frozenset[str] = FILMS) -> dict[str, Path]:
    """Files of some kinds below some folders, by name without its ending; linked folders count too."""
    videos: dict[str, Path] = {}
    for folder in folders:
        for path in _walk(folder, set()):
            if path.suffix.lower() in suffixes:
                videos.setdefault(path.stem, path)
    return videos


def frames_in_zip(folders: Iterable[Path], name: str) -> Path | None:
    """The zip in which the frames of a dataset's clips lie as pictures, where it has one."""
    return next((folder / name for folder in folders if name and (folder / name).is_file()), None)


def _walk(folder: Path, seen: set[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in seen:
        return
    seen.add(real)
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_dir():
                yield Path(entry.path)
            elif entry.name != "features" and not entry.name.startswith("."):
                yield from _walk(Path(entry.path), seen)
