"""Score files: good ones in every format must all score the same, bad ones must be refused with a line."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attacks.attempt import Attempt, Result

WANTED = {
    "a": "a man runs over the green grass",
    "b": "a dog, it barks at a man",
    "c": 'a woman says "hello" twice',
}
REFERENCES = {
    "a": ["a man is running over the grass", "someone runs"],
    "b": ["a dog barks at a man on the street"],
    "c": ['a woman says "hello" to a man', "a woman talks"],
}
EVENTS = {
    "v": {"duration": 9.5, "timestamps": [[0, 4], [4, 9.5]], "sentences": ["a man runs", "a dog barks"]},
    "w": {"duration": 5, "timestamps": [[0, 5]], "sentences": ["a cat sits"]},
}
RESULTS = {"v": [{"sentence": "a man runs", "timestamp": [0, 4]}], "w": []}
DEEP, LONG = "[" * 50_000, "9" * 5_000


def good() -> Iterator[tuple[str, bytes]]:
    """Files that say the same."""
    rows = [{"image_id": clip, "caption": text} for clip, text in WANTED.items()]
    for encoding in ("utf-8", "utf-8-sig"):
        for end in ("\n", "\r\n"):
            texts = {
                "map.json": json.dumps(WANTED, indent=1),
                "rows.json": json.dumps(rows, indent=1),
                "lists.json": json.dumps({clip: [text] for clip, text in WANTED.items()}, indent=1),
                "lines.jsonl": "\n".join(map(json.dumps, rows)),
                "blank.jsonl": "\n\n".join(map(json.dumps, rows)) + "\n\n",
                "table.tsv": "\n".join(["id\tcaption", *(f"{c}\t{t}" for c, t in WANTED.items())]),
                "table.csv": "\n".join(["id,caption", *(f"{c},{t}" for c, t in WANTED.items())]),
                "quoted.csv": "\n".join(["id,caption", *(f'{c},"{_twice(t)}"' for c, t in WANTED.items())]),
                "more.csv": "\n".join(["id,x,caption", *(f'{c},1,"{_twice(t)}"' for c, t in WANTED.items())]),
                "lines.csv": "\n".join(
                    [
                        "id,caption",
                        *(f'{c},"{_twice(t).replace(" ", chr(10), 1)}"' for c, t in WANTED.items()),
                    ]
                ),
            }
            for name, text in texts.items():
                raw = text.replace("\n", end).encode(encoding)
                yield f"{encoding}{len(end)}-{name}", raw
                yield f"{encoding}{len(end)}-{name}.gz", gzip.compress(raw)
                packed = io.BytesIO()
                with zipfile.ZipFile(packed, "w") as archive:
                    archive.writestr(name, raw)
                yield f"{encoding}{len(end)}-{name}.zip", packed.getvalue()


def _twice(text: str) -> str:
    return text.replace('"', '""')


def bad() -> Iterator[tuple[str, bytes]]:
    """Files that say nothing, or nothing certain."""
    values: list[Any] = [
        None,
        3,
        1.5,
        True,
        [],
        {},
        [None],
        [[]],
        [{}],
        [3],
        {"a": 1},
        "RAW NaN",
        "RAW Infinity",
    ]
    for number, value in enumerate(values):
        text = value[4:] if isinstance(value, str) else json.dumps(value)
        yield f"value{number}.json", f'{{"a": {text}, "b": "x", "c": "y"}}'.encode()
        yield f"row{number}.json", f'[{{"id": "a", "caption": {text}}}]'.encode()
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"id{number}.json", f'[{{"id": {text}, "caption": "x"}}]'.encode()
        yield f"line{number}.jsonl", f"{text}\n".encode()
    for name, text in {
        "empty": "", "blank": " \n ", "deep": DEEP, "deep_inside": f'{{"a": {DEEP}', "long": LONG,
        "long_inside": f'{{"a": {LONG}}}', "long_id": f'[{{"id": {LONG}, "caption": "x"}}]', "twice":
        '{"a": "x", "a": "y"}', "brace": "{", "garbage": "\x00\x01", "number": "3", "text": '"a"', "null": "null",
        "comma": '{"a": "x",}', "quotes": "{'a': 'x'}", "half": '{"a": "x', "nul": '{"a": "x\x00"}',
    }.items():  # fmt: skip
        for kind in ("json", "jsonl", "csv", "tsv"):
            if not (name == "nul" and kind in ("csv", "tsv")):
                yield f"{name}.{kind}", text.encode()
    for name, text in {
        "open": 'id,caption\na,"x\nb,y\nc,z\n',
        "swallows": 'id,caption\na,"x\nb,y\nc,"z"\n',
        "wide": "id,caption\na," + "x" * 200_000,
        "fields": "id,score,caption\na,x\n",
        "header": "foo,bar\na,x\n",
        "twice": "id,caption\na,x\na,y\n",
    }.items():
        yield f"{name}.csv", text.encode()
    raw = json.dumps(WANTED).encode()
    for encoding in ("utf-16", "utf-32"):
        yield f"{encoding}.json", json.dumps(WANTED).encode(encoding)
    yield "latin.json", '{"a": "é"}'.encode("latin-1")
    packed, zipped = gzip.compress(raw), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("map.json", raw)
    chance = random.Random(27)
    for number in range(30):
        for kind, whole in (("gz", packed), ("zip", zipped.getvalue())):
            yield f"cut{number}.json.{kind}", whole[: chance.randrange(len(whole) - 1)]
    for name, content in {
        "not.json.gz": raw,
        "not.zip": raw,
        "none.zip": _zip({}),
        "two.zip": _zip({"a": "", "b": ""}),
    }.items():
        yield name, content
    yield "bomb.json.gz", gzip.compress(bytes(1 << 26), 9) * 17


def dense() -> Iterator[tuple[str, bytes]]:
    """References of events that cannot be."""
    for key, texts in {
        "duration": ("NaN", "Infinity", "-Infinity", "0", "-3", '"9"', "null", "true", "[]", "1" + "0" * 400, LONG),
        "timestamps": ("null", "3", "{}", "[]", "[3, 4]", "[[0], [1]]", "[[0, NaN], [4, 9]]", '[["0", 4], [4, 9]]',
                       "[[0, 1e999], [4, 9]]", "[[0, 1" + "0" * 400 + "], [4, 9]]", DEEP),
        "sentences": ("null", "3", '"ab"', "[]", "[1, 2]", '["a"]', "[null, null]", "{}"),
    }.items():  # fmt: skip
        for number, text in enumerate(texts):
            whole = json.dumps(EVENTS).replace(json.dumps(EVENTS["v"][key]), text, 1)
            yield f"{key}{number}.json", whole.encode()
    for name, text in {"empty": "", "list": "[]", "text": '"a"', "none": "{}", "numbers": '{"v": 3}'}.items():
        yield f"dense_{name}.json", text.encode()


def _zip(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def attempts(folder: Path) -> list[Attempt]:
    """`vidcap score` of each."""
    folder.mkdir(parents=True)
    for name, data in {"r": REFERENCES, "d": {"results": RESULTS}, "p": WANTED}.items():
        (folder / f"{name}.json").write_text(json.dumps(data))
    references, results = str(folder / "r.json"), str(folder / "d.json")
    out = []
    for number, (name, content) in enumerate(good()):
        path = folder / f"good{number}-{name}"
        path.write_bytes(content)
        words = ["score", str(path), references, "--metrics", "bleu,rouge", "--json"]
        out.append(Attempt(name, words, frozenset({0}), _same))
    for number, (name, content) in enumerate(bad()):
        path = folder / f"bad{number}-{name}"
        path.write_bytes(content)
        out.append(Attempt(name, ["score", str(path), references, "--metrics", "bleu"], frozenset({2})))
    for number, (name, content) in enumerate(dense()):
        path = folder / f"dense{number}-{name}"
        path.write_bytes(content)
        out.append(Attempt(name, ["score", results, str(path), "--metrics", "localisation"], frozenset({2})))
    for option in (["--samples", "0"], ["--samples", "-5"], ["--samples", "1000000000"], ["--seed", "-1"]):
        words = ["score", str(folder / "p.json"), references, "--metrics", "bleu", "--intervals", *option]
        out.append(Attempt(" ".join(option), words, frozenset({2})))
    return out


VALUES: dict[str, float] = {"BLEU-1": 0.0, "ROUGE-L": 0.0}


def _same(result: Result) -> str | None:
    """Every good file says the same, so all get the numbers of the first."""
    values = json.loads(result.out)["values"]
    if not VALUES["BLEU-1"]:
        VALUES.update({name: values[name] for name in VALUES})
    other = {name: values[name] for name in VALUES if abs(values[name] - VALUES[name]) > 1e-12}
    return f"{other}, not {VALUES}" if other else None
