"""Checks of a loss on what the head of its config gives: (sum, weight), masks, gradients."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vidcap_core.contracts.head import Output
from vidcap_core.contracts.loss import Loss
from vidcap_core.contracts.types import Batch, Named
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Checks, Skipped, expect
from vidcap_core.testing.parts import Parts, garbage, only, quiet

TOLERANCE = 1e-4
CLIPS = 4


@dataclass(frozen=True)
class Subject:
    """A loss, and the captioner of the config that reads it; watched: it is only written down (`scale=0`)."""

    loss: Loss
    parts: Parts
    watched: bool = False

    def output(self, batch: Batch) -> Output:
        """What the head gives of what the loss reads."""
        if not self.loss.reads:
            raise Skipped("it reads no output: it has texts written, by chance")
        captioner = self.parts.captioner.eval()
        try:
            torch.manual_seed(0)
            return captioner.head(captioner.streams(batch), batch, self.loss.reads)  # type: ignore[no-any-return]
        except UserError as error:
            raise Skipped(f"the head of the toy config does not give what it reads: {error.line}") from None

    def of(self, batch: Batch) -> tuple[float, float]:
        """Sum and weight of a batch."""
        total, weight = quiet(self.loss, quiet(self.output, batch), batch)
        return float(total), float(weight)


def finite(subject: Subject) -> None:
    """Sum and weight are single numbers, finite, and the weight is not negative."""
    batch = subject.parts.batch(CLIPS)
    given = quiet(subject.loss, quiet(subject.output, batch), batch)
    changed = f"the loss of {CLIPS} clips"
    expect(
        isinstance(given, tuple) and len(given) == 2,
        changed,
        f"that it is (sum, weight); it is {type(given).__name__}",
    )
    for name, value in zip(("sum", "weight"), given, strict=True):
        single = not isinstance(value, Tensor) or value.dim() == 0
        expect(
            single and math.isfinite(float(value)),
            changed,
            f"that the {name} is one finite number; it is {value}",
        )
    expect(float(given[1]) > 0, changed, f"that something is weighed; the weight is {float(given[1]):g}")


def additive(subject: Subject) -> None:
    """Sums and weights of the clips of a batch, added, are those of the batch: the engine adds before it divides."""
    if getattr(subject.loss, "gathers", False):
        raise Skipped("it gathers: it looks at all clips at once")
    batch = subject.parts.batch(CLIPS)
    whole = subject.of(batch)
    halves = [subject.of(only(batch, index)) for index in range(len(batch))]
    for name, value, others in zip(("sum", "weight"), whole, zip(*halves, strict=True), strict=True):
        expect(
            math.isclose(value, sum(others), rel_tol=TOLERANCE, abs_tol=TOLERANCE),
            f"a batch of {len(batch)} cut into its clips",
            f"the {name} of all; {value:.6g} became {sum(others):.6g} (a mean, not a sum? padding that counts?)",
        )


def masked(subject: Subject) -> None:
    """Garbage where an output's mask is off, in its value or else its target, changes nothing."""
    batch = subject.parts.batch(CLIPS)
    output = quiet(subject.output, batch)
    partial = {
        name: named
        for name, named in output.items()
        if named.mask is not None and not bool(named.mask.bool().all())
    }
    if not partial:
        raise Skipped("no output that it reads has a mask with something off")
    noisy = {name: other for name, named in partial.items() if (other := _garbled(named)) is not None}
    if not noisy:
        raise Skipped("; ".join(f"{name}: {_shapes(named)}" for name, named in partial.items()))
    before = quiet(subject.loss, output, batch)
    after = quiet(subject.loss, Output(**{**output, **noisy}), batch)
    for name, first, second in zip(("sum", "weight"), before, after, strict=True):
        expect(
            math.isclose(float(first), float(second), rel_tol=TOLERANCE, abs_tol=TOLERANCE),
            f"garbage in what the mask of {', '.join(noisy)} leaves out",
            f"the {name}; {float(first):.6g} became {float(second):.6g}",
        )


def reaches(subject: Subject) -> None:
    """A gradient reaches the outputs that it reads."""
    if subject.watched:
        raise Skipped("it is only watched: its scale is 0")
    batch = subject.parts.batch(CLIPS)
    parts = _leaves(subject.output(batch))
    total, weight = subject.loss(Output(**parts), batch)
    expect(
        bool(torch.as_tensor(total).requires_grad),
        "one step back from the loss",
        "that the sum has a gradient; it was detached",
    )
    expect(
        not torch.as_tensor(weight).requires_grad,
        "one step back from the loss",
        "that the weight has no gradient: it is a count",
    )
    if not float(total.detach()):
        raise Skipped("it is 0 on the toy clips: there is nothing to learn")
    total.backward()
    dead = [
        name
        for name, named in parts.items()
        if named.value.is_floating_point() and not _moved(named.value.grad)
    ]
    expect(
        len(dead) < len(parts),
        "one step back from the loss",
        f"that a gradient reaches {', '.join(parts)}; none does",
    )


CHECKS: Checks = {
    "(sum, weight)": finite,
    "additive": additive,
    "masked outputs": masked,
    "gradient": reaches,
}


def _leaves(output: Output) -> dict[str, Named]:
    """Outputs as leaves, so that gradients can be read."""
    return {
        name: replace(named, value=named.value.detach().requires_grad_(named.value.is_floating_point()))
        for name, named in output.items()
    }


def _moved(gradient: Tensor | None) -> bool:
    return gradient is not None and bool(gradient.any())


def _garbled(named: Named) -> Named | None:
    """The output with garbage in what its mask leaves out of value, or else of target; None: it fits neither."""
    assert named.mask is not None
    mask = named.mask.bool()
    if _fits(mask, named.value):
        return replace(
            named, value=torch.where(_spread(mask, named.value), named.value, garbage(named.value))
        )
    target = named.target
    if target is None or not _fits(mask, target):
        return None
    noise = garbage(target) if target.is_floating_point() else target.roll(1, dims=0)  # ids that exist
    return replace(named, target=torch.where(_spread(mask, target), target, noise))


def _fits(mask: Tensor, tensor: Tensor) -> bool:
    return tensor.shape[: mask.dim()] == mask.shape


def _spread(mask: Tensor, tensor: Tensor) -> Tensor:
    return mask.reshape(*mask.shape, *[1] * (tensor.dim() - mask.dim()))


def _shapes(named: Named) -> str:
    parts = {"mask": named.mask, "value": named.value, "target": named.target}
    shapes = {name: "None" if part is None else str(list(part.shape)) for name, part in parts.items()}
    return f"the mask {shapes['mask']} fits neither the value {shapes['value']} nor the target {shapes['target']}"
