"""What a dataset that someone has to get lacks here: annotations, videos, features, or clips that have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from vidcap_core.contracts.missing import Missing
from vidcap_core.datasets.folders import frames_in_zip, holds, how_to_find, look_for, looked_in, videos_below
from vidcap_core.datasets.prepared import MANIFEST, source_folders
from vidcap_core.datasets.selection import Selection
from vidcap_core.datasets.stores import how_to_extract

Streams = Mapping[str, str] | Sequence[str] | None


class Located(Protocol):
    """What is asked of a dataset that lies in a folder: what its files are called, which clips are left."""

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]]
    marker: ClassVar[str]
    annotations: ClassVar[Mapping[str, Sequence[str]]]
    suffixes: ClassVar[frozenset[str]]
    frame_zip: ClassVar[str]
    selection: Selection

    def __init__(self, **arguments: Any) -> None: ...

    @classmethod
    def store_path(cls, folder: Path, where: str) -> Path:
        """Where the store of a stream lies."""
        ...


def missing_parts(kind: type[Located], arguments: Mapping[str, Any]) -> Iterator[Missing]:
    """What is not there at all; where everything is, whether one clip of the split has all that is read of it."""
    split, filmed = arguments.get("split", "train"), arguments.get("frames") or arguments.get("audio")
    folders = looked_in(kind.name, arguments.get("root"), kind.aliases)
    folder = next((path for path in folders if holds(path, kind.marker)), None)
    folders = [folder] if folder else folders
    looked = " or ".join(map(str, folders))
    get = f"vidcap data prepare {kind.name} --from FOLDER   (one that holds annotations and videos)"
    if kind.marker:
        get = how_to_find(kind.name, kind.aliases, kind.marker)
    streams = by_name(arguments.get("streams"))
    stores = {name: _paths(kind, folders, where) for name, where in streams.items()}
    names = kind.annotations.get(split, ())
    absent = []
    if folder is None or (names and not ((folder / MANIFEST).is_file() or look_for(folder, names))):
        what = f"{names[0]} (or .zip, .gz)" if names else kind.marker or "annotation files"
        absent.append(Missing(f"{kind.name}: annotations", f"{what} in {looked}", get))
    if filmed and names and (folder is None or not _filmed(kind, source_folders(folder))):
        absent.append(Missing(f"{kind.name}: videos", f"video files in {looked}", get))
    for name, paths in stores.items():
        if not any(path.exists() for path in paths):
            packed = kind.marker and paths[0].parent == folders[0]  # it came with the annotations
            make = get if packed else how_to_extract(paths[0], kind.name)
            absent.append(Missing(f"{kind.name}: features '{name}'", " or ".join(map(str, paths)), make))
    yield from absent
    if absent or folder is None:
        return
    made = kind(**arguments)
    if not made.selection.used:
        read = [f"'{name}' in {paths[0]}" for name, paths in stores.items()]
        read += [f"videos in {' or '.join(map(str, source_folders(folder)))}"] if filmed else []
        check = f"vidcap data check {kind.name} --split {split}"
        yield Missing(f"{kind.name}, {split}: {made.selection.why_empty()}", ", ".join(read) or looked, check)


def _filmed(kind: type[Located], folders: Sequence[Path]) -> bool:
    """Whether there is anything to read frames of."""
    return bool(frames_in_zip(folders, kind.frame_zip) or videos_below(*folders, suffixes=kind.suffixes))


def by_name(streams: Streams) -> dict[str, str]:
    """Streams with their stores; in a list each is named like its store."""
    return dict(streams) if isinstance(streams, Mapping) else {name: name for name in streams or ()}


def _paths(kind: type[Located], folders: Sequence[Path], where: str) -> list[Path]:
    """Where the store of a stream may lie, each path once."""
    return list(
        dict.fromkeys(
            [*(kind.store_path(folder, where) for folder in folders), Path(where).expanduser().absolute()]
        )
    )
