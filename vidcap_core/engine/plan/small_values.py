"""Lengths, masks and ids beside tensors without data: what code reads of them to know a shape stays known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

MOST = 2**21
"""Elements of a tensor whose values are kept."""
INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_")


class SmallValues(TorchDispatchMode):
    """Inside, a tensor made of known ones alone is known itself, as far as it is small."""

    def __init__(self, mode: FakeTensorMode) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.mode = mode

    def shadow(self, value: Tensor) -> Tensor:
        """A tensor without data in its place, which is known where it counts or chooses."""
        made = self.mode.from_tensor(value)
        if not value.is_floating_point():
            _note(made, value)
        return made

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        given = [item for item in tree_leaves((args, kwargs)) if isinstance(item, Tensor)]
        name = str(func).removeprefix("aten.").partition(".")[0]
        if name in INDEXING and not all(_known(item) is not None for item in given):
            args = (args[0], self._places(args[1]), *args[2:])
        real = self._real(func, args, kwargs, given)
        if name == "_local_scalar_dense" and real is not None:
            return real
        if torch.Tag.dynamic_output_shape in getattr(func, "tags", ()) and real is not None:
            return tree_map(lambda item: self.shadow(item) if isinstance(item, Tensor) else item, real)
        out = func(*args, **kwargs)
        results = tree_leaves(real) if real is not None else None
        for number, item in enumerate(tree_leaves(out)):
            if isinstance(item, FakeTensor):
                _note(item, None if results is None else results[number])
        return out

    def _real(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], given: list[Tensor]
    ) -> Any:
        """What an operation gives of known tensors; None where one is not known, or the result would be large."""
        if any(_known(item) is None for item in given) or str(kwargs.get("device", "cpu")) != "cpu":
            return None
        if torch.Tag.nondeterministic_seeded in getattr(func, "tags", ()):
            return None
        if not given and not _small(args):
            return None
        with unset_fake_temporarily():
            out = func(*tree_map(_known_or_same, args), **tree_map(_known_or_same, kwargs))
        large = any(isinstance(item, Tensor) and item.numel() > MOST for item in tree_leaves(out))
        return None if large else out

    def _places(self, indices: Sequence[Tensor | None]) -> list[Any]:
        """Masks among indices as the places that they mean: how many there are is then a shape."""
        places: list[Any] = []
        for index in indices:
            mask = None if index is None else _known(index)
            if mask is not None and mask.dtype == torch.bool:
                with unset_fake_temporarily():
                    chosen = mask.nonzero().unbind(1)
                places += [self.shadow(part) for part in chosen]
            else:
                places.append(index)
        return places


def _note(item: Tensor, real: Tensor | None) -> None:
    item.known_values = real  # type: ignore[attr-defined]


def _known(item: object) -> Tensor | None:
    """The values of a tensor, where they are known: those of one that has data are."""
    if isinstance(item, FakeTensor):
        return getattr(item, "known_values", None)
    return item if isinstance(item, Tensor) else None


def _known_or_same(item: object) -> object:
    return _known(item) if isinstance(item, Tensor) else item


def _small(args: tuple[Any, ...]) -> bool:
    """Whether what is made of these numbers and sizes holds few elements."""
    count = 1
    for item in tree_leaves(args):
        if isinstance(item, int) and not isinstance(item, bool):
            count *= max(1, abs(item))
    return count <= MOST
