"""Where each dataset is looked for, and what a command line says of one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap_core.datasets.catalogue import known_datasets
from vidcap_core.datasets.folders import candidates
from vidcap_core.datasets.prepared import MANIFEST
from vidcap_core.errors import ConfigError, DataError
from vidcap_core.zoo.arguments import meant, problems
from vidcap_metrics.files.cache import cache_home

if TYPE_CHECKING:
    from vidcap_core.datasets.annotated import Dataset


def places() -> list[dict[str, str]]:
    """One row a dataset: its name, its folder, and what is there."""
    rows = []
    for name, made_by in sorted(known_datasets().items()):
        if made_by.made_in is not None:
            folder = cache_home() / made_by.made_in
            rows.append({"dataset": name, "folder": str(folder), "state": "made when first used"})
            continue
        folders = [path for alias in (name, *made_by.aliases) for path in candidates(alias)]
        folder = next((path for path in folders if path.is_dir()), folders[0])
        rows.append({"dataset": name, "folder": str(folder), "state": _state(folder)})
    return rows


def arguments(root: str | None, streams: Sequence[str], changes: Sequence[str]) -> dict[str, Any]:
    """Arguments of a dataset from `--root`, `--stream NAME=STORE` and `--set KEY=VALUE`."""
    pairs = dict(_pair(text, "--set part=S") for text in changes)
    if "split" in pairs:
        raise DataError("the split has an option of its own", hint=f"--split {pairs['split']}")
    parsed: dict[str, Any] = {key: _literal(value) for key, value in pairs.items()}
    if root is not None:
        parsed["root"] = root
    if streams:
        named = [_pair(text if "=" in text else f"{text}={text}", "--stream image=STORE") for text in streams]
        parsed["streams"] = dict(named)
    return parsed


def refuse(made_by: type[Dataset], given: Mapping[str, Any], where: str) -> None:
    """An error for the first argument that the dataset does not have, or that does not fit."""
    for path, problem in problems(dict(given), made_by, made_by.__name__):
        raise ConfigError(f"{'.'.join((where, *path))}: {problem}")


def refuse_splits(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """An error for a split that there is not."""
    known = list(known)
    for split in given:
        if split not in known:
            raise DataError(f"{where} has no split '{split}'{meant(split, known)}", hint="--split NAME")


def _pair(text: str, example: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise DataError(f"'{text}' is not of the form NAME=VALUE", hint=example)
    return key, value


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _state(folder: Path) -> str:
    if not folder.is_dir():
        return "not there"
    return "prepared" if (folder / MANIFEST).is_file() else "there"
