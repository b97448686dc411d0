"""A second device without owning one: CPU data that says it is on cuda:0, refuses to mix, and counts host syncs.

It simulates where tensors are, not how a GPU computes: kernels, streams and mixed precision there stay untested.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

Function = Callable[..., Any]
DEVICE = torch.device("cuda:0")
CPU = torch.device("cpu")
LIBRARIES = {"torch", "mmengine", "transformers", "contextlib", "functools", "dataclasses", "copy", "typing"}
"""Packages whose lines are not where something is written."""
SYNCS = {
    "_local_scalar_dense",
    "nonzero",
    "masked_select",
    "equal",
    "bincount",
    "_unique2",
    "unique_dim",
    "unique_consecutive",
}
"""Operations whose result, or the shape of it, the host has to wait for."""
TAKES_CPU = {"copy_", "_to_copy", "index", "index_put", "index_put_", "_index_put_impl_", "_foreach_copy_"}
"""Operations that take tensors of two devices."""
INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_"}


class MixedDevices(RuntimeError):
    """What a GPU would refuse, with file and line."""


@dataclass
class Traffic:
    """What went between host and device, by `file:line operation`."""

    syncs: Counter[str] = field(default_factory=Counter)
    """The host waited for the device."""
    copies: Counter[str] = field(default_factory=Counter)
    """Something was copied to the device, and the host waited for the copy."""
    doubles: Counter[str] = field(default_factory=Counter)
    """Made in float64, which many devices lack and the others are slow at."""

    def lines(self) -> Iterator[str]:
        """For people: the most frequent first."""
        for kind in ("syncs", "copies", "doubles"):
            for where, count in getattr(self, kind).most_common():
                yield f"{count:5d} {kind:7s} {where}"


class SimulatedTensor(torch.Tensor):
    """A tensor of the device; `held` is its data."""

    held: Tensor
    device = property(lambda self: DEVICE)
    is_cuda = property(lambda self: True)
    is_cpu = property(lambda self: False)
    is_meta = property(lambda self: False)
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, held: Tensor) -> SimulatedTensor:
        """A tensor without storage of the same shape."""
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            device=torch.device("meta"),  # a build without CUDA has no other device that holds nothing
        )
        made.held = held
        return made

    def __repr__(self, *, tensor_contents: object = None) -> Any:  # type: ignore[override]
        """The data, and where it is."""
        return f"simulated {DEVICE} {self.held!r}"

    def get_device(self) -> int:
        """Its number."""
        return 0

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Function, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Outside of the simulation there is nothing that could run it."""
        raise RuntimeError(f"{func}: a tensor of the simulated device is used outside of it")


class SimulatedDevice(TorchDispatchMode):
    """Inside `with SimulatedDevice() as device:` there is a cuda:0, and `device.traffic` says what went there."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.traffic = Traffic()
        self._held = ExitStack()

    def __enter__(self) -> SimulatedDevice:
        if torch.cuda.is_available():
            torch.cuda.init()
        else:
            real: Any = torch.cuda._lazy_init
            self._held.callback(setattr, torch.cuda, "_lazy_init", real)
            setattr(torch.cuda, "_lazy_init", lambda: None)  # noqa: B010  # it would look for a driver
        self._held.enter_context(_Functions(self))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        self._held.close()

    @contextmanager
    def watch(self) -> Iterator[Traffic]:
        """What goes between host and device inside."""
        before, self.traffic = self.traffic, Traffic()
        try:
            yield self.traffic
        finally:
            self.traffic = before

    def __torch_dispatch__(
        self, func: Function, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        name = str(func).removeprefix("aten.").partition(".")[0]
        tensors = [item for item in tree_flatten((args, kwargs))[0] if isinstance(item, Tensor)]
        ours = [tensor for tensor in tensors if isinstance(tensor, SimulatedTensor)]
        others = [tensor for tensor in tensors if not isinstance(tensor, SimulatedTensor)]
        asked = kwargs.get("device")
        asked = None if asked is None else torch.device(asked)
        if ours and others:
            self._refuse_mixing(name, args, others)
        self._count(name, args, kwargs, ours, asked)
        if asked is not None:
            kwargs["device"] = CPU
        kwargs.pop("pin_memory", None)
        out = func(*tree_map(_data, args), **tree_map(_data, kwargs))
        if ours and torch.Tag.inplace_view in getattr(func, "tags", ()):  # the shell takes the new shape, too
            with torch._C._DisableTorchDispatch():
                func(*args, **kwargs)
        here = bool(ours) if asked is None else asked.type != "cpu"
        known = {id(tensor.held): tensor for tensor in ours} if asked is None else {}
        given = {id(tensor) for tensor in others} if not here or asked is None else set()

        def wrapped(item: object) -> object:
            if not isinstance(item, Tensor) or id(item) in given:
                return item
            return known[id(item)] if id(item) in known else SimulatedTensor(item)

        if not here:
            return out
        made = tree_map(wrapped, out)
        if any(isinstance(t, Tensor) and t.dtype == torch.float64 for t in tree_flatten(made)[0]):
            self.traffic.doubles[f"{where()} {name}"] += 1
        return made

    def _refuse_mixing(self, name: str, args: tuple[Any, ...], others: list[Tensor]) -> None:
        """A CPU tensor goes with those of a device only where it is one number, or where it is copied or an index."""
        target = args[0] if args else None
        written = (
            name.endswith("_") and isinstance(target, Tensor) and not isinstance(target, SimulatedTensor)
        )
        bad: list[Any] = [tensor for tensor in others if tensor.dim() > 0]
        if name in TAKES_CPU:
            bad = []
            if name in INDEXING and not isinstance(target, SimulatedTensor):
                bad = [target]
            elif name.startswith(("index_put", "_index_put")) and not isinstance(args[2], SimulatedTensor):
                bad = [args[2]] if args[2].dim() else []
        elif name == "cat" or written:
            bad = others
        if bad:
            shapes = ", ".join(str(list(tensor.shape)) for tensor in bad)
            raise MixedDevices(f"{name} of {DEVICE} meets a CPU tensor {shapes} ({where()})")

    def _count(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        ours: list[Any],
        asked: torch.device | None,
    ) -> None:
        at = f"{where()} {name}"
        free = bool(kwargs.get("non_blocking"))
        if (name in SYNCS and ours) or (
            name == "repeat_interleave" and ours and kwargs.get("output_size") is None
        ):
            self.traffic.syncs[at] += 1
        elif name in INDEXING and ours:
            indices = [index for index in args[1] if index is not None]
            one = name != "index" and args[2].numel() == 1  # then it is a masked fill
            if any(index.dtype in (torch.bool, torch.uint8) for index in indices) and not one:
                self.traffic.syncs[at] += 1
            self.traffic.copies[at] += sum(not isinstance(index, SimulatedTensor) for index in indices)
        elif name == "copy_" and ours and not (free or (len(args) > 2 and args[2])):
            there, here = isinstance(args[0], SimulatedTensor), isinstance(args[1], SimulatedTensor)
            if there and not here and args[1].dim():
                self.traffic.copies[at] += 1
            elif here and not there:
                self.traffic.syncs[at] += 1
        elif name == "_to_copy" and asked is not None and not free:
            if ours and asked.type == "cpu":
                self.traffic.syncs[at] += 1
            elif not ours and asked.type != "cpu":
                self.traffic.copies[at] += 1
        self.traffic.copies += Counter()  # without those that are 0


class _Functions(TorchFunctionMode):
    """Functions of torch that reach past the dispatcher."""

    def __init__(self, device: SimulatedDevice) -> None:
        super().__init__()
        self.simulation = device

    def __torch_function__(
        self, func: Function, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        ours = bool(args) and isinstance(args[0], SimulatedTensor)
        if func is torch.Tensor.tolist and ours:
            self.simulation.traffic.syncs[f"{where()} tolist"] += 1
            return args[0].held.tolist()
        if func in (torch.Tensor.numpy, torch.Tensor.__array__) and ours:
            raise MixedDevices(f"NumPy cannot read a tensor of {DEVICE} ({where()})")
        if func is torch.Tensor.new_tensor and ours:
            kwargs.setdefault("dtype", args[0].dtype)
            kwargs.pop("device", None)
            return torch.tensor(*args[1:], **kwargs).to(DEVICE)
        if func in (torch.tensor, torch.as_tensor):
            return self._made(func, args, kwargs)
        if func in (torch.Tensor.__getitem__, torch.Tensor.__setitem__) and ours:
            index = args[1]
            parts = index if isinstance(index, tuple) else (index,)
            if any(isinstance(part, list) for part in parts):
                moved = tuple(torch.tensor(p).to(DEVICE) if isinstance(p, list) else p for p in parts)
                args = (args[0], moved if isinstance(index, tuple) else moved[0], *args[2:])
        return func(*args, **kwargs)

    def _made(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`torch.tensor` and `torch.as_tensor` of values that are here, for a device."""
        device = kwargs.pop("device", None)
        if isinstance(args[0], SimulatedTensor):
            made = args[0] if func is torch.as_tensor else args[0].clone()
            kept = made.to(kwargs["dtype"]) if kwargs.get("dtype") else made
            return kept if device is None else kept.to(device)
        made = func(*args, **kwargs)
        return made if device is None or torch.device(device).type == "cpu" else made.to(DEVICE)


def where() -> str:
    """File and line of the call that is nobody's library."""
    frame = sys._getframe(1)
    last = "?"
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_filename != __file__ and module.partition(".")[0] not in LIBRARIES:
            path = Path(frame.f_code.co_filename)
            depth = module.count(".") + (path.stem == "__init__")
            return f"{Path(*path.parts[-depth - 1 :]).as_posix()}:{frame.f_lineno}"
        last = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return last


def total(counts: Iterable[Traffic], kind: str) -> int:
    """Syncs, copies or doubles of several."""
    return sum(sum(getattr(traffic, kind).values()) for traffic in counts)


def _data(item: object) -> object:
    return item.held if isinstance(item, SimulatedTensor) else item
