"""The videos of a folder against the official list of a split, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

from vidcap_core.datasets.check import Checkable
from vidcap_core.datasets.folders import videos_below
from vidcap_core.errors import DataError
from vidcap_metrics.counted import counted
from vidcap_metrics.files.atomic import write_text

LONGEST = 12
"""Letters that a file's name may have before or behind the name of the list."""


class Affix(NamedTuple):
    """What a folder's files have before and behind the names of the list."""

    before: str
    behind: str

    def rename(self, folder: Path) -> str:
        """What to type for the names of the list; links instead of the files, so that nothing is lost."""
        before, behind, where = (
            quote(text) if text else "" for text in (self.before, self.behind, str(folder))
        )
        strip = f'n="${{f%.*}}"; n="${{n#{before}}}"; n="${{n%{behind}}}"'
        return f'cd {where} && for f in {before}*{behind}.*; do {strip}; ln -s "$f" "$n.${{f##*.}}"; done'


@dataclass(frozen=True)
class VideoList:
    """One split: which clips have a video in the folder, which have none, and which have one of another name."""

    split: str
    total: int
    there: int
    missing: tuple[str, ...]
    otherwise: Mapping[str, str]  # id -> the file that seems to be it
    affix: Affix | None

    def row(self) -> dict[str, str]:
        """The split as a line of a table."""
        return {
            "split": self.split,
            "videos": f"{self.there:,} of {self.total:,}",
            "missing": f"{len(self.missing):,}",
            "named otherwise": f"{len(self.otherwise):,}",
        }

    def lines(self, folder: Path, listed: Path | None) -> Iterator[str]:
        """What is odd, and how to mend it; `listed`: the file with the missing ids."""
        if self.affix is not None:
            clip, file = next(iter(self.otherwise.items()))
            yield (
                f"{self.split}: {counted(len(self.otherwise), 'file')} named otherwise than the list "
                f"({file} for {clip}): {self.affix.rename(folder)}"
            )
        if listed is not None:
            yield f"{self.split}: {counted(len(self.missing), 'id')} without a video: {listed}"

    def describe(self, listed: Path | None) -> dict[str, Any]:
        """As plain data."""
        return {
            "split": self.split,
            "of_clips": self.total,
            "videos": self.there,
            "missing": len(self.missing),
            "missing_file": None if listed is None else str(listed),
            "named_otherwise": dict(self.otherwise),
        }


def compare(datasets: Iterable[Checkable], folder: Path, suffixes: frozenset[str]) -> list[VideoList]:
    """Each split's list against the videos below a folder."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder", hint="--videos DIR, the folder of the videos")
    videos = videos_below(folder, suffixes=suffixes)
    if not videos:
        raise DataError(f"{folder}: holds no video", hint="--videos DIR, the folder of the videos")
    splits = {dataset.split: dataset for dataset in datasets}
    names = {split: _names(dataset) for split, dataset in splits.items()}
    known = {name for clips in names.values() for several in clips.values() for name in several}
    strangers = {stem: path for stem, path in videos.items() if stem not in known}
    return [_compare(splits[split], clips, videos, strangers) for split, clips in names.items()]


def _names(dataset: Checkable) -> dict[str, tuple[str, ...]]:
    """By clip of the official list, the names that its video may have."""
    names: dict[str, tuple[str, ...]] = {clip: (clip,) for clip in dataset.selection.missing}
    for record in dataset.selection.records:
        file = record.clip.path
        names[record.id] = (record.id, *record.names, *([Path(file).stem] if file else []))
    return names


def _compare(
    dataset: Checkable,
    clips: Mapping[str, tuple[str, ...]],
    videos: Mapping[str, Path],
    strangers: Mapping[str, Path],
) -> VideoList:
    missing = sorted(clip for clip, names in clips.items() if not any(name in videos for name in names))
    affix, otherwise = _otherwise({name: clip for clip in missing for name in clips[clip]}, strangers)
    total = max(dataset.official.clips or 0 if dataset.official else 0, len(clips))
    return VideoList(dataset.split, total, len(clips) - len(missing), tuple(missing), otherwise, affix)


def _otherwise(
    wanted: Mapping[str, str], strangers: Mapping[str, Path]
) -> tuple[Affix | None, dict[str, str]]:
    """The addition to names that makes most of a folder's files those of missing clips, and which these are."""
    seen: Counter[Affix] = Counter()
    for stem in strangers:
        for first in range(min(LONGEST, len(stem)) + 1):
            for last in range(max(first + 1, len(stem) - LONGEST), len(stem) + 1):
                if stem[first:last] in wanted and not _inside_a_number(stem, first, last):
                    seen[Affix(stem[:first], stem[last:])] += 1
    if not seen:
        return None, {}
    affix, _ = seen.most_common(1)[0]
    files = {f"{affix.before}{name}{affix.behind}": clip for name, clip in wanted.items()}
    return affix, {files[stem]: path.name for stem, path in strangers.items() if stem in files}


def _inside_a_number(text: str, first: int, last: int) -> bool:
    """Whether a part of a name begins or ends amid digits: `video1` is not a part of `video12`."""
    edges = [edge for edge in (first, last) if 0 < edge < len(text)]
    return any(text[edge - 1 : edge + 1].isdigit() for edge in edges)


def write_list(report: VideoList, folder: Path) -> Path | None:
    """The ids without a video, one a line; None where there are none."""
    if not report.missing:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"missing_videos_{report.split}.txt"
    write_text(path, "".join(f"{clip}\n" for clip in report.missing))
    return path
