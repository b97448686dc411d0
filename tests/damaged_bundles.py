"""Bundles of which one part is damaged while every hash is right: as by a stranger, or a program with a fault."""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from vidcap_core.files.hashing import hash_file
from vidcap_core.saved.weights import read_tensors

Change = Callable[[Path], None]
DEEP = "[" * 100_000 + "]" * 100_000


def index(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Another index."""

    def spoil(bundle: Path) -> None:
        content = json.loads((bundle / "bundle.json").read_text())
        change(content)
        (bundle / "bundle.json").write_text(json.dumps(content))

    return spoil


def config(**keys: Any) -> Change:
    """Another config; `a__b` stands for a.b."""

    def change(content: dict[str, Any]) -> None:
        for key, value in keys.items():
            *outer, last = key.split("__")
            part = content["config"]
            for name in outer:
                part = part.setdefault(name, {})
            part[last] = value

    return index(change)


def file(name: str, content: bytes | str) -> Change:
    """Another file, under its own hash."""

    def spoil(bundle: Path) -> None:
        (bundle / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        seal(bundle)

    return spoil


def tokenizer(change: Callable[[Any], Any]) -> Change:
    """Another state of the tokenizer."""

    def spoil(bundle: Path) -> None:
        path = bundle / "tokenizer.json"
        path.write_text(json.dumps(change(json.loads(path.read_text()))))
        seal(bundle)

    return spoil


def weights(
    change: Callable[[dict[str, torch.Tensor]], Any], metadata: dict[str, str] | None = None
) -> Change:
    """Other tensors."""

    def spoil(bundle: Path) -> None:
        path = bundle / "weights.safetensors"
        tensors = load_file(path) if metadata else {k: v.clone() for k, v in read_tensors(path).items()}
        save_file(change(tensors) or tensors, path, metadata)
        seal(bundle)

    return spoil


def seal(bundle: Path) -> None:
    """Give every file its hash."""
    content = json.loads((bundle / "bundle.json").read_text())
    for name in content["files"]:
        content["files"][name] = hash_file(bundle / name)
    (bundle / "bundle.json").write_text(json.dumps(content))


def first(tensors: dict[str, torch.Tensor]) -> str:
    return min(tensors)


def header(length: int, text: bytes) -> bytes:
    return struct.pack("<Q", length) + text


def named(value: object) -> dict[str, str]:
    return {"vidcap.named": value if isinstance(value, str) else json.dumps(value)}


HUGE = json.dumps({"x": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
BUNDLES: dict[str, Change] = {
    "index: files a list": index(lambda i: i.update(files=["weights.safetensors"])),
    "index: a hash that is a number": index(lambda i: i["files"].update({"weights.safetensors": 3})),
    "index: a hash that is a list": index(lambda i: i["files"].update({"tokenizer.json": [1]})),
    "index: config a list": index(lambda i: i.update(config=[])),
    "index: extract a list": index(lambda i: i.update(extract=[1])),
    "index: extract a number": index(lambda i: i.update(extract=7)),
    "index: base a list": index(lambda i: i.update(base=[1])),
    "index: base of nothing": index(lambda i: i.update(base={"head": {}})),
    "index: base of numbers": index(lambda i: i.update(base={"head": {"sha256": 1, "keys": 2}})),
    "index: format text": index(lambda i: i.update(format="1")),
    "index: a name that is too long": index(lambda i: i["files"].update({"x" * 300 + ".json": "0"})),
    "index: a name with NUL": index(lambda i: i["files"].update({"a\0b.json": "0"})),
    "index: a name that is half a letter": index(lambda i: i["files"].update({"\ud800.json": "0"})),
    "index: an empty name": index(lambda i: i["files"].update({"": "0"})),
    "index: deep": lambda b: (b / "bundle.json").write_text('{"format": 1, "files": ' + DEEP + "}") and None,
    "index: a number of 5000 digits": lambda b: (
        (b / "bundle.json").write_text('{"format": ' + "9" * 5000 + "}") and None
    ),
    "index: Latin-1": lambda b: (b / "bundle.json").write_bytes(b'{"format": "\xe9"}') and None,
    "index: empty": lambda b: (b / "bundle.json").write_text("") and None,
    "index: a list of itself": lambda b: (b / "bundle.json").write_text("[]") and None,
    "index: a folder": lambda b: ((b / "bundle.json").unlink(), (b / "bundle.json").mkdir())[0],
    "index: a pipe": lambda b: (
        (b / "bundle.json").unlink(),
        os.mkfifo(b / "bundle.json"),
    )[0],
    "index: no end": lambda b: (
        (b / "bundle.json").unlink(),
        (b / "bundle.json").symlink_to("/dev/zero"),
    )[0],
    "index: weights are a folder": lambda b: (
        (b / "weights.safetensors").unlink(),
        (b / "weights.safetensors").mkdir(),
    )[0],
    "config: head of nothing": config(head={}),
    "config: head a list": config(head=[1]),
    "config: no width": config(head__width=0),
    "config: a width below nothing": config(head__width=-16),
    "config: a width of text": config(head__width="wide"),
    "config: a huge width": config(head__width=1 << 40),
    "config: a width that is no number": config(head__width=math.nan),
    "config: a width that is a list": config(head__width=[16]),
    "config: a huge number of layers": config(head__layers=1 << 40),
    "config: layers below nothing": config(head__layers=-1),
    "config: heads that do not divide": config(head__heads=3),
    "config: no heads": config(head__heads=0),
    "config: a key that is not known": config(head__evil=1),
    "config: an encoder of another kind": config(extract__image={"type": "TokenLoss"}),
    "config: a head of another kind": config(head={"type": "ToyGrid"}),
    "config: a stream that is not known": config(extract__image={"type": "ToyGrid", "stream": "smell"}),
    "config: a stream that is a list": config(extract__image={"type": "ToyGrid", "stream": [1]}),
    "config: extract a list": config(extract=[1]),
    "config: encoders a text": config(encoders="all"),
    "config: a tokenizer that is none": config(tokenizer={"type": "Vocabulary", "min_count": "x"}),
    "config: generate a list": config(generate=[1]),
    "config: a beam of nothing": config(generate__beam=0, generate__mode="beam"),
    "config: a million beams": config(generate__beam=10**6, generate__mode="beam"),
    "config: a million best texts": config(generate__n_best=10**6, generate__mode="sample"),
    "config: a length of 1e9": config(generate__max_length=1e9),
    "config: a length of a milliard": config(generate__max_length=10**9),
    "config: a length of 1e30": config(generate__max_length=1e30),
    "config: a length of 31 digits": config(generate__max_length=10**30),
    "config: a length that is infinite": config(generate__max_length=math.inf),
    "config: a temperature that is no number": config(
        generate__mode="sample", generate__temperature=math.nan
    ),
    "config: a mode that is not known": config(generate__mode="evil"),
    "config: deep": config(head__deep=json.loads("[" * 500 + "]" * 500)),
    "tokenizer: no JSON": file("tokenizer.json", "{"),
    "tokenizer: empty": file("tokenizer.json", ""),
    "tokenizer: a number of 5000 digits": file("tokenizer.json", "9" * 5000),
    "tokenizer: Latin-1": file("tokenizer.json", b'{"words": "\xe9"}'),
    "tokenizer: UTF-16": file("tokenizer.json", '{"words": []}'.encode("utf-16")),
    "tokenizer: deep": file("tokenizer.json", DEEP),
    "tokenizer: a list": tokenizer(lambda state: [state]),
    "tokenizer: nothing": tokenizer(lambda state: {}),
    "tokenizer: numbers for words": tokenizer(lambda state: dict.fromkeys(state, 7)),
    "tokenizer: texts for all": tokenizer(lambda state: dict.fromkeys(state, "x")),
    "tokenizer: lists of lists": tokenizer(lambda state: {key: [[1]] for key in state}),
    "tokenizer: empty lists": tokenizer(lambda state: {key: [] for key in state}),
    "tokenizer: None for all": tokenizer(lambda state: dict.fromkeys(state)),
    "tokenizer: fewer words": tokenizer(
        lambda state: {k: v[: len(v) // 2] if isinstance(v, list) else v for k, v in state.items()}
    ),
    "tokenizer: more words": tokenizer(
        lambda state: {
            k: [*v, *(f"w{i}" for i in range(99))] if isinstance(v, list) else v for k, v in state.items()
        }
    ),
    "tokenizer: twice the same": tokenizer(
        lambda state: {k: v[:1] * len(v) if isinstance(v, list) else v for k, v in state.items()}
    ),
    "weights: empty": file("weights.safetensors", b""),
    "weights: a huge header": file("weights.safetensors", header(1 << 60, b"{}")),
    "weights: a header cut off": file("weights.safetensors", header(1000, b"{}")),
    "weights: a deep header": file("weights.safetensors", header(len(DEEP), DEEP.encode())),
    "weights: data that are not there": file("weights.safetensors", header(len(HUGE), HUGE)),
    "weights: no JSON": file("weights.safetensors", header(4, b"evil")),
    "weights: none": weights(lambda t: {"x": torch.zeros(1)}),
    "weights: one is missing": weights(lambda t: t.pop(first(t)) is None or None),
    "weights: one has another shape": weights(lambda t: t.update({first(t): torch.zeros(3, 5, 7)})),
    "weights: one of whole numbers": weights(lambda t: t.update({first(t): t[first(t)].long()})),
    "weights: one is empty": weights(lambda t: t.update({first(t): torch.zeros(0)})),
    "weights: all are NaN": weights(lambda t: {k: torch.full_like(v, math.nan) for k, v in t.items()}),
    "weights: all are infinite": weights(lambda t: {k: torch.full_like(v, math.inf) for k, v in t.items()}),
    "weights: names that are no JSON": weights(lambda t: None, named("{")),
    "weights: names that are a list": weights(lambda t: None, named([1])),
    "weights: names of nothing": weights(lambda t: None, named({"x": ["", "nothing"]})),
    "weights: names that are numbers": weights(lambda t: None, named({"x": 3})),
    "weights: names of another file": weights(lambda t: None, named({"x": ["../../x", "y"]})),
    "weights: names of a file that is none": weights(lambda t: None, named({"x": ["tokenizer.json", "y"]})),
    "weights: deep names": weights(lambda t: None, named(DEEP)),
}
"""What is damaged -> how; of each the command must say so in a line, or caption."""

CAPTIONS = {
    "weights: one of whole numbers": "they are made what the model has",
    "weights: all are NaN": "they are numbers to a computer",
    "weights: all are infinite": "they are numbers to a computer",
}
"""Where a caption may come of it, and why."""
