"""The videos of clips: a folder of files that are named by clip, or a list of paths."""

from __future__ import annotations

from pathlib import Path

from vidcap_core.contracts.types import Clip
from vidcap_core.errors import DataError
from vidcap_core.files.json_text import read_object
from vidcap_core.video.suffixes import NO_FILM, films


def videos_by_clip(path: str | Path) -> dict[str, Clip]:
    """Clip by id. A file's name without its ending is the id; a JSON file says {id: path}, beside itself."""
    path = Path(path)
    if path.is_dir():
        return _of_folder(path)
    try:
        data = read_object(path)
    except ValueError as error:
        raise DataError(f"{path}: is no folder of videos and no JSON file: {error}") from None
    if not all(isinstance(file, str) for file in data.values()):
        raise DataError(f"{path}: holds no paths by clip", hint='{"clip": "videos/clip.mp4"}')
    clips = {str(clip): Clip(str(clip), str(path.parent / file)) for clip, file in data.items()}
    absent = [clip for clip in clips.values() if not Path(str(clip.path)).is_file()]
    if absent:
        raise DataError(f"{path}: there is no file {absent[0].path} of clip '{absent[0].id}'")
    return clips


def _of_folder(folder: Path) -> dict[str, Clip]:
    clips: dict[str, Clip] = {}
    for file in films(sorted(file for file in folder.iterdir() if file.is_file())):
        if file.stem in clips:
            raise DataError(
                f"{folder}: {Path(str(clips[file.stem].path)).name} and {file.name} are both clip '{file.stem}'",
                hint="keep one of them",
            )
        clips[file.stem] = Clip(file.stem, str(file))
    if not clips:
        raise DataError(f"{folder}: {NO_FILM}")
    return clips
