"""Which clips of a split are used, which are missing, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vidcap_core.datasets.inputs import Reader
from vidcap_core.datasets.records import Official, Record
from vidcap_core.errors import DataError
from vidcap_metrics.counted import counted
from vidcap_metrics.signature import hash_ids


@dataclass(frozen=True)
class Selection:
    """The records in use, how many the split officially has, and the reason why each other one is left out."""

    used: list[Record]
    total: int
    records: Sequence[Record] = ()
    missing: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        records: Sequence[Record],
        everything: Sequence[str] = (),
        unread: Iterable[str] = (),
        official: Official | None = None,
        needs: Mapping[str, Container[str] | Reader] | None = None,
        ids: frozenset[str] | None = None,
        limit: int | None = None,
    ) -> Selection:
        """Leave out what has no text, no features or no video, and what was not asked for."""
        reasons = dict.fromkeys(
            [*everything, *(record.id for record in records)], "not in this part of the data"
        )
        reasons.update(dict.fromkeys(unread, "whose video cannot be read"))
        if ids is not None and (unknown := sorted(ids - reasons.keys())):
            raise DataError(
                f"ids: {len(unknown)} are not in this split: {', '.join(unknown[:5])}",
                hint="check the split and the file of ids",
            )
        used: list[Record] = []
        for record in records:
            reason = _reason(record, needs or {}, ids)
            if reason is None and limit is not None and len(used) >= limit:
                reason = "beyond the limit"
            if reason is None:
                used.append(record)
                del reasons[record.id]
            else:
                reasons[record.id] = reason
        total = official.clips if official and official.clips else 0
        return cls(used, max(total, len(used) + len(reasons)), records, reasons)

    def coverage(self) -> str:
        """`N of M`, with the hash of the missing list."""
        missing = f" (missing {hash_ids(self.missing)})" if self.missing else ""
        return f"{len(self.used)} of {self.total}{missing}"

    def why_empty(self) -> str:
        """The reasons why not one clip can be used, each with an example."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.missing.items():
            reasons.setdefault(reason, []).append(name)
        parts = [f"{len(names)} {reason} (such as {names[0]})" for reason, names in reasons.items()]
        return f"not one of {counted(self.total, 'clip')} can be used: " + (
            ", ".join(parts) or "there are none"
        )

    def fingerprint(self, records: Iterable[Record], parts: Iterable[str]) -> str:
        """A hash over the records in use and whatever else the data depend on."""
        digest = hashlib.sha256("\n".join(parts).encode())
        for r in records:
            events = [[(e.start, e.end, e.text) for e in events] for events in r.annotators]
            digest.update(
                repr((r.id, r.clip.start, r.clip.end, r.clip.duration, r.captions, events)).encode()
            )
        return digest.hexdigest()[:16]


def read_ids(ids: list[str] | str | None) -> frozenset[str] | None:
    """Ids as listed, or as a file lists them, one a line."""
    if ids is None:
        return None
    if isinstance(ids, str):
        path = Path(ids).expanduser()
        if not path.is_file():
            raise DataError(f"ids: there is no file {path}", hint="ids= a list, or a file with one id a line")
        ids = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in ids if line.strip())


def _reason(
    record: Record, needs: Mapping[str, Container[str] | Reader], ids: frozenset[str] | None
) -> str | None:
    if ids is not None and record.id not in ids:
        return "not asked for"
    if not record.texts:
        return "no captions"
    for name, source in needs.items():
        if isinstance(source, Reader):
            if not source.has(record):
                return f"nothing to read {name} from"
        elif record.known_as(source) is None:
            return f"no features in '{name}'"
    return None
