"""What a config may say besides components: small dataclasses whose fields are the keys, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from vidcap_core.errors import ConfigError
from vidcap_core.zoo.arguments import at_least


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of training: which losses, which parts train, for how long."""

    losses: list[str] = field(
        default_factory=list
    )  # names in `losses`; may stay empty when `updates` says them
    updates: list[list[str]] | None = None  # several updates a batch, each with its own losses
    epochs: int | None = None  # how long: epochs, or steps
    steps: int | None = None  # how long: steps, or epochs
    train: list[str] | None = None  # parts that train (`head`, `encoders.video`, `head.mapper`); None: all
    freeze: list[str] = field(default_factory=list)  # parts that do not
    groups: list[dict[str, Any]] = field(
        default_factory=list
    )  # dict(parts=[...], lr_mult=..., weight_decay=...)
    data: dict[str, Any] | None = None  # keys that replace those of data.train
    cache: list[str] = field(default_factory=list)  # frozen encoders whose features are made once
    batch: int | None = None  # else runtime.batch
    accumulate: int | None = None  # else runtime.accumulate
    optimizer: Literal["keep", "fresh"] | dict[str, Any] = (
        "fresh"  # keep: with its moments; a dict: changed arguments
    )
    schedule: dict[str, Any] | None = None  # else the config's schedule
    clip_grad: float | None = None  # this or clip_value: else what runtime says of both
    clip_value: float | None = None  # the gradients' values at most
    best: bool = True  # whether the best weights may come from this phase
    start_from: Literal["last", "best"] | str = "last"  # weights it starts with, or a kept copy's name
    keep: str | None = None  # keep a named copy of the weights at its end

    def __post_init__(self) -> None:
        at_least(1, epochs=self.epochs, steps=self.steps, batch=self.batch, accumulate=self.accumulate)
        if self.keep is not None:
            check_name(self.keep)
        check_clipping(self.clip_grad, self.clip_value)
        if self.optimizer == "keep" and (self.clip_grad or self.clip_value):
            raise ConfigError("a phase that keeps the optimiser keeps how gradients are clipped, too")
        if self.updates is not None and not all(self.updates):
            raise ConfigError("each of `updates` needs at least one loss")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the learning rate moves: over each phase, or over the whole run."""

    type: Literal["constant", "linear", "cosine", "exponential", "inverse_time", "plateau"] = (
        "constant"  # its course
    )
    warmup: float = 0.0  # below 1: a share of the span; else steps
    floor: float = 0.0  # lowest multiple of the base rate (linear, cosine)
    gamma: float = 1.0  # exponential: factor a unit
    delta: float = 0.5  # inverse_time: r0 / (1 + delta * unit)
    factor: float = 0.5  # plateau: factor after `patience` evaluations without a better score
    patience: int = 3  # plateau: evaluations that it waits
    unit: Literal["step", "epoch"] = "step"  # exponential, inverse_time: what is counted
    span: Literal["phase", "run"] = "phase"  # whether it starts again with each phase

    def __post_init__(self) -> None:
        at_least(
            0, warmup=self.warmup, floor=self.floor, delta=self.delta, gamma=self.gamma, factor=self.factor
        )
        at_least(1, patience=self.patience)


@dataclass(frozen=True, slots=True)
class Evaluate:
    """When and how a run is scored."""

    split: str = "val"  # what is scored while training
    metrics: list[str | dict[str, Any]] = field(
        default_factory=lambda: ["bleu", "meteor", "rouge", "cider-d"]  # what scores it
    )
    every: int = 1  # epochs; 0: only at the end
    best: str | None = "cider-d"  # the value that picks the best checkpoint
    greater: bool = True  # whether a greater value is better
    early_stop: int | None = None  # evaluations without a better score
    batch: int | None = None  # else runtime.batch
    panels: int = 16  # clips whose panels go into the report

    def __post_init__(self) -> None:
        at_least(0, every=self.every, panels=self.panels)
        at_least(1, early_stop=self.early_stop, batch=self.batch)


@dataclass(frozen=True, slots=True)
class Runtime:
    """How a run uses the machine."""

    batch: int = 16  # over all processes
    workers: int | None = None  # data workers a process; None: none on a CPU, up to 8 with a GPU
    accumulate: int = 1  # batches an update
    clip_grad: float | None = None  # global norm
    clip_value: float | None = None  # the gradients' values at most
    amp: Literal["off", "bf16", "fp16"] = "off"  # mixed precision
    ema: float | None = None  # decay of the averaged weights
    log_every: int = 10  # steps
    save_every: int | None = None  # steps; None: at the end of each epoch
    keep: int = 2  # checkpoints besides the best one
    save: Literal["all", "trained"] = "all"  # trained: what never trains is named and hashed, not stored
    max_time: float | None = None  # minutes of training, from each start
    trackers: list[Literal["tensorboard", "wandb"]] = field(default_factory=list)  # besides the run's own log
    strategy: Literal["ddp", "fsdp"] = "ddp"  # fsdp is experimental
    deterministic: bool | None = None  # the same bits each time; None: on a CPU, where it costs nothing
    compile: Literal["off", "default", "max-autotune"] = (
        "off"  # encoders, forward pass and step by torch.compile
    )
    checkpointing: bool = False  # of networks that can: activations are computed again, not kept
    tf32: bool = False  # float32 products with 10 bits of mantissa, on GPUs that can

    def __post_init__(self) -> None:
        at_least(0, workers=self.workers, max_time=self.max_time)
        at_least(1, batch=self.batch, accumulate=self.accumulate, log_every=self.log_every, keep=self.keep)
        at_least(1, save_every=self.save_every)
        check_clipping(self.clip_grad, self.clip_value)


@dataclass(frozen=True, slots=True)
class StartFrom:
    """Weights that a run starts with; resuming goes on with its own."""

    run: str  # a run folder (its best weights), a bundle, or a checkpoint file
    parts: list[str] | None = None  # `head`, `encoders.video`, `head.gru`; None: all but losses
    strict: bool = True  # whether every weight of the parts must be found there


def check_name(name: str) -> None:
    """Refuse what cannot name a phase or a copy of weights, for a file is named after it."""
    if not name.replace("-", "_").isidentifier():
        raise ConfigError(f"'{name}' is no name: letters, digits, - and _")


def check_clipping(clip_grad: float | None, clip_value: float | None) -> None:
    """Refuse clipping to nothing, and both ways at once."""
    for name, value in (("clip_grad", clip_grad), ("clip_value", clip_value)):
        if value is not None and value <= 0:
            raise ConfigError(f"{name} must be above 0, not {value}")
    if clip_grad is not None and clip_value is not None:
        raise ConfigError("clip_grad and clip_value exclude each other")


SECTIONS: dict[str, str] = {
    "method": "the card this config belongs to",
    "seed": "the seed of everything random",
    "data": "train, val and test datasets",
    "tokenizer": "text to ids and back",
    "encoders": "name -> encoder",
    "extract": "stream -> the encoder that makes it from a raw file, where training reads it from a cache",
    "head": "the part a paper invents",
    "losses": "name -> loss, each with an optional `scale`",
    "phases": "name -> a stretch of training, in their order",
    "start_from": "weights of another run to start with: run, parts, strict",
    "optimizer": "type, lr and the optimiser's own arguments",
    "schedule": "how the learning rate moves",
    "generate": "decode settings; `kinds` for other kinds of view",
    "evaluate": "when and how the run is scored",
    "runtime": "how the run uses the machine",
    "hooks": "mmengine hooks that are called while it trains",
}

KINDS: dict[str, type] = {
    "data": dict,
    "encoders": dict,
    "extract": dict,
    "losses": dict,
    "phases": dict,
    "hooks": list,
    "start_from": dict,
    "seed": int,
    "method": str,
}
"""What a section must be, where no component says it."""
