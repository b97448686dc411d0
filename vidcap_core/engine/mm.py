"""mmengine: its processes, loop, runner and registries, imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import torch

from vidcap_core.zoo.unwanted_imports import without

with without(
    "bitsandbytes", "transformers"
):  # whose optimisers mmengine would enter in its registry: seconds
    from mmengine import dist
    from mmengine.evaluator import BaseMetric
    from mmengine.hooks import Hook
    from mmengine.model import ExponentialMovingAverage, MMDistributedDataParallel
    from mmengine.optim import AmpOptimWrapper, OptimWrapper
    from mmengine.registry import HOOKS, LOOPS, METRICS, OPTIMIZERS, Registry
    from mmengine.runner import BaseLoop, get_priority, set_random_seed
    from mmengine.runner import Runner as _Runner
    from mmengine.visualization import Visualizer as _Visualizer
from torch import Tensor, nn

__all__ = [
    "DEFAULT_HOOKS",
    "HOOKS",
    "LOOPS",
    "METRICS",
    "OPTIMIZERS",
    "REPLACED_HOOKS",
    "AmpOptimWrapper",
    "BaseLoop",
    "BaseMetric",
    "ExponentialMovingAverage",
    "Hook",
    "OptimWrapper",
    "Registry",
    "Runner",
    "Visualizer",
    "from_main",
    "gather",
    "get_priority",
    "is_distributed",
    "is_main",
    "on_main",
    "over_processes",
    "rank",
    "set_random_seed",
    "sum_over_processes",
    "wait_for_all",
    "world_size",
]

Value = TypeVar("Value")

REPLACED_HOOKS = {
    "CheckpointHook": "runtime.save_every, runtime.keep",
    "DistSamplerSeedHook": "seed",
    "EarlyStoppingHook": "evaluate.early_stop",
    "IterTimerHook": "runtime.log_every",
    "LoggerHook": "runtime.log_every, runtime.trackers",
    "NaiveVisualizationHook": "evaluate.panels",
    "ParamSchedulerHook": "schedule",
    "PrepareTTAHook": "generate",
    "RuntimeInfoHook": "runtime.log_every",
}
"""Hooks whose work the loop and the tracker do, since these cannot resume inside an epoch; and the keys for it."""

DEFAULT_HOOKS = ("runtime_info", "timer", "sampler_seed", "logger", "param_scheduler", "checkpoint")
"""What mmengine calls those of them that it adds by itself."""


def rank() -> int:
    """The number of this process."""
    return int(dist.get_rank())


def world_size() -> int:
    """How many processes there are."""
    return int(dist.get_world_size())


def is_main() -> bool:
    """Whether this process is the one that writes."""
    return rank() == 0


def is_distributed() -> bool:
    """Whether a process group was started."""
    return bool(dist.is_distributed())


def wait_for_all() -> None:
    """Go on when every process has come here."""
    dist.barrier()


def on_main(action: Callable[[], None]) -> None:
    """One process acts; the others wait."""
    if is_main():
        action()
    wait_for_all()


def from_main(value: Value) -> Value:
    """The main process's value, in every process."""
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]


def gather(value: Value) -> list[Value]:
    """The values of all processes, in every process."""
    return list(dist.all_gather_object(value))


def sum_over_processes(values: Tensor) -> Tensor:
    """The sum of a tensor over all processes, in full precision and without gradients."""
    values = values.detach().float().clone()
    dist.all_reduce(values, op="sum")
    return values


def over_processes(model: nn.Module, device: torch.device) -> nn.Module:
    """A model that averages its gradients over all processes."""
    # A phase's updates may each use other parts, so parameters without a gradient are expected.
    wrapped: nn.Module = MMDistributedDataParallel(
        module=model,
        device_ids=[device.index] if device.type == "cuda" else None,
        find_unused_parameters=True,
        broadcast_buffers=False,
    )
    return wrapped


class Visualizer(_Visualizer):  # type: ignore[misc]
    """mmengine's, which makes a figure when a picture comes: matplotlib takes a second to import."""

    ax_save: Any

    def __init__(self, name: str = "visualizer", **options: Any) -> None:
        super().__init__(name, **options)

    def _initialize_fig(self, fig_cfg: dict[str, Any]) -> tuple[Any, ...]:
        return None, SimpleNamespace(get_dpi=lambda: None), None

    def set_image(self, image: np.ndarray) -> None:
        """What all drawing begins with."""
        if self.ax_save is None:
            figure = super()._initialize_fig(self.fig_save_cfg)
            self.fig_save_canvas, self.fig_save, self.ax_save = figure
            self.dpi = self.fig_save.get_dpi()
        super().set_image(image)


class Runner(_Runner):  # type: ignore[misc]
    """mmengine's runner, which writes nothing that the run folder has already."""

    def dump_config(self) -> None:
        """The run folder holds the config, as data."""

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        """The run folder holds the versions."""
