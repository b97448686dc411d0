"""Counts what tensors without data would take and do: bytes that live at once, bytes that move, operations."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Meter(TorchDispatchMode):
    """Inside `with Meter() as meter:` each operation is counted, and so is each storage for as long as it lives."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        """Bytes that live, and the most that lived at once."""
        self.moved = 0
        """Bytes that operations read and wrote."""
        self.operations = 0
        """Those that compute; a view does not."""
        self._held: dict[int, weakref.ref[Any]] = {}

    def hold(self, tensors: Iterable[Tensor]) -> int:
        """Count the storages of these, each once; gives the bytes that are new."""
        before = self.now
        for tensor in tensors:
            storage = tensor.untyped_storage()
            key, size = storage._cdata, storage.nbytes()
            if key not in self._held:
                self._held[key] = weakref.ref(storage, self._freed(key, size))
                self.now += size
        self.peak = max(self.peak, self.now)
        return self.now - before

    def start_again(self) -> None:
        """Count peak, bytes and operations from here on; what lives goes on living."""
        self.peak, self.moved, self.operations = self.now, 0, 0

    def _freed(self, key: int, size: int) -> Callable[[object], None]:
        def gone(reference: object) -> None:
            if self._held.get(key) is reference:
                del self._held[key]
                self.now -= size

        return gone

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        made = [item for item in tree_leaves(out) if isinstance(item, Tensor)]
        read = [item for item in tree_leaves((args, kwargs)) if isinstance(item, Tensor)]
        self.hold(made)
        known = {item.untyped_storage()._cdata for item in read}
        if not getattr(func, "is_view", False):
            changed = torch.Tag.inplace_view not in getattr(func, "tags", ())
            if changed and made:
                self.operations += 1
                self.moved += sum(_bytes(item) for item in read)
                self.moved += sum(_bytes(i) for i in made if i.untyped_storage()._cdata not in known)
        return out


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
