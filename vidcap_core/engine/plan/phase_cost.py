"""What one step of a phase takes, measured: the real update runs on tensors that have shapes and no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from vidcap_core.config.recipe import Phase
from vidcap_core.contracts.dataset import is_stream
from vidcap_core.contracts.types import Batch, Stream, each
from vidcap_core.engine import mm, optimizers
from vidcap_core.engine.data import Collate
from vidcap_core.engine.lanes import first_samples
from vidcap_core.engine.plan.meter import Meter
from vidcap_core.engine.plan.small_values import SmallValues
from vidcap_core.engine.training import Training
from vidcap_core.engine.update import update
from vidcap_core.errors import UserError


@dataclass(frozen=True, slots=True)
class PhaseCost:
    """One process's share of one step."""

    name: str
    clips: int  # of all its batches
    words: int  # targets of all its batches, padding left out
    weights: int  # bytes of all parameters and buffers
    trains: int  # bytes of the parameters that train: as much for their gradients
    optimizer: int  # bytes of its state
    activations: int  # bytes that the forward pass keeps for the backward pass
    peak: int  # bytes at the moment of most
    flops: int
    moved: int  # bytes that its operations read and write
    operations: int
    data: int  # bytes of a batch

    @property
    def state(self) -> int:
        """Bytes of weights, gradients and the optimiser's state."""
        return self.weights + self.trains + self.optimizer


class Shadow:
    """A captioner without data: its parts are those of `training`, with shapes in place of numbers."""

    def __init__(self, training: Training) -> None:
        self.training, self.mode = training, FakeTensorMode(allow_non_fake_inputs=True)
        self.values = SmallValues(self.mode)
        for module in training.captioner.modules():
            for held in (module._parameters, module._buffers):
                for name, value in held.items():
                    if value is not None:
                        held[name] = self.values.shadow(value)  # type: ignore[assignment]

    def cost(self, phase: Phase, world: int) -> PhaseCost:
        """One step of a phase on one of `world` processes."""
        try:
            return self._cost(phase, world)
        except torch._subclasses.fake_tensor.DynamicOutputShapeException as error:
            raise _needs_values(phase, error) from error
        except torch._subclasses.fake_tensor.DataDependentOutputException as error:
            raise _needs_values(phase, error) from error

    def _cost(self, phase: Phase, world: int) -> PhaseCost:
        captioner, training = self.training.captioner, self.training
        captioner.choose_training(phase.train, phase.freeze)
        captioner.train()
        batches = [self._batch(phase, number, world) for number in range(phase.accumulate)]
        words = sum(int(b.token_mask.sum()) - len(b) for b in batches if b.token_mask is not None)
        size = sum(_nbytes(batch) for batch in batches)
        with self.mode:
            with self.values:
                shadows = [self._cached(batch._moved(self._shadow), phase) for batch in batches]
                wrapper = optimizers.build(captioner, [phase], 0, training.runtime.amp)
                for names in phase.updates:  # the first step makes the optimiser's state
                    update(captioner, wrapper, shadows, names, training.scales)
            held = [p for p in captioner.parameters() if p.requires_grad]
            meter = Meter()
            weights = meter.hold([*captioner.parameters(), *captioner.buffers()])
            state = meter.hold(
                value
                for moments in wrapper.optimizer.state.values()
                for value in moments.values()
                if isinstance(value, Tensor)
            )
            meter.hold(value for batch in shadows for value in _tensors(batch))
            meter.start_again()
            kept = _noted(wrapper, meter)
            with FlopCounterMode(display=False) as flops, meter, self.values:
                for names in phase.updates:
                    update(captioner, wrapper, shadows, names, training.scales)
        trains = sum(p.numel() * p.element_size() for p in held)
        return PhaseCost(
            name=phase.name,
            clips=sum(map(len, batches)),
            words=words,
            weights=weights,
            trains=trains,
            optimizer=state,
            activations=max(kept),
            peak=meter.peak,
            flops=flops.get_total_flops(),
            moved=meter.moved,
            operations=meter.operations,
            data=size,
        )

    def _batch(self, phase: Phase, number: int, world: int) -> Batch:
        """Samples of the training data, this process's share of a batch."""
        training = self.training
        data, share = training.dataset(phase), max(1, phase.batch // world)
        if is_stream(data):
            samples = first_samples(data, (number + 1) * share)[-share:]
        else:
            order = np.random.default_rng(0).permutation(len(data))
            chosen = [int(order[(number * share + k) % len(data)]) for k in range(share)]
            samples = [data.get(index, np.random.default_rng([0, index])) for index in chosen]
        collate = Collate(training.tokenizer, training.recipe.decoding.max_words, training.captioner.prepare)
        return replace(collate(samples), progress=0.5)

    def _shadow(self, value: object) -> object:
        return each(value, "requires_grad_", self.values.shadow)

    def _cached(self, batch: Batch, phase: Phase) -> Batch:
        """With the streams that the phase finds in its cache, which nobody encodes again."""
        if not phase.cache:
            return batch
        with torch.no_grad():
            made = self.training.captioner.streams(batch)
            streams: Mapping[str, Stream] = {name: made[name] for name in phase.cache}
        return replace(batch, streams={**batch.streams, **streams})


def _noted(wrapper: mm.OptimWrapper, meter: Meter) -> list[int]:
    """A list of what each forward pass of a wrapper's updates kept, in bytes."""
    kept: list[int] = []
    backward, before = wrapper.backward, meter.now

    def note(loss: Tensor) -> None:
        kept.append(meter.now - before)
        backward(loss)

    wrapper.backward = note
    return kept


def _needs_values(phase: Phase, error: Exception) -> UserError:
    return UserError(
        f"phase '{phase.name}' cannot be measured: what it does depends on values, and here are shapes alone "
        f"({' '.join(str(error).split())[:120]})",
        hint="vidcap plan of a phase that has no texts written; or the log of a run of a few steps",
    )


def _tensors(batch: Batch) -> list[Tensor]:
    found: list[Tensor] = []

    def find(item: Tensor) -> Tensor:
        found.append(item)
        return item

    batch._moved(lambda value: each(value, "requires_grad_", find))
    return found


def _nbytes(batch: Batch) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in _tensors(batch))
