"""What is there of a dataset, what is missing, what is broken, and how to mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from vidcap_core.datasets.records import Annotated, Defect, Official, broken_videos
from vidcap_core.datasets.selection import Selection
from vidcap_core.datasets.stores import Store
from vidcap_core.errors import DataError, VideoError
from vidcap_core.zoo.component import Component
from vidcap_metrics.counted import counted
from vidcap_metrics.files.atomic import write_text

SHOWN = 10
"""Files whose reasons are printed."""
Progress = Callable[[Iterable[Any], str], Iterable[Any]]


class Checkable(Protocol):
    """What is looked at of a dataset: a split as it was read, joined with its files."""

    splits: ClassVar[tuple[str, ...]]
    nested: ClassVar[Mapping[str, frozenset[str]]]
    split: str
    defects: tuple[Defect, ...]
    annotated: Annotated
    selection: Selection
    stores: dict[str, Store]

    def __init__(self, *, split: str, **arguments: Any) -> None: ...

    @property
    def official(self) -> Official | None:
        """How much the split officially holds."""
        ...

    def coverage(self) -> str:
        """`N of M`."""
        ...


def plain(items: Iterable[Any], text: str) -> Iterable[Any]:
    """No progress bar."""
    return items


@dataclass(frozen=True)
class Report:
    """One split: counts against the official ones, and what is odd."""

    split: str
    clips: int = 0
    captions: int = 0
    of_clips: int | None = None
    of_captions: int | None = None
    videos: int = 0
    features: Mapping[str, int] = field(default_factory=dict)
    used: str = ""  # "N of M", as every score says it
    ids: frozenset[str] = frozenset()
    missing: Mapping[str, str] = field(default_factory=dict)  # id -> reason
    defects: tuple[Defect, ...] = ()
    absent: str | None = None  # why the split could not be read at all

    @property
    def broken(self) -> bool:
        """Whether something is wrong that is no known defect of the dataset."""
        return self.absent is not None or any(not defect.known for defect in self.defects)

    def row(self) -> dict[str, str]:
        """The split as a line of a table."""
        if self.absent is not None:
            return {
                "split": self.split,
                "clips": "-",
                "captions": "-",
                "videos": "-",
                "features": "-",
                "used": "-",
            }
        features = ", ".join(f"{name} {count}" for name, count in self.features.items())
        return {
            "split": self.split,
            "clips": _of(self.clips, self.of_clips),
            "captions": _of(self.captions, self.of_captions),
            "videos": _of(self.videos, self.clips),
            "features": features or "none asked for",
            "used": self.used,
        }

    def lines(self, listed: str | None) -> Iterator[str]:
        """What is odd, and how to mend it; `listed`: the file with the missing ids."""
        if self.absent is not None:
            yield f"{self.split}: {self.absent}"
        for defect in self.defects:
            some = ", ".join(defect.ids[:3]) + (", ..." if len(defect.ids) > 3 else "")
            count = f"{len(defect.ids)} " if defect.ids else ""
            which = f" ({some})" if some else ""
            yield f"{self.split}: {count}{defect.what}{which}: {defect.mend}"
            for name, reason in list(defect.reasons.items())[:SHOWN]:
                yield f"  {name}: {reason}"
            if len(defect.reasons) > SHOWN:
                yield f"  and {len(defect.reasons) - SHOWN} more, all of which --json lists"
        if listed:
            reasons = Counter(self.missing.values())
            why = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
            count = "1 clip is" if len(self.missing) == 1 else f"{len(self.missing)} clips are"
            yield f"{self.split}: {count} not used ({why}): {listed}"


def describe(report: Report, listed: str | None) -> dict[str, Any]:
    """A report as plain data."""
    return {
        **{
            key: getattr(report, key)
            for key in ("split", "clips", "of_clips", "captions", "of_captions", "videos")
        },
        "features": dict(report.features),
        "used": report.used,
        "missing": len(report.missing),
        "missing_file": listed,
        "defects": [
            {
                "what": d.what,
                "ids": list(d.ids),
                "mend": d.mend,
                "known": d.known,
                "reasons": dict(d.reasons),
            }
            for d in report.defects
        ],
        "absent": report.absent,
        "broken": report.broken,
    }


def check_split(dataset: Checkable, deep: bool = True, track: Progress = plain) -> Report:
    """A split as it was built. deep: open every video and every feature array."""
    official = dataset.official
    annotated = dataset.annotated
    with_video = [
        record for record in dataset.selection.records if record.clip.path is not None and record.texts
    ]
    defects = list(dataset.defects)
    if official and official.captions and annotated.captions > official.captions:
        defects.append(
            Defect(
                f"{counted(annotated.captions, 'caption')}, officially {official.captions}",
                (),
                "another release of the annotations, or lines that come twice",
            )
        )
    if official and official.clips and annotated.clips > official.clips:
        defects.append(
            Defect(
                f"{counted(annotated.clips, 'clip')}, officially {official.clips}",
                (),
                "another release of the annotations",
            )
        )
    if deep:
        defects += _odd_videos(track(with_video, f"{dataset.split}: videos"))
        for name, store in dataset.stores.items():
            records = [r for r in dataset.selection.used if r.known_as(store)]
            defects += _broken_features(name, store, track(records, f"{dataset.split}: features '{name}'"))
    every_record = dataset.selection.records
    return Report(
        split=dataset.split,
        clips=annotated.clips,
        captions=annotated.captions,
        of_clips=official.clips if official else None,
        of_captions=official.captions if official else None,
        videos=len(with_video),
        features={
            name: sum(r.known_as(s) is not None for r in every_record) for name, s in dataset.stores.items()
        },
        used=dataset.coverage(),
        ids=annotated.ids,
        missing=dict(dataset.selection.missing),
        defects=tuple(defects),
    )


def check_dataset(
    made_by: type[Checkable],
    splits: Iterable[str] | None = None,
    deep: bool = True,
    track: Progress = plain,
    **arguments: Any,
) -> list[Report]:
    """Every split; clips that are in two of them are a defect of the later one."""
    reports: list[Report] = []
    for split in splits or made_by.splits:
        try:
            dataset = made_by(split=split, unit="clip", **arguments)
        except (DataError, VideoError) as error:
            reports.append(Report(split, absent=error.line))
            continue
        reports.append(check_split(dataset, deep, track))
    return list(_across(reports, made_by.nested))


def check_components(
    data: Mapping[str, Component], deep: bool = True, track: Progress = plain
) -> list[Report]:
    """The same of the data sets of a config, by split, each with its own arguments."""
    reports: list[Report] = []
    nested: dict[str, frozenset[str]] = {}
    for split, component in data.items():
        try:
            dataset = component.changed(unit="clip").build()
        except (DataError, VideoError) as error:
            reports.append(Report(split, absent=error.line))
            continue
        reports.append(replace(check_split(dataset, deep, track), split=split))
        nested |= component.target.nested  # type: ignore[attr-defined]
    return list(_across(reports, nested))


def _across(reports: list[Report], nested: Mapping[str, frozenset[str]]) -> Iterator[Report]:
    """Add what two splits share, unless one is a part of the other by definition."""
    for number, report in enumerate(reports):
        shared = [
            Defect(
                f"{'clip that is' if len(common) == 1 else 'clips that are'} in '{other.split}' too",
                tuple(sorted(common)),
                f"leave them out of {other.split}",
            )
            for other in reports[:number]
            if (common := report.ids & other.ids)
            and other.split not in nested.get(report.split, ())
            and report.split not in nested.get(other.split, ())
        ]
        yield replace(report, defects=(*report.defects, *shared))


def write_missing(report: Report, folder: Path) -> Path | None:
    """The ids that are not used and why, one a line, tab between; None where nothing is missing."""
    if not report.missing:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"missing_{report.split}.tsv"
    write_text(path, "".join(f"{name}\t{reason}\n" for name, reason in sorted(report.missing.items())))
    return path


def _odd_videos(records: Iterable[Any]) -> list[Defect]:
    from vidcap_core.video.probe import probe

    broken: dict[str, str] = {}
    late: dict[str, str] = {}
    for record in records:
        try:
            length = probe(record.clip.path).duration
        except VideoError as error:
            broken[record.id] = error.message
            continue
        if record.clip.start and record.clip.start >= length:
            late[record.id] = f"starts at {record.clip.start:g} s of {length:g} s"
    defects = broken_videos(broken)
    if late:
        what = "clips that start after their video ends"
        defects.append(Defect(what, tuple(late), "correct their times", reasons=late))
    return defects


def _broken_features(name: str, store: Store, records: Iterable[Any]) -> list[Defect]:
    broken = []
    for record in records:
        try:
            values = store[record.known_as(store)]
            good = values.ndim == 2 and len(values) > 0 and bool(np.isfinite(values).all())
        except DataError:
            good = False
        if not good:
            broken.append(record.id)
    mend = "make them again: vidcap features extract"
    return (
        [Defect(f"features in '{name}' that are empty, not [T, D] or not finite", tuple(broken), mend)]
        if broken
        else []
    )


def _of(count: int, total: int | None) -> str:
    return f"{count:,}" if total is None else f"{count:,} of {total:,}"
