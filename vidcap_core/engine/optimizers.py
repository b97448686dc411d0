"""Which parameters an optimiser holds, in which groups, and at which rate in which phase."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import torch
from torch.nn.parallel import DistributedDataParallel

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.recipe import Clipping, Phase
from vidcap_core.engine import registries
from vidcap_core.engine.mm import AmpOptimWrapper, OptimWrapper
from vidcap_core.errors import ConfigError, UserError
from vidcap_metrics.counted import counted

Settings = tuple[float, float | None]
"""(multiple of the base rate, weight decay or None for the optimiser's own)"""


class PlainWrapper(OptimWrapper):  # type: ignore[misc]
    """An optimiser wrapper that does not have the host wait for the norm of the gradients."""

    def _clip_grad(self) -> None:
        held = [p for group in self.optimizer.param_groups for p in group["params"]]
        if held := [p for p in held if p.requires_grad and p.grad is not None]:
            self.clip_func(held, **self.clip_grad_kwargs)


class Bf16Wrapper(PlainWrapper):
    """bf16 autocast. Its range is that of float32, so no loss is scaled and no step skipped."""

    def __init__(self, device: str, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.device = device

    def optim_context(self, model: torch.nn.Module) -> AbstractContextManager[Any]:
        """Autocast around the forward pass."""
        return autocast("bf16", self.device)


class Fp16Wrapper(AmpOptimWrapper):  # type: ignore[misc]
    """fp16 autocast with a scaled loss; a step whose gradients overflow is skipped, and the scale halved."""

    def __init__(self, **named: Any) -> None:
        super().__init__(loss_scale="dynamic", dtype="float16", **named)
        self._scale: float | None = None

    def skipped(self) -> int:
        """How many steps were skipped since this was last asked, at least; the host waits for the scale."""
        before, self._scale = self._scale, float(self.loss_scaler.get_scale())
        return round(math.log2(before / self._scale)) if before and 0 < self._scale < before else 0


def skipped(wrapper: OptimWrapper) -> str | None:
    """That fp16 skipped steps since this was last asked, for people; None where it did not."""
    if not isinstance(wrapper, Fp16Wrapper) or not (count := wrapper.skipped()):
        return None
    steps = counted(count, "step")
    return f"note: fp16 overflowed, and at least {steps} changed no weights; bf16 has the range of float32"


def autocast(amp: Literal["off", "bf16", "fp16"], device: str) -> AbstractContextManager[Any]:
    """Mixed precision as in training, for what is only looked at."""
    if amp == "off":
        return nullcontext()
    return torch.autocast(device, dtype=torch.bfloat16 if amp == "bf16" else torch.float16)


def chain(phases: Sequence[Phase], index: int) -> list[Phase]:
    """The phases that share the optimiser of phase `index`: it and the following ones that keep it."""
    shared = [phases[index]]
    for phase in phases[index + 1 :]:
        if not phase.keeps_optimizer:
            break
        shared.append(phase)
    return shared


def settings_of(captioner: Captioner, phase: Phase) -> dict[str, Settings]:
    """For each parameter that a phase trains, its rate multiple and weight decay; later groups win."""
    trains = captioner.trained(phase.train, phase.freeze)
    result: dict[str, Settings] = dict.fromkeys(trains, (1.0, None))
    for group in phase.groups:
        for name in captioner.parts(group.parts) & trains:
            rate, decay = result[name]
            result[name] = (
                rate if group.lr_mult is None else group.lr_mult,
                decay if group.weight_decay is None else group.weight_decay,
            )
    return result


def check(captioner: Captioner, phases: Sequence[Phase]) -> None:
    """Refuse what an optimiser would refuse at its first step, or when its phase begins."""
    for index, phase in enumerate(phases):
        if index and phase.keeps_optimizer:
            continue
        held = {name for other in chain(phases, index) for name in settings_of(captioner, other)}
        if not held:
            raise _trains_nothing(phase)
        where = f"phase '{phase.name}': {phase.optimizer.type}"
        kind = registries.optimizer_class(phase.optimizer.type)
        parameters = {name: p for name, p in captioner.named_parameters() if name in held}
        if issubclass(kind, torch.optim.Muon):
            _refuse(where, "takes matrices alone", {n: p for n, p in parameters.items() if p.ndim != 2})
        if issubclass(kind, torch.optim.SparseAdam):
            sparse = _sparse(captioner)
            dense = {name: p for name, p in parameters.items() if id(p) not in sparse}
            _refuse(where, "takes the gradients of sparse embeddings alone", dense)
        registries.build_optimizer([{"params": list(parameters.values())}], phase.optimizer)


def _trains_nothing(phase: Phase) -> UserError:
    return UserError(
        f"phase '{phase.name}' trains nothing: `freeze` covers all parameters that `train` names"
    )


def _refuse(where: str, takes: str, others: Mapping[str, torch.nn.Parameter]) -> None:
    if others:
        some = ", ".join(f"{name} {list(p.shape)}" for name, p in list(others.items())[:3])
        more = ", ..." if len(others) > 3 else ""
        raise ConfigError(
            f"{where} {takes}, and it would also train {len(others)} other parameters: {some}{more}",
            hint="AdamW, which takes all; or `train` and `freeze` of the phase, so that none of these trains",
        )


def _sparse(captioner: Captioner) -> set[int]:
    """Parameters whose gradients are sparse."""
    tables = (torch.nn.Embedding, torch.nn.EmbeddingBag)
    return {id(part.weight) for part in captioner.modules() if isinstance(part, tables) and part.sparse}


def build(
    captioner: Captioner, phases: Sequence[Phase], index: int, amp: Literal["off", "bf16", "fp16"]
) -> OptimWrapper:
    """A fresh optimiser for a phase and those that keep it, holding every parameter that any of them trains."""
    per_phase = [settings_of(captioner, phase) for phase in chain(phases, index)]
    groups: dict[tuple[Settings | None, ...], list[str]] = defaultdict(list)
    for name, _ in captioner.named_parameters():
        signature = tuple(settings.get(name) for settings in per_phase)
        if any(signature):
            groups[signature].append(name)
    if not groups:
        raise _trains_nothing(phases[index])
    parameters = dict(captioner.named_parameters())
    built = registries.build_optimizer(
        [{"params": [parameters[n] for n in names]} for names in groups.values()],
        phases[index].optimizer,
        fused=captioner.device.type == "cuda",
    )
    for group, signature in zip(built.param_groups, groups, strict=True):
        group["vidcap_phases"] = [list(s) if s else None for s in signature]
        group["vidcap_base"] = [group["lr"], group.get("weight_decay", 0.0)]
    clip = _clipping(phases[index].clipping)
    if amp == "off":
        return PlainWrapper(built, clip_grad=clip)
    device = captioner.device.type
    if amp == "bf16":
        if device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise UserError(
                "this GPU has no bf16", hint="--set runtime.amp='fp16', or --set runtime.amp='off'"
            )
        return Bf16Wrapper(device, built, clip_grad=clip)
    if device != "cuda":
        raise UserError("fp16 needs a GPU", hint="--amp bf16, or --amp off")
    return Fp16Wrapper(optimizer=built, clip_grad=clip)


def _clipping(clipping: Clipping | None) -> dict[str, Any] | None:
    """As mmengine's wrapper wants it."""
    if clipping is None:
        return None
    if clipping.norm is not None:
        return {"type": "norm", "max_norm": clipping.norm}
    return {"type": "value", "clip_value": clipping.value}


def set_rates(optimizer: torch.optim.Optimizer, index: int, factor: float) -> None:
    """Rates of the phase at `index` in its chain, times the schedule's factor."""
    for group in optimizer.param_groups:
        settings = group["vidcap_phases"][index]
        base_lr, base_decay = group["vidcap_base"]
        if settings is None:  # held for another phase: its parameters have no gradient now
            group["lr"] = 0.0
            continue
        group["lr"] = base_lr * settings[0] * factor
        if "weight_decay" in group:
            group["weight_decay"] = base_decay if settings[1] is None else settings[1]


def training_weights(captioner: Captioner) -> str:
    """How many numbers train, for people."""
    count = sum(p.numel() for p in captioner.parameters() if p.requires_grad)
    return f"{count / 1e6:.2f} M" if count >= 10_000 else str(count)


def no_sync(model: torch.nn.Module, last: bool) -> AbstractContextManager[Any]:
    """Gradients are exchanged between processes with the last batch of an accumulation only."""
    if last or not isinstance(model, DistributedDataParallel):
        return nullcontext()
    return model.no_sync()
