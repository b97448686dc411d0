"""mmengine's Runner, with our loop, our checkpoints and our run folder in place of its own."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Sequence

import torch

from vidcap_core.config.schema import Runtime
from vidcap_core.engine import mm, optimizers, sharding
from vidcap_core.engine.phase_loop import PhaseLoop
from vidcap_core.engine.speed import Speed
from vidcap_core.engine.tracking import Tracker, visualizer
from vidcap_core.engine.training import Training


def arithmetic(runtime: Runtime, device: str) -> bool:
    """Set how a GPU multiplies; gives whether results are to be the same each time."""
    on_gpu = device.startswith("cuda")
    deterministic = not on_gpu if runtime.deterministic is None else runtime.deterministic
    if on_gpu:
        torch.set_float32_matmul_precision("high" if runtime.tf32 else "highest")
        torch.backends.cudnn.allow_tf32 = runtime.tf32
        if deterministic:  # else the first product of matrices would fail
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    return deterministic


class CaptionRunner(mm.Runner):
    """Runs phases, with the hooks of the config around them."""

    def __init__(
        self, training: Training, distributed: bool, quiet: bool, hooks: Sequence[mm.Hook] = ()
    ) -> None:
        self.training = training
        super().__init__(
            model=training.captioner,
            work_dir=str(training.folder.path / "mmengine"),
            train_dataloader=[],
            train_cfg={"type": PhaseLoop},
            optim_wrapper=optimizers.build(
                training.captioner, training.recipe.phases, 0, training.runtime.amp
            ),
            default_hooks=dict.fromkeys(mm.DEFAULT_HOOKS),
            custom_hooks=list(hooks),
            launcher="pytorch" if distributed else "none",
            visualizer=visualizer(training.folder, training.runtime.trackers, mm.is_main()),
            randomness={
                "seed": training.recipe.seed,
                "deterministic": arithmetic(training.runtime, training.device),
                "diff_rank_seed": True,  # or all processes would drop the same units
            },
            log_level=logging.ERROR,
            experiment_name=f"{training.folder.path.name}-{uuid.uuid4().hex[:8]}",  # mmengine keeps instances by name
        )
        speed = Speed.here(training.runtime, training.device)
        training.tracker = Tracker(
            training.folder, self.visualizer, training.runtime.log_every, mm.is_main(), quiet, speed
        )

    def wrap_model(self, model_wrapper_cfg: object, model: torch.nn.Module) -> torch.nn.Module:
        """Only to the device: what is wrapped depends on the phase."""
        return model.to(self._device())

    def wrap_phase(self, model: torch.nn.Module) -> torch.nn.Module:
        """The captioner as this phase trains it, over all processes."""
        if not self.distributed:
            return model
        if self.training.runtime.strategy == "fsdp":
            return sharding.shard(model, self._device())
        return mm.over_processes(model, self._device())

    @property
    def loop(self) -> PhaseLoop:
        """The loop, built at first use."""
        return self.train_loop  # type: ignore[no-any-return]

    def train(self) -> torch.nn.Module:
        """All phases, with mmengine's hooks around them; the loop builds optimisers and restores itself."""
        self.call_hook("before_run")
        self.loop.run()
        self.call_hook("after_run")
        return self.model  # type: ignore[no-any-return]

    def _device(self) -> torch.device:
        return torch.device(self.training.device)
