"""Checkpoints: plain data and tensors, written whole or not at all, loaded without running anything."""

from __future__ import annotations

import errno
import os
import pickle
import re
from pathlib import Path
from typing import IO, Any, NamedTuple

import torch

from vidcap_core.errors import CheckpointError
from vidcap_core.files.hashing import blocks_of, hash_of
from vidcap_core.saved import base
from vidcap_metrics.files.atomic import remove_parts, whole_file

FORMAT = 1
SEAL = b"vidcap-sha256:"
DIGEST = 32
"""Bytes of a SHA-256."""
_NUMBERED = re.compile(r"step-(\d+)\.pt")


def save(path: Path, content: dict[str, Any]) -> None:
    """Written, synced, renamed: a reader sees the old file or the new one, whatever happens in between."""
    _check_plain(content, "checkpoint")
    try:
        with whole_file(path, durable=True) as file:
            torch.save({"format": FORMAT, **content}, file)
            file.seek(0)
            digest = _digest(file)
            file.write(SEAL + digest)  # readers of the zip format skip what follows its end
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        raise CheckpointError(
            f"{path} could not be written: {error}; the checkpoint before it is untouched",
            hint="free some space, then run the same command with --resume",
        ) from error


def load(path: Path, device: str | torch.device = "cpu") -> dict[str, Any]:
    """A checkpoint of a run."""
    content = read_plain(path, device)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint of a vidcap run")
    return content


def read_plain(path: Path, device: str | torch.device) -> Any:
    """What torch wrote to a file; anything that would need to run code is refused."""
    try:
        _check_seal(path)
        return torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: there is no such checkpoint") from error
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        reason = f"it names {named[1]}" if named else str(error).split("\n")[0]
        raise CheckpointError(
            f"{path} is refused: it holds more than tensors and plain data, so loading it could run code ({reason})",
            hint="ask its author for weights as safetensors",
        ) from error
    except Exception as error:  # the reader of torch trips over odd bytes in many ways
        reason = str(error).split("\n")[0] or type(error).__name__
        if (
            isinstance(error, OSError) and error.errno == errno.EINVAL
        ):  # torch seeks the end of a file that was cut
            reason = "its end is missing"
        raise CheckpointError(f"{path} is damaged: {reason}") from error


def _check_seal(path: Path) -> None:
    """A changed bit would load as a changed weight, so the bytes are compared with their hash first."""
    tail = len(SEAL) + DIGEST
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - tail))
        seal = file.read()
        if not seal.startswith(SEAL):
            return  # of another writer, or cut off: loading says which
        file.seek(0)
        if _digest(file, size - tail) != seal[len(SEAL) :]:
            raise CheckpointError(f"{path} is damaged: its bytes are not those that were written")


def _digest(file: IO[bytes], size: int | None = None) -> bytes:
    """SHA-256 from here on, of so many bytes or of all that follow."""
    return bytes.fromhex(hash_of(blocks_of(file, size)))


def numbered(folder: Path) -> list[Path]:
    """The numbered checkpoints of a folder, oldest first."""
    checkpoints = [(int(m[1]), p) for p in folder.glob("step-*.pt") if (m := _NUMBERED.fullmatch(p.name))]
    return [path for _, path in sorted(checkpoints)]


def latest(folder: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest checkpoint that can be read, and a note on each newer one that cannot."""
    notes: list[str] = []
    for path in reversed(numbered(folder)):
        try:
            return load(path), notes
        except CheckpointError as error:
            notes.append(f"{error.message}; using the one before it")
    return None, notes


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest numbered checkpoints, and what a killed writer left behind."""
    for path in numbered(folder)[:-keep] if keep else []:
        path.unlink()
    remove_parts(folder)


def _check_plain(value: Any, where: str) -> None:
    """Exact types only: a subclass of float or str (np.float64, TorchVersion) could not be loaded again."""
    if type(value) in (type(None), bool, int, float, str) or isinstance(value, torch.Tensor):
        return
    if isinstance(value, dict):  # an OrderedDict of weights loads again too
        for key, item in value.items():
            _check_plain(key, f"{where} key")
            _check_plain(item, f"{where}.{key}")
    elif type(value) in (list, tuple):
        for index, item in enumerate(value):
            _check_plain(item, f"{where}.{index}")
    else:
        raise TypeError(f"{where} holds {type(value).__name__}, which no checkpoint can hold")


class Best(NamedTuple):
    """The weights that a run would be judged by, where they come from, and the base that they leave out."""

    weights: dict[str, torch.Tensor]
    source: str
    base: base.Base
    tokenizer: str | None = None  # the digest of the one they were trained with


def best_weights(folder: Path) -> Best:
    """The best weights of the run of a folder of checkpoints, or else its last ones."""
    best = folder / "best.pt"
    if best.is_file():
        try:
            content = load(best)
        except CheckpointError as error:
            raise CheckpointError(
                error.message, hint="delete it, and the newest checkpoint that can be read is taken"
            ) from error
        if not isinstance(content.get("weights"), dict):
            raise CheckpointError(f"{best} holds no weights")
        left_out = base.read(content.get("base"), str(best))
        return Best(
            content["weights"], f"best.pt (step {content.get('step')})", left_out, content.get("tokenizer")
        )
    newest, notes = latest(folder)
    if newest is None:
        raise CheckpointError(
            f"{folder.parent} has no checkpoint yet" + "".join(f"\n  {note}" for note in notes),
            hint="--resume",
        )
    weights = newest.get("weights")
    if not isinstance(weights, dict) or not isinstance(newest.get("progress"), dict):
        raise CheckpointError(f"the newest checkpoint of {folder} holds no weights, or not where it stands")
    if average := newest.get("average"):
        weights = {key.removeprefix("module."): value for key, value in average.items() if key != "steps"}
    source = f"the last checkpoint (step {newest['progress'].get('step')})"
    return Best(weights, source, base.read(newest.get("base"), source), newest.get("tokenizer"))
