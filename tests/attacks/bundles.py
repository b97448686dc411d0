"""Bundles that a stranger spoilt, some of them with an index that says the spoilt files are right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from attacks.attempt import Attempt
from attacks.media import command
from damaged_bundles import BUNDLES, CAPTIONS, Change, config, index, seal

CODE = ("subprocess:Popen", "os:system", "evil_package:Component", "json.loads")
TOUCH = "import pathlib; pathlib.Path('ran').touch()"


def attempts(folder: Path, good: Path, film: Path) -> list[Attempt]:
    """Caption with each; all must be refused, but for those whose weights are numbers to a computer."""
    folder.mkdir(parents=True)
    out = []
    for number, (name, change) in enumerate([*changes(), *BUNDLES.items()]):
        bundle = Path(shutil.copytree(good, folder / str(number)))
        change(bundle)
        codes = frozenset({0, 1, 2} if name in CAPTIONS else {2})
        out.append(Attempt(name, command(film, bundle), codes, marker=folder / "ran"))
    return out


def changes() -> Iterator[tuple[str, Change]]:
    """Bundles that name code, or files that are none of theirs; `BUNDLES` are those that are damaged."""
    for code in CODE:
        spec = {"type": code, "args": ["sh", "-c", "touch ran"]}
        for key in ("head", "tokenizer"):
            yield f"{key} {code}", config(**{key: spec})
        for key in ("encoders", "extract"):
            yield f"{key} {code}", config(**{key: {"image": spec}})
    for name in ("../ran.json", "/etc/passwd", "a/b.json", "x.py", "x.pt", ".hidden.json"):
        yield f"lists {name}", index(lambda i, n=name: i["files"].update({n: "0" * 64}))
    yield "no head", index(lambda i: i["config"].pop("head"))
    yield "format", index(lambda i: i.update(format=99))
    yield "no hash", index(lambda i: i["files"].pop("weights.safetensors"))
    yield "one bit", _flip
    yield "half", _half
    yield "extra file", _unlisted("extra.json", "{}")
    yield "module", _unlisted("model.py", TOUCH)
    yield "link", _link


def _flip(bundle: Path) -> None:
    path = bundle / "weights.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)


def _half(bundle: Path) -> None:
    path = bundle / "weights.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    seal(bundle)


def _link(bundle: Path) -> None:
    tokenizer = bundle / "tokenizer.json"
    tokenizer.rename(bundle.parent / f"{bundle.name}.json")
    tokenizer.symlink_to(bundle.parent / f"{bundle.name}.json")


def _unlisted(name: str, text: str) -> Change:
    return lambda bundle: (bundle / name).write_text(text) and None
