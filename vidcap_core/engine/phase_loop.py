"""The one training loop: a run is its phases in turn, and every method trains through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from vidcap_core.config.recipe import Phase
from vidcap_core.contracts.types import Batch
from vidcap_core.engine import averaging, checks, compiling, feature_cache, mm, optimizers, sharding, state
from vidcap_core.engine.batch_groups import BatchGroups
from vidcap_core.engine.evaluate import evaluate
from vidcap_core.engine.ground import Ground
from vidcap_core.engine.schedule import Plateau, better
from vidcap_core.engine.standing import Standing
from vidcap_core.engine.stopping import Stopping
from vidcap_core.engine.timetable import Timetable
from vidcap_core.engine.unread import UnreadLosses
from vidcap_core.engine.update import Losses, update
from vidcap_core.saved import base, checkpoint


@mm.LOOPS.register_module()
class PhaseLoop(Standing):
    """Runs phase after phase, from wherever `progress` says."""

    runner: Ground

    def __init__(self, runner: Ground, dataloader: Sequence[Batch] = ()) -> None:
        super().__init__(runner, dataloader)
        self.training = runner.training
        self.captioner = self.training.captioner
        self.phases = self.training.recipe.phases
        self.progress = state.Progress()
        self.plateau: Plateau | None = None
        self.average = averaging.average_of(self.training)
        self.table = Timetable(self.training, self.phases)
        self.out_of_time = False
        self.stopping = Stopping(self.training.runtime.max_time)
        self._restored: dict[str, Any] | None = None
        self._unread = UnreadLosses()

    # ---- the run

    def run(self) -> torch.nn.Module:
        """All phases; returns the model."""
        with self.stopping.heeded():
            return self._run()

    def _run(self) -> torch.nn.Module:
        self.runner.call_hook("before_train")
        while self.progress.phase < len(self.phases):
            self._run_phase(self.progress.phase)
            if self.out_of_time:
                self.training.tracker.say(
                    f"{self.stopping.why}; --resume goes on after step {self.progress.step}"
                )
                self.stopping.interrupt_if_asked()
                break
            self.progress.phase += 1
            self.progress.epoch = self.progress.position = self.progress.phase_step = self.progress.waited = 0
            self.progress.phase_best = None
        if not self.out_of_time and not self.progress.done:
            self.progress.done = True
            self._save()
        self.training.tracker.close()
        self.runner.call_hook("after_train")
        return self.runner.model

    def _run_phase(self, index: int) -> None:
        phase = self.phases[index]
        self._enter(index, phase)
        order, steps = self.table.orders[index], self.table.steps(index)
        groups = BatchGroups(self.training, self.dataset, order, phase.accumulate)
        while self.progress.phase_step < steps or not self.progress.closed:
            order.seek(self.progress.epoch, self.progress.position)
            self.runner.call_hook("before_train_epoch")
            for batches in islice(groups, steps - self.progress.phase_step):
                factor = self.table.factor(self.progress) * (self.plateau.scale if self.plateau else 1.0)
                optimizers.set_rates(
                    self.runner.optim_wrapper.optimizer, index - self.progress.optimizer_phase, factor
                )
                losses = self._step(phase, batches)
                self.progress.position += len(batches)
                self.progress.phase_step += 1
                self.progress.step += 1
                self.progress.closed = False
                self._after_step(phase, batches, losses)
                if self.out_of_time:
                    return
            self.runner.call_hook("after_train_epoch")
            if self.progress.position >= order.batches:
                self.progress.epoch += 1
                self.progress.position = 0
            self._after_epoch(phase, steps)
        if phase.keep:
            path, content = self.training.folder.checkpoints / f"keep-{phase.keep}.pt", self._weights()
            mm.on_main(lambda: checkpoint.save(path, content))

    def _step(self, phase: Phase, batches: Sequence[Batch]) -> list[Losses]:
        """The updates of a group of batches."""
        losses: list[Losses] = []
        outputs: dict[str, Tensor] = {}
        share = self.progress.phase_step / self.table.steps(self.progress.phase)
        batches = [replace(batch, progress=share) for batch in batches]
        now = {"batch_idx": self.progress.position // phase.accumulate, "data_batch": batches}
        self.runner.call_hook("before_train_iter", **now)
        self.training.doing = f"step {self.progress.step + 1} of phase {phase.name}"
        first = self.progress.phase_step == 0
        with self.training.tracker.speed.counting(first):
            for names in phase.updates:
                made = update(
                    self.runner.model, self.runner.optim_wrapper, batches, names, self.training.scales
                )
                losses.append(made)
                outputs |= made.values()
        for line in compiling.breaks() if first and self.training.runtime.compile != "off" else ():
            self.training.tracker.say(line)
        if self.average is not None:
            self.average.update_parameters(self.captioner)
        self.runner.call_hook("after_train_iter", **now, outputs=outputs)
        return losses

    def _after_step(self, phase: Phase, batches: Sequence[Batch], losses: list[Losses]) -> None:
        progress, runtime = self.progress, self.training.runtime
        self._unread.add(losses)
        due = progress.step % runtime.log_every == 0 or progress.step == self.table.total
        if due or self.captioner.device.type == "cpu":  # where reading costs nothing
            self._read_losses()
        clips = sum(len(batch) for batch in batches) * mm.world_size()
        lr = max(group["lr"] for group in self.runner.optim_wrapper.optimizer.param_groups)
        self.training.tracker.step(phase.name, progress.step, self.table.total, lr, clips)
        self.out_of_time = self.stopping.due(exchange=due)
        if self.out_of_time or (runtime.save_every and progress.step % runtime.save_every == 0):
            self._save()

    def _read_losses(self) -> None:
        """Tell the tracker what the losses of the last steps were; one that is not finite ends the run."""
        for losses in self._unread.read():
            self.training.tracker.add(losses)
        if note := optimizers.skipped(self.runner.optim_wrapper):
            self.training.tracker.say(note)

    def _after_epoch(self, phase: Phase, steps: int) -> None:
        """Score and save."""
        settings = self.training.evaluate
        last = self.progress.phase_step >= steps
        due = settings.every > 0 and (last or self.progress.epoch % settings.every == 0)
        if phase.best and settings.best is not None and due and self._score():
            self.training.tracker.say(
                f"no better score for {self.progress.waited} evaluations: phase {phase.name} ends"
            )
            self.progress.phase_step = steps  # a resumed run must not start it again
            last = True
        self.progress.closed = True
        if self.training.runtime.save_every is None or last:
            self._save()

    # ---- entering a phase

    def _enter(self, index: int, phase: Phase) -> None:
        """Weights, what trains, model wrapper and optimiser of a phase."""
        restored, self._restored = self._restored, None
        if restored is None and phase.start_from != "last":
            name = "best.pt" if phase.start_from == "best" else f"keep-{phase.start_from}.pt"
            mm.wait_for_all()
            content = checkpoint.load(self.training.folder.checkpoints / name)
            left_out = base.read(content.get("base"), name)
            sharding.set_weights(self.captioner, content["weights"], left_out, name, self.training.base)
            self.average = averaging.average_of(
                self.training
            )  # or it would still be the average of the weights left behind
        self.captioner.choose_training(phase.train, phase.freeze)
        self.captioner.train()
        self.dataset = feature_cache.dataset(self.training, phase)
        self.runner.model = self.runner.wrap_phase(self.captioner)
        fresh = index == 0 or not phase.keeps_optimizer
        if fresh and restored is None:
            self.progress.optimizer_phase = index
        if fresh or restored is not None:
            self.runner.optim_wrapper = optimizers.build(
                self.captioner, self.phases, self.progress.optimizer_phase, self.training.runtime.amp
            )
        plateau = phase.schedule.type == "plateau"
        self.plateau = Plateau(phase.schedule, self.training.evaluate.greater) if plateau else None
        if restored is not None:
            self._restore_after_entering(restored)
        else:
            self.training.tracker.say(
                f"phase {phase.name}: {self.table.steps(index)} steps, "
                f"{optimizers.training_weights(self.captioner)} weights train"
            )
            for note in checks.notes(self.captioner, phase):
                self.training.tracker.say(f"  note: {note}")

    # ---- scoring and saving

    def _score(self) -> bool:
        """Evaluate, keep the best weights; True when there has been no better score for too long."""
        settings = self.training.evaluate
        self._read_losses()  # what diverged is not scored
        self.training.doing = f"scoring {settings.split}"
        self.runner.call_hook("before_val")
        self.runner.call_hook("before_val_epoch")
        model = self.average.module if self.average is not None else self.captioner
        scores = evaluate(model, self.training, settings.split)
        self.captioner.train()
        value = scores.value(settings.best) if scores is not None and settings.best is not None else None
        value, metrics = mm.from_main((value, scores.values if scores is not None else {}))
        if self.plateau is not None and value is not None:
            self.plateau.see(value)
        if scores is not None:
            self.training.tracker.say(
                f"{settings.split}  {scores.line(self.training.folder.scalars.name, settings.best)}"
            )
            for note in scores.notes:
                self.training.tracker.say(f"  note: {note}")
            self.training.tracker.record(
                self.progress.step, {f"{settings.split}/{k}": v for k, v in scores.values.items()}
            )
        waits = not better(value, self.progress.phase_best, settings.greater)
        self.progress.waited = self.progress.waited + 1 if waits else 0
        self.progress.phase_best = self.progress.phase_best if waits else value
        if better(value, self.progress.best, settings.greater):
            self.progress.best, self.progress.best_step = value, self.progress.step
            content = {
                **self._weights(),
                "best": value,
                "step": self.progress.step,
                **self.training.header(),
            }
            mm.on_main(lambda: checkpoint.save(self.training.folder.checkpoints / "best.pt", content))
        self.runner.call_hook(
            "after_val_epoch", metrics=metrics
        )  # only now: a hook may have put other weights in
        self.runner.call_hook("after_val")
        return settings.early_stop is not None and self.progress.waited >= settings.early_stop

    def _weights(self) -> dict[str, Any]:
        """What would be used now: the averaged weights where they are averaged."""
        model = self.average.module if self.average is not None else self.captioner
        return self.training.stored(sharding.weights(model))

    def _save(self) -> None:
        self._read_losses()  # what diverged is not saved
        path = self.training.folder.checkpoints / f"step-{self.progress.step:08d}.pt"
        states = mm.gather(state.random_state())
        weights = sharding.weights(self.captioner)
        self.training.compare_base(weights, again=self.progress.done)
        content = {
            **self.training.header(),
            "progress": self.progress.state(),
            **self.training.stored(weights),
            "average": averaging.state_of(self.average, self.training.base),
            "optimizer": sharding.optimizer_state(self.captioner, self.runner.optim_wrapper),
            "plateau": self.plateau.state() if self.plateau else None,
            "random": states,
            "logged": self.training.tracker.state(),
        }

        def write() -> None:
            checkpoint.save(path, content)
            checkpoint.prune(self.training.folder.checkpoints, self.training.runtime.keep)

        mm.on_main(write)

    def restore(self, content: dict[str, Any]) -> None:
        """Go on from a checkpoint: weights now, optimiser and random state when the phase is entered."""
        left_out = base.read(content.get("base"), "the checkpoint")
        base.put(self.captioner, content["weights"], left_out, "the checkpoint")
        self.training.base = dict(left_out)
        self.progress = state.Progress(**content["progress"])
        averaging.restore(self.average, content["average"], left_out)
        self.training.tracker.start(**content["logged"])
        self._restored = content

    def _restore_after_entering(self, content: dict[str, Any]) -> None:
        sharding.set_optimizer_state(self.captioner, self.runner.optim_wrapper, content["optimizer"])
        if self.plateau is not None and content["plateau"] is not None:
            self.plateau.restore(content["plateau"])
        if note := state.restore_random(content["random"], mm.rank(), mm.world_size()):
            self.training.tracker.say(note)
