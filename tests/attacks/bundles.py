"""Bundles that a stranger spoilt, some of them with an index that says the spoilt files are right."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attacks.attempt import Attempt
from attacks.media import command

CODE = ("subprocess:Popen", "os:system", "evil_package:Component", "json.loads")
TOUCH = "import pathlib; pathlib.Path('ran').touch()"
Change = Callable[[Path], None]


def attempts(folder: Path, good: Path, film: Path) -> list[Attempt]:
    """Caption with each; all must be refused."""
    folder.mkdir(parents=True)
    out = []
    for number, (name, change) in enumerate(changes()):
        bundle = Path(shutil.copytree(good, folder / str(number)))
        change(bundle)
        out.append(Attempt(name, command(film, bundle), frozenset({2}), marker=folder / "ran"))
    return out


def changes() -> Iterator[tuple[str, Change]]:
    """What is done to a good bundle."""
    for code in CODE:
        spec = {"type": code, "args": ["sh", "-c", "touch ran"]}
        for key in ("head", "tokenizer"):
            yield f"{key} {code}", _index(lambda i, k=key, s=spec: i["config"].update({k: s}))
        for key in ("encoders", "extract"):
            yield f"{key} {code}", _index(lambda i, k=key, s=spec: i["config"].update({k: {"image": s}}))
    for key, value in {
        "head": [], "tokenizer": 3, "encoders": "x", "extract": [1], "generate": {"max_length": 10**9},
    }.items():  # fmt: skip
        yield f"{key} {value}", _index(lambda i, k=key, v=value: i["config"].update({k: v}))
    yield "beams", _index(lambda i: i["config"].update(generate={"mode": "beam", "beam": 10**9}))
    yield "no head", _index(lambda i: i["config"].pop("head"))
    yield "format", _index(lambda i: i.update(format=99))
    yield "no files", _index(lambda i: i.update(files=[]))
    yield "no config", _index(lambda i: i.update(config=None))
    yield "no hash", _index(lambda i: i["files"].pop("weights.safetensors"))
    for name in ("../ran.json", "/etc/passwd", "a/b.json", "x.py", "x.pt", ".hidden.json"):
        yield f"lists {name}", _index(lambda i, n=name: i["files"].update({n: "0" * 64}))
    for name, text in {
        "deep": "[" * 100_000,
        "long": "9" * 5_000,
        "empty": "",
        "list": "[]",
        "bytes": "\udcff",
    }.items():
        yield f"index {name}", _write("bundle.json", text)
        yield f"tokenizer {name}", _sealed(_write("tokenizer.json", text), "tokenizer.json")
        if name in ("empty", "bytes", "deep"):
            yield f"weights {name}", _sealed(_write("weights.safetensors", text), "weights.safetensors")
    yield "weights header", _sealed(_header, "weights.safetensors")
    yield "weights half", _sealed(_half, "weights.safetensors")
    yield "one bit", _flip
    yield "extra file", _write("extra.json", "{}")
    yield "module", _write("model.py", TOUCH)
    yield "link", _link


def _index(change: Callable[[dict[str, Any]], Any]) -> Change:
    def apply(bundle: Path) -> None:
        file = bundle / "bundle.json"
        index = json.loads(file.read_text())
        change(index)
        file.write_text(json.dumps(index))

    return apply


def _write(name: str, text: str) -> Change:
    return lambda bundle: (bundle / name).write_bytes(text.encode("utf-8", "surrogateescape")) and None


def _sealed(change: Change, name: str) -> Change:
    """The change, and the hash in the index that goes with it."""

    def apply(bundle: Path) -> None:
        change(bundle)
        digest = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
        _index(lambda index: index["files"].update({name: digest}))(bundle)

    return apply


def _header(bundle: Path) -> None:
    """A header that says it is as long as the memory."""
    file = bundle / "weights.safetensors"
    file.write_bytes((2**40).to_bytes(8, "little") + file.read_bytes()[8:])


def _half(bundle: Path) -> None:
    file = bundle / "weights.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _flip(bundle: Path) -> None:
    file = bundle / "weights.safetensors"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)


def _link(bundle: Path) -> None:
    tokenizer = bundle / "tokenizer.json"
    tokenizer.rename(bundle.parent / f"{bundle.name}.json")
    tokenizer.symlink_to(bundle.parent / f"{bundle.name}.json")
