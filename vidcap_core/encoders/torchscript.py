"""Tensors of a TorchScript archive, read as data: neither its code nor its pickle runs."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from vidcap_core.errors import UserError

STORAGES = {
    "BFloat16Storage": torch.bfloat16,
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
}
LISTS = ("build_boollist", "build_doublelist", "build_intlist", "build_tensorlist")


def is_torchscript(file: Path) -> bool:
    """Whether a file is an archive of `torch.jit.save`: a zip with constants beside its pickle."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def torchscript_tensors(file: Path) -> dict[str, Tensor]:
    """Every tensor that the archived module and its parts hold, by dotted name."""
    try:
        with zipfile.ZipFile(file) as archive:
            return dict(_named(_Reader(archive).load()))
    except Exception as error:  # a damaged or hostile pickle can end in any of them
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UserError(
            f"{file}: no TorchScript archive of weights, or a damaged one: {reason}", hint="download it again"
        ) from error


class _Part:
    """A module of the archive: attributes by name, kept apart, so that none of them becomes a method of this one."""

    attributes: Mapping[str, Any] = MappingProxyType({})

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.attributes = dict(state)


class _Reader(pickle.Unpickler):
    """Knows tensors, lists and parts; any other name that the pickle wants is refused."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        [pickled] = [
            name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")
        ]
        self._root = pickled.removesuffix("data.pkl")
        super().__init__(io.BytesIO(archive.read(pickled)))

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name in the pickle."""
        if module.partition(".")[0] == "__torch__":
            return type("Part", (_Part,), {})  # a class of its own: whatever is set on it ends with this file
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        if module == "torch.jit._pickle" and name in LISTS:
            return list
        if (module, name) == ("torch.jit._pickle", "restore_type_tag"):
            return self._untagged
        raise pickle.UnpicklingError(f"its pickle asks for {module}.{name}, which is no part of weights")

    def persistent_load(self, pid: Any) -> Tensor:
        """The flat values of a storage."""
        kind, dtype, key, _, _ = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError(f"its pickle asks for a {kind}, which is no part of weights")
        values = bytearray(self._archive.read(f"{self._root}data/{key}"))
        return torch.frombuffer(values, dtype=dtype) if values else torch.empty(0, dtype=dtype)

    def _tensor(
        self, values: Tensor, start: int, size: Sequence[int], stride: Sequence[int], *_: Any
    ) -> Tensor:
        return values.as_strided(size, stride, start)  # which refuses to leave the storage

    def _untagged(self, value: object, tag: str) -> Any:
        return value


def _named(part: _Part, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    for name, value in part.attributes.items():
        if isinstance(value, Tensor):
            yield prefix + name, value
        elif isinstance(value, _Part):
            yield from _named(value, f"{prefix}{name}.")
