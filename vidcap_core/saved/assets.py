"""What derived encoders learnt and heads are made of, as files that a run and a bundle hold alike.

`assets-NAME.safetensors` has the arrays of the encoder NAME, and as arrays the bytes of its files; `assets-NAME.json`
has the rest. Those of the head are `head-assets.*`: no encoder's name leads there. All of it is data, and nothing runs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.contracts.encoder import DerivedEncoder
from vidcap_core.errors import CheckpointError
from vidcap_core.files.hashing import hash_file
from vidcap_core.saved.foreign import read_dict
from vidcap_core.saved.weights import read_tensors, write_tensors
from vidcap_metrics.files.atomic import remove_parts, whole_folder, write_json

HASHES = "files.json"
"""In a run's folder of assets: the SHA-256 of each of its files. A bundle's index has them among those of the rest."""
COPY = "a copy of it"
HEAD = "head-assets"
BYTES = "bytes:"
"""Before the name of an array that holds the bytes of a file."""


def derived(captioner: Captioner) -> dict[str, DerivedEncoder]:
    """The encoders that learnt something, by name."""
    return {name: e for name, e in captioner.encoders.items() if isinstance(e, DerivedEncoder)}


def write(captioner: Captioner, folder: Path, head: bool = True) -> None:
    """Two files for each derived encoder, and for the head where it is made of something; head=False: not those."""
    for name, encoder in derived(captioner).items():
        _write(encoder.assets(), folder, f"assets-{name}")
    if head and (given := captioner.head.assets()):
        _write(given, folder, HEAD)


def read(captioner: Captioner, folder: Path, known: Collection[str]) -> None:
    """Give each derived encoder what it learnt; `known`: files whose hashes were right."""
    for name, encoder in derived(captioner).items():
        if absent := _lacking(f"assets-{name}", known):
            raise CheckpointError(
                f"{folder} does not hold what the encoder '{name}' learnt: {absent[-1]} is missing",
                hint="a whole copy of the run, or vidcap export RUN -o DIR once more",
            )
        encoder.load_assets(_read(folder, f"assets-{name}"))


def of_head(folder: Path, known: Collection[str]) -> dict[str, Any] | None:
    """What the head is built of; None where it gave nothing, and is built as its config says."""
    absent = _lacking(HEAD, known)
    if len(absent) == 1:
        raise CheckpointError(f"{folder} holds a part of what its head is built of: {absent[0]} is missing")
    return None if absent else _read(folder, HEAD)


def store(captioner: Captioner, folder: Path) -> None:
    """Keep with a run what was learnt: the whole folder or nothing, and never over what is there."""
    if folder.exists() or not (derived(captioner) or captioner.head.assets()):
        return
    remove_parts(folder.parent, folder.name)  # of a run that was killed
    with whole_folder(folder) as part:
        part.mkdir()
        write(captioner, part)
        write_json(part / HASHES, {path.name: hash_file(path) for path in sorted(part.iterdir())})


def checked(folder: Path) -> dict[str, str]:
    """The files of a run's folder of assets, each with its hash, which is right; none where there is no folder."""
    if not folder.is_dir():
        return {}
    hashes = read_dict(folder / HASHES, COPY)
    for name, wanted in hashes.items():
        if Path(name).name != name or not (folder / name).is_file():
            raise CheckpointError(f"{folder} lacks the file {name}", hint="a whole copy of the run")
        if hash_file(folder / name) != wanted:
            raise CheckpointError(
                f"{folder / name} is damaged: its sha256 is not the one that was written", hint=COPY
            )
    return hashes


def restore(captioner: Captioner, folder: Path) -> None:
    """Take from a run what was learnt then: learning it anew could give something else."""
    if not (names := derived(captioner)):
        return
    if not folder.is_dir():
        what = ", ".join(f"'{name}'" for name in names)
        raise CheckpointError(
            f"{folder.parent} does not hold what its encoders learnt from the training clips ({what}): "
            "an older vidcap made this run",
            hint="the vidcap-run command that made it, with --force-resume: it learns that from the data as they are "
            "now, and stores it",
        )
    read(captioner, folder, checked(folder))


def _write(values: Mapping[str, Any], folder: Path, stem: str) -> None:
    arrays: dict[str, torch.Tensor] = {}
    plain: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, (bytes, bytearray)):
            arrays[BYTES + key] = torch.from_numpy(np.frombuffer(value, np.uint8).copy())
        elif hasattr(value, "shape"):
            arrays[key] = torch.as_tensor(value)
        else:
            plain[key] = _plain(key, value)
    if odd := [key for key in values if key.startswith(BYTES)]:
        raise TypeError(f"assets: no name may begin with '{BYTES}': {odd[0]}")
    write_tensors(arrays, folder / f"{stem}.safetensors")
    write_json(folder / f"{stem}.json", plain)


def _plain(key: str, value: object) -> object:
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"the asset '{key}' is neither an array nor bytes nor plain JSON data: {error}"
        ) from error
    return value


def _lacking(stem: str, known: Collection[str]) -> list[str]:
    return [name for name in (f"{stem}.safetensors", f"{stem}.json") if name not in known]


def _read(folder: Path, stem: str) -> dict[str, Any]:
    values = read_dict(folder / f"{stem}.json", COPY)
    for key, value in read_tensors(folder / f"{stem}.safetensors").items():
        array = value.numpy()
        values |= {key.removeprefix(BYTES): array.tobytes()} if key.startswith(BYTES) else {key: array}
    return values
