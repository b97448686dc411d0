"""Score files as they should not be: each with what must come of it."""

# ruff: noqa: E501 (lists of files are easier to read than wrapped ones)

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

CLIPS = [f"v_{n}" for n in range(6)]
SENTENCES = (
    "a man runs",
    "a dog sits on the sofa",
    "the cat sleeps",
    "two boys play a game",
    "she cooks",
    "it rains",
)
CAPTIONS = dict(zip(CLIPS, SENTENCES, strict=True))
EVENTS = {
    clip: [
        {"sentence": text, "timestamp": [n, n + 4.5]},
        {"sentence": "it ends", "timestamp": [n + 5, n + 9]},
    ]
    for n, (clip, text) in enumerate(CAPTIONS.items())
}
STRANGE: tuple[Any, ...] = (
    None,
    True,
    7,
    -1.5,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    10**400,
)
NOT_TIMES: tuple[Any, ...] = (
    *STRANGE, "", "0:05", ["0", "4"], [0], [0, 1, 2], [None, 4], [5, 2], [float("nan"), 4], [0, float("inf")], [0, 10**400],
    [True, False], [0, "4"], {"0": 4},
)  # fmt: skip
DEEP = 100_000


class Malformed(NamedTuple):
    """A file, and whether it must be refused, must score as the sound one, or may do either if it says what it holds."""

    name: str
    data: bytes
    must: str  # "refuse", "same", "either"


def malformed_captions(seed: int, count: int) -> list[Malformed]:
    """Files of captions: COCO, by clip, JSON lines, CSV, gzipped and zipped."""
    return _draw(
        seed, count, (_captions_value, _captions_shape, _table, _lines, _bytes_of_captions, _packed_captions)
    )


def malformed_events(seed: int, count: int) -> list[Malformed]:
    """Files of results with times."""
    return _draw(seed, count, (_events_value, _events_shape, _bytes_of_events, _packed_events))


def _draw(seed: int, count: int, kinds: tuple[Callable[[random.Random], Malformed], ...]) -> list[Malformed]:
    dice = random.Random(seed)
    return [kinds[n % len(kinds)](dice) for n in range(count)]


def _coco() -> list[dict[str, Any]]:
    return [{"image_id": clip, "caption": text} for clip, text in CAPTIONS.items()]


def _dump(data: Any) -> bytes:
    return json.dumps(data).encode()


def _captions_value(dice: random.Random) -> Malformed:
    """One caption or id that is none."""
    rows, strange = _coco(), dice.choice(STRANGE)
    if dice.random() < 0.5:
        dice.choice(rows)["caption"] = strange
        return Malformed("p.json", _dump(rows), "refuse")
    if dice.random() < 0.5:
        by_clip: dict[str, Any] = dict(CAPTIONS)
        by_clip[dice.choice(CLIPS)] = strange
        return Malformed("p.json", _dump(by_clip), "refuse")
    dice.choice(rows)["image_id"] = strange
    return Malformed("p.json", _dump(rows), "refuse")


def _captions_shape(dice: random.Random) -> Malformed:
    """A shape that is none, or one that means the same."""
    rows = _coco()
    text = json.dumps(CAPTIONS)
    same = [
        _dump(rows[::-1]), _dump([row | {"score": 0.5} for row in rows]), _dump({"annotations": rows}),
        _dump({clip: [line] for clip, line in CAPTIONS.items()}), b"\xef\xbb\xbf" + text.encode(),
        json.dumps(CAPTIONS, indent=4).encode(), text.replace("{", "{\r\n\t").encode(),
    ]  # fmt: skip
    refuse = [
        b"", b" \n", b"null", b"true", b"7", b'"a man"', b"[]", b"{}", b"[[]]", b"[null]", b"[[[]]]", b'{"results": []}',
        _dump(rows + rows[:1]), (text[:-1] + f', "{CLIPS[0]}": "again"}}').encode(), _dump(rows[1:]), _dump(list(SENTENCES)),
        _dump([*rows, {"image_id": "v_99", "caption": "extra"}]), _dump([{"id": 1}]), _dump([[row] for row in rows]),
        b"[" * DEEP, b'{"a":' * DEEP, b"[" * DEEP + b"]" * DEEP, text.encode("utf-16"), text.encode()[:-1], text.encode() * 2,
        text.replace('"', "'").encode(), _dump({"results": EVENTS}), b"[" + b"9" * 5000 + b"]", text.encode().replace(b"man", b"\xff\xfe"),
        _dump({clip: [line, line] for clip, line in CAPTIONS.items()}), _dump({f" {clip}": line for clip, line in CAPTIONS.items()}),
    ]  # fmt: skip
    if dice.random() < 0.25:
        return Malformed("p.json", dice.choice(same), "same")
    return Malformed("p.json", dice.choice(refuse), "refuse")


def _table(dice: random.Random) -> Malformed:
    rows = [f"{clip},{text}" for clip, text in CAPTIONS.items()]
    head = "video_id,caption"
    same = [
        "\n".join([head, *rows]),
        "\r\n".join([head, *rows, ""]),
        "\n".join([head, "", *rows, " "]),
        "\n".join([head.upper(), *rows]),
    ]
    refuse = [
        "\n".join(rows), head, head + "\n", "\n".join([head, *rows, rows[0]]), "\n".join([head, *rows[1:]]), "\n".join(["a,b", *rows]),
        "\n".join([head + ",x", *rows]), "\n".join([head, *rows, '"open']), "\n".join([head, *rows, "v_0"]), "\0" * 40,
        "\n".join([head, *rows, "x," + "y" * 200_000]), "\n".join(["video_id,video_id", *rows]),
    ]  # fmt: skip
    if dice.random() < 0.3:
        return Malformed("p.csv", dice.choice(same).encode(), "same")
    return Malformed("p.csv", dice.choice(refuse).encode(), "refuse")


def _lines(dice: random.Random) -> Malformed:
    rows = [json.dumps(row) for row in _coco()]
    same = ["\n".join(rows), "\r\n".join([*rows, "", ""]), "\n\n".join(rows[::-1])]
    refuse = [
        "\n".join([*rows, "{"]), "\n".join([*rows, "null"]), "\n".join([*rows, "7"]), ",\n".join(rows), "\n".join([*rows, rows[0]]),
        "".join(rows), "\n".join(rows[1:]), "\n".join([*rows, "[" * DEEP]), "\n".join([*rows, "9" * 5000]), "\n".join([*rows, "[]"]),
    ]  # fmt: skip
    if dice.random() < 0.3:
        return Malformed("p.jsonl", dice.choice(same).encode(), "same")
    return Malformed("p.jsonl", dice.choice(refuse).encode(), "refuse")


def _events_value(dice: random.Random) -> Malformed:
    events = copy.deepcopy(EVENTS)
    event = dice.choice(events[dice.choice(CLIPS)])
    if dice.random() < 0.6:
        event["timestamp"] = dice.choice(NOT_TIMES)
    else:
        event["sentence"] = dice.choice(STRANGE)
    return Malformed("p.json", _dump({"results": events}), "refuse")


def _events_shape(dice: random.Random) -> Malformed:
    whole = {"version": "1", "results": EVENTS, "external_data": {}}
    text = json.dumps(whole)
    same = [
        text.encode(),
        _dump({"results": dict(reversed(EVENTS.items()))}),
        json.dumps(whole, indent=1).encode(),
        text.encode("utf-16"),
    ]
    run = [
        {
            "id": c,
            "span": [0, 20],
            "events": [
                {"start": e["timestamp"][0], "end": e["timestamp"][1], "text": e["sentence"]} for e in es
            ],
        }
        for c, es in EVENTS.items()
    ]
    same.append(_dump(run))
    some = dict(EVENTS)
    some.pop(CLIPS[2])
    refuse = [
        b"", b"null", b"[]", b"{}", b"7", b'{"results": null}', b'{"results": []}', b'{"results": {}}', _dump({"results": some}),
        _dump({"results": EVENTS | {CLIPS[0]: "a man"}}), _dump({"results": EVENTS | {CLIPS[0]: None}}), _dump(EVENTS),
        _dump({"results": EVENTS | {CLIPS[0]: ["a man"]}}), _dump({"results": EVENTS | {CLIPS[0]: [None]}}), _dump(run + run[:1]),
        _dump([*run[1:], {"id": CLIPS[0]}]), _dump([*run[1:], run[0] | {"events": None}]), _dump([*run[1:], run[0] | {"span": "all"}]),
        _dump([*run[1:], run[0] | {"events": "text"}]), _dump({"results": {c[2:]: e for c, e in EVENTS.items()}}),
        text.replace('"v_1"', '"v_0"').encode(), b"[" * DEEP, b'{"results":' * DEEP, b'{"results": ' + b"9" * 5000 + b"}", text.encode()[:-2],
        _dump({"results": 7}), _dump(CAPTIONS), b"\xff" * 9,
    ]  # fmt: skip
    if dice.random() < 0.25:
        return Malformed("p.json", dice.choice(same), "same")
    return Malformed("p.json", dice.choice(refuse), "refuse")


def _bytes_of_captions(dice: random.Random) -> Malformed:
    return Malformed("p.json", _damaged(dice, _dump(_coco())), "either")


def _bytes_of_events(dice: random.Random) -> Malformed:
    return Malformed("p.json", _damaged(dice, _dump({"results": EVENTS})), "either")


def _damaged(dice: random.Random, data: bytes) -> bytes:
    """Some bytes changed, lost, doubled or cut off."""
    raw = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(raw))
        draw = dice.random()
        if draw < 0.4:
            raw[at] = dice.choice((*b'"[]{},:0ae\\', dice.randrange(256)))
        elif draw < 0.6:
            del raw[at : at + dice.randint(1, 20)]
        elif draw < 0.8:
            raw[at:at] = raw[at : at + dice.randint(1, 20)]
        else:
            del raw[max(1, at) :]
    return bytes(raw)


def _packed_captions(dice: random.Random) -> Malformed:
    return _packed(dice, _dump(_coco()))


def _packed_events(dice: random.Random) -> Malformed:
    return _packed(dice, _dump({"results": EVENTS}))


def _packed(dice: random.Random, plain: bytes) -> Malformed:
    data = gzip.compress(plain, mtime=0)
    if dice.random() < 0.2:
        return Malformed("p.json.gz", data, "same")
    at = dice.randrange(3, len(data) - 8)
    broken = (
        data[:at],
        data[:-4] + b"\0\0\0\0",
        data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :],
        data + b"junk",
        b"\x1f\x8b",
    )
    return Malformed("p.json.gz", dice.choice(broken), "either")
