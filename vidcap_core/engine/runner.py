"""mmengine's Runner, with our loop, our checkpoints and our run folder in place of its own."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import torch
from mmengine import dist
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import Runner

from vidcap_core.engine import optimizers, sharding
from vidcap_core.engine.phase_loop import PhaseLoop
from vidcap_core.engine.tracking import Tracker, visualizer
from vidcap_core.engine.training import Training

OWN = ("runtime_info", "timer", "sampler_seed", "logger", "param_scheduler", "checkpoint")
"""mmengine's default hooks, whose work the loop and the tracker do: they cannot resume inside an epoch."""


class CaptionRunner(Runner):  # type: ignore[misc]
    """Runs phases. Hooks of mmengine can be added through `hooks`."""

    def __init__(
        self, training: Training, distributed: bool, quiet: bool, hooks: list[Any] | None = None
    ) -> None:
        self.training = training
        main = dist.get_rank() == 0
        super().__init__(
            model=training.captioner,
            work_dir=str(training.folder.path / "mmengine"),
            train_dataloader=[],
            train_cfg={"type": PhaseLoop},
            optim_wrapper=optimizers.build(
                training.captioner, training.recipe.phases, 0, training.runtime.amp
            ),
            default_hooks=dict.fromkeys(OWN),
            custom_hooks=hooks,
            launcher="pytorch" if distributed else "none",
            visualizer=visualizer(training.folder, training.runtime.trackers, main),
            randomness={
                "seed": training.recipe.seed,
                "deterministic": training.runtime.deterministic,
                "diff_rank_seed": True,  # or all processes would drop the same units
            },
            log_level=logging.ERROR,
            experiment_name=f"{training.folder.path.name}-{uuid.uuid4().hex[:8]}",  # mmengine keeps instances by name
        )
        training.tracker = Tracker(training.folder, self.visualizer, training.runtime.log_every, main, quiet)

    def wrap_model(self, model_wrapper_cfg: Any, model: torch.nn.Module) -> torch.nn.Module:
        """Only to the device: what is wrapped depends on the phase."""
        return model.to(self._device())

    def wrap_phase(self, model: torch.nn.Module) -> torch.nn.Module:
        """The captioner as this phase trains it, over all processes."""
        if not self.distributed:
            return model
        device = self._device()
        if self.training.runtime.strategy == "fsdp":
            return sharding.shard(model, device)
        # A phase's updates may each use other parts, so parameters without a gradient are expected.
        wrapped: torch.nn.Module = MMDistributedDataParallel(
            module=model,
            device_ids=[device.index] if device.type == "cuda" else None,
            find_unused_parameters=True,
            broadcast_buffers=False,
        )
        return wrapped

    def dump_config(self) -> None:
        """The run folder holds the config already, as data."""

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        """The run folder holds the versions already."""

    _train_loop: Any

    @property
    def loop(self) -> PhaseLoop:
        """The loop, built at first use."""
        self._train_loop = self.build_train_loop(self._train_loop)
        return self._train_loop  # type: ignore[no-any-return]

    def train(self) -> torch.nn.Module:
        """All phases, with mmengine's hooks around them; the loop builds optimisers and restores itself."""
        self.call_hook("before_run")
        self.loop.run()
        self.call_hook("after_run")
        return self.model  # type: ignore[no-any-return]

    def _device(self) -> torch.device:
        return torch.device(self.training.device)
