"""Official files to the one normalised schema, whole or not at all."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.folders import data_home
from vidcap_core.datasets.prepared import MANIFEST, SCHEMA, prepared_lines
from vidcap_core.datasets.records import Reading
from vidcap_core.errors import DataError
from vidcap_core.files.hashing import hash_file, hash_of
from vidcap_metrics.files.atomic import whole_folder


def prepare(made_by: type[Dataset], source: Path, out: Path | None = None, force: bool = False) -> Path:
    """Write `<split>.jsonl` and `dataset.json` into the dataset's folder; videos stay where they are.

    A zip is unpacked into the folder first. Splits whose files are not there are left out; at least one must be.
    """
    if not made_by.preparable:
        raise DataError(f"{made_by.name} is read from where it lies", hint="vidcap data where")
    folder = out or data_home() / made_by.name
    if folder.exists() and not force:
        raise DataError(f"{folder} is there already", hint="--force replaces what was prepared there")
    if force and folder.exists() and not (folder / MANIFEST).is_file():
        raise DataError(
            f"{folder} was not written by this command, so --force does not touch it",
            hint="move it away, or --out another folder",
        )
    with whole_folder(folder, replace=force) as part:
        part.mkdir(parents=True)
        _write(made_by, _unpacked(source, part), part)
    return folder


def _write(made_by: type[Dataset], folder: Path, part: Path) -> None:
    splits: dict[str, Any] = {}
    reasons = []
    for split in made_by.splits:
        try:
            reading = made_by(split=split, root=str(folder), unit="clip").read(split)
        except DataError as error:
            reasons.append(error.line)
            continue
        lines = "".join(line + "\n" for line in prepared_lines(reading, folder))
        (part / f"{split}.jsonl").write_text(lines, encoding="utf-8")
        splits[split] = _facts(reading, folder, lines)
    if not splits:
        raise DataError("\n  ".join(["nothing could be prepared:", *reasons]))
    facts = {
        "schema": SCHEMA,
        "name": made_by.name,
        "source": None if folder == part else str(folder.resolve()),
        "splits": splits,
        "absent": reasons,
    }
    (part / MANIFEST).write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _facts(reading: Reading, folder: Path, lines: str) -> dict[str, Any]:
    """What was read, from which files (by hash), and what is odd about it."""
    return {
        "clips": len(reading.records),
        "captions": sum(len(record.texts) for record in reading.records),
        "sha256": hash_of([lines.encode()]),
        "files": {
            str(path.relative_to(folder) if folder in path.parents else path): hash_file(path)
            for path in reading.files
        },
        "everything": list(reading.everything),
        "defects": [
            {"what": d.what, "ids": list(d.ids), "mend": d.mend, "known": d.known} for d in reading.defects
        ],
    }


def _unpacked(source: Path, into: Path) -> Path:
    """The folder itself, or one with the content of the zip."""
    if source.is_dir():
        return source
    if not zipfile.is_zipfile(source):
        raise DataError(
            f"{source} is neither a folder nor a zip", hint="--from the folder with the official files"
        )
    with zipfile.ZipFile(source) as archive:
        for member in archive.namelist():
            if os.path.isabs(member) or ".." in Path(member).parts:
                raise DataError(
                    f"{source}: '{member}' would land outside the folder", hint="get the zip again"
                )
        archive.extractall(into)
    return into
