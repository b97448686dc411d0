"""Files of captions: COCO, MSR-VTT, {id: captions}, JSON lines and CSV, plain or compressed."""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

from vidcap_metrics.errors import DAMAGED, DataError
from vidcap_metrics.own_files import latest

Hook: TypeAlias = Callable[[list[tuple[str, Any]]], object]
"""Makes an object of JSON of its pairs."""
IDS = ("image_id", "video_id", "videoid", "clip_id", "clip", "vid", "id")
EVENTS = "--metrics dense, or --paragraphs for one text a clip"
TEXTS = ("caption", "captions", "sentence", "text", "emcaptions", "references", "pred", "prediction")
LARGEST = 1 << 30
"""Bytes that a compressed file may unpack to."""


def load_predictions(path: str | Path) -> dict[str, str]:
    """One caption per clip. A clip that comes twice is an error, not the last one wins."""
    out: dict[str, str] = {}
    for clip, caption in _captions(Path(path)):
        if clip in out:
            raise DataError(
                f"{path}: clip '{clip}' has more than one prediction", hint="keep one caption for every clip"
            )
        out[clip] = caption
    if not out:
        raise DataError(f"{path} has no predictions", hint='{"clip": "a man runs", ...}')
    return out


def load_references(path: str | Path) -> dict[str, list[str]]:
    """All captions of every clip."""
    out: dict[str, list[str]] = {}
    for clip, caption in _captions(Path(path)):
        out.setdefault(clip, []).append(caption)
    if not out:
        raise DataError(
            f"{path} has no references", hint='{"clip": ["a man runs", "someone is running"], ...}'
        )
    return out


def parse_json(path: str | Path, text: str | bytes, hook: Hook | None = None, where: str = "") -> Any:
    """JSON, however odd: what Python cannot take for a value is refused as what is no JSON is."""
    try:
        return json.loads(text, object_pairs_hook=hook)
    except json.JSONDecodeError as error:
        at = where or f", line {error.lineno}, column {error.colno}"
        raise DataError(
            f"{path}{at}: not JSON ({error.msg})",
            hint="name the file .jsonl if it has one object a line, .csv or .tsv if it is a table",
        ) from None
    except RecursionError:
        raise DataError(f"{path}{where}: too deep", hint="captions lie at most a few levels deep") from None
    except ValueError as error:  # a number of thousands of digits, bytes that are no text
        raise DataError(f"{path}{where}: not JSON ({error})", hint="check how the file was written") from None


def unpacked(path: str | Path, file: IO[bytes]) -> bytes:
    """All that an open compressed file holds, up to a limit."""
    raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise DataError(
            f"{path} unpacks to more than {LARGEST >> 20:,} MiB", hint="unpack it, and look at what it holds"
        )
    return raw


def _captions(path: Path) -> Iterator[tuple[str, str]]:
    """(clip, caption) in the order of the file, whatever its format."""
    name, text = _read(path)
    if not text.strip():
        raise DataError(f"{path} is empty", hint="check that the run that wrote it has ended")
    if name.endswith((".csv", ".tsv")):
        yield from _from_csv(path, text)
    elif name.endswith(".jsonl"):
        yield from _from_records(path, latest(json_lines(path, text)))
    else:
        yield from _from_json(path, text)


def _read(path: Path) -> tuple[str, str]:
    """The name without compression, and the text."""
    if not path.is_file():
        raise DataError(f"no such file: {path}")
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
                if len(names) != 1:
                    raise DataError(
                        f"{path} holds {len(names)} files", hint=f"unzip {path}, and name one of them"
                    )
                return names[0].lower(), _member(path, archive, names[0])
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                return path.stem.lower(), unpacked(path, cast(IO[bytes], file)).decode("utf-8-sig")
        return path.name.lower(), path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, *DAMAGED) as error:
        raise DataError(f"{path} cannot be read as text: {error}", hint="captions are UTF-8 text") from None


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as file:
        return unpacked(path, file).decode("utf-8-sig")


def _from_json(path: Path, text: str) -> Iterator[tuple[str, str]]:
    data = parse_json(path, text)
    if isinstance(data, dict) and "results" in data and isinstance(data["results"], dict):
        raise DataError(f"{path} has events with times (ActivityNet results)", hint=EVENTS)
    for key in ("annotations", "sentences"):
        if isinstance(data, dict) and isinstance(data.get(key), list):
            data = data[key]
    if isinstance(data, list):
        yield from _from_records(path, data)
        return
    if not isinstance(data, dict):
        raise DataError(
            f"{path}: {type(data).__name__} holds no captions", hint='{"clip": "a man runs", ...}'
        )
    if any(isinstance(value, dict) and "timestamps" in value for value in data.values()):
        raise DataError(f"{path} has events with times (ActivityNet Captions)", hint=EVENTS)
    _refuse_twice(path, text)
    for clip, value in data.items():
        yield from ((str(clip), caption) for caption in _texts(path, clip, value))


def _refuse_twice(path: Path, text: str) -> None:
    """JSON lets a key come twice and keeps the last one; a clip that is lost that way is an error."""

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(pairs)
        if len(out) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"{path}: '{twice}' comes more than once", hint="keep one entry for every clip")
        return out

    parse_json(path, text, check)


def _lines(text: str) -> list[str]:
    """Lines of a file; the characters that only Unicode calls line ends may stand in a caption."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def json_lines(path: str | Path, text: str) -> Iterator[Any]:
    """Each line's object."""
    for number, line in enumerate(_lines(text), 1):
        if line.strip():
            yield parse_json(path, line, where=f", line {number}")


def _from_records(path: Path, records: Iterable[Any]) -> Iterator[tuple[str, str]]:
    known: dict[tuple[str, ...], tuple[str, str]] = {}
    for number, record in enumerate(records, 1):
        if type(record) is dict and tuple(record) in known:  # most files: the same fields in every record
            at, text = known[tuple(record)]
            if type(record[at]) is str and record[at] and type(record[text]) is str:
                yield record[at], record[text]
                continue
        if not isinstance(record, dict):
            raise DataError(
                f"{path}, entry {number}: {record!r:.60} is no record",
                hint='{"image_id": "clip", "caption": "a man runs"}',
            )
        at, text = _field(path, number, record, IDS), _field(path, number, record, TEXTS)
        known[tuple(record)] = at, text
        clip = record[at]
        if isinstance(clip, bool) or not isinstance(clip, str | int) or clip == "":
            raise DataError(
                f"{path}, entry {number}: the id is {clip!r:.40}", hint="an id is a string or a whole number"
            )
        yield from ((str(clip), caption) for caption in _texts(path, clip, record[text]))


def _field(path: Path, number: int, record: dict[str, Any], names: tuple[str, ...]) -> str:
    """The name of the field that is there."""
    for name in names:
        if name in record:
            return name
    raise DataError(
        f"{path}, entry {number} has {', '.join(record) or 'nothing'}, but none of {', '.join(names)}"
    )


def _texts(path: Path, clip: object, value: object) -> Iterator[str]:
    """A caption, a list of captions, a list of records with a caption each, or a run's events by annotator."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list):
            if item:  # an annotator who found no event wrote nothing
                yield _paragraph(path, clip, item)
            continue
        text = item.get("caption", item.get("sentence")) if isinstance(item, dict) else item
        if not isinstance(text, str):
            raise DataError(
                f"{path}: a caption of clip '{clip}' is {type(text).__name__} {text!r:.40}, not text",
                hint="captions are strings; leave a missing one out",
            )
        yield text
    if value == []:
        raise DataError(
            f"{path}: clip '{clip}' has an empty list of captions", hint="leave the clip out, or add captions"
        )


def _paragraph(path: Path, clip: object, events: list[Any]) -> str:
    """What one annotator wrote of a clip, event after event."""
    texts = [event.get("text") if isinstance(event, dict) else None for event in events]
    if not all(isinstance(text, str) for text in texts):
        raise DataError(
            f"{path}: the events of clip '{clip}' are {events!r:.40}", hint='[[{"text": "a man runs", ...}]]'
        )
    return " ".join(text.strip() for text in texts if text)


def _from_csv(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """A table with a header. Of two columns, the second keeps its delimiters even without quotes."""
    lines = _lines(text)
    delimiter = "\t" if "\t" in lines[0] else ","
    header = [name.strip().lower() for name in lines[0].split(delimiter)]
    try:
        clip_at = next(header.index(name) for name in IDS if name in header)
        text_at = next(header.index(name) for name in TEXTS if name in header)
    except StopIteration:
        raise DataError(
            f"{path}: the header is '{lines[0]}'",
            hint=f"name one column {IDS[0]} or {IDS[-1]}, and one {TEXTS[0]}",
        ) from None
    for number, row in _rows(path, lines, delimiter, len(header)):
        if len(row) != len(header):
            raise DataError(f"{path}, line {number}: {len(row)} fields, the header has {len(header)}")
        yield row[clip_at], row[text_at]


def _rows(path: Path, lines: list[str], delimiter: str, width: int) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table, each with the number of its line; a quoted text may go on over several lines."""
    begun, first = "", 0
    for number, line in enumerate(lines[1:], 2):
        if not begun and not line.strip():
            continue
        first, whole = (first, f"{begun}\n{line}") if begun else (number, line)
        try:
            row = next(
                csv.reader((f"{part}\n" for part in whole.split("\n")), delimiter=delimiter, strict=True)
            )
        except csv.Error as error:
            if "unexpected end of data" in str(error) and len(whole) < csv.field_size_limit():
                begun = whole  # a quote that was opened is not closed yet
                continue
            if width > 2 or begun or "field larger" in str(error):
                raise DataError(f"{path}, line {first}: {error}", hint='"a ""quoted"" text"') from None
            row = whole.split(delimiter, 1)  # quotes that are a part of the text
        if len(row) > width == 2:
            row = whole.split(delimiter, 1)
        begun = ""
        yield first, row
    if begun:
        raise DataError(
            f"{path}, line {first}: a quoted text that does not end", hint='write a quote in a text as ""'
        )
