"""The conformance kit: what every plugin promises, checked on its own `toy` config and component by component."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from vidcap_core.config.validate import load_recipe, validate
from vidcap_core.errors import UserError
from vidcap_core.testing import journey
from vidcap_core.testing.check import Broken, Check, Skipped, checked, listed, run, what_was_raised
from vidcap_core.testing.checks import (
    bundles,
    commands,
    datasets,
    devices,
    encoders,
    files,
    heads,
    learning,
    losses,
    metrics,
    panels,
    tokenizers,
    transforms,
)
from vidcap_core.testing.checks import plugins as packages
from vidcap_core.testing.components import Declared, Use
from vidcap_core.testing.parts import Parts, limited
from vidcap_core.testing.tiny import TinyClips
from vidcap_core.tokenizers.vocabulary import Vocabulary
from vidcap_core.zoo import plugins, registry

CONFIG = "toy"
"""The config that every plugin with a head has to be checked by: on the built-in toy data, in minutes on a CPU."""
CAPTIONER = {**heads.CHECKS, **files.CHECKS, **panels.CHECKS, **devices.CHECKS, **learning.CHECKS}
"""Checks of a whole captioner."""
JOURNEY = "run, bundle, files"


def conform(name: str) -> list[Check]:
    """Run every check on an installed plugin; a broken promise hides no other."""
    name = plugins.get(name).name
    checks = run(packages.CHECKS, name)
    declared = Declared(name)
    parts: Parts | None = None
    try:
        parts = _parts(declared)
    except Skipped as skipped:
        checks.append(Check("captioner", None, reason=str(skipped)))
    except Broken as broken:
        checks.append(Check("captioner", False, broken.changed, broken.unmoved))
    except Exception as error:
        checks.append(Check("captioner", False, reason=what_was_raised(error), raised=True))
    if parts is not None:
        head = type(parts.captioner.head).__name__
        checks += run(CAPTIONER, parts, f"head {head}")
        checks.append(checked(JOURNEY, journey.round_trip, parts.recipe.config))
    for kind, components in declared.plugin.components.items():
        for component in components:
            checks += _component(declared, kind, component, parts)
    for command in declared.plugin.commands:
        checks += run(commands.CHECKS, command, f"command {command}")
    for model, folder in declared.plugin.bundles().items():
        checks += run(bundles.CHECKS, folder, f"bundle {model}")
    return checks


def check_plugin(name: str) -> None:
    """For a plugin's own test: raise with all broken promises."""
    lines = list(listed(check for check in conform(name) if check.ok is False))
    if lines:
        raise AssertionError("\n".join([f"the plugin '{name}' breaks promises:", *lines]))


def check_metric(build: Callable[[], Any]) -> None:
    """For a test of a metric that no config can build, as it needs weights: raise with its broken promises."""
    broken = [check for check in run(metrics.CHECKS, metrics.Subject(build), "metric") if check.ok is False]
    if broken:
        raise AssertionError("\n".join(["the metric breaks promises:", *listed(broken)]))


def report(checks: list[Check]) -> Iterator[str]:
    """A line a check, one or two more for what is broken, and a summary."""
    yield from listed(checks)
    counts = [sum(check.ok is ok for check in checks) for ok in (True, False, None)]
    yield f"{counts[0]} kept, {counts[1]} broken, {counts[2]} skipped"


def _parts(declared: Declared) -> Parts:
    """The captioner of the toy config."""
    if CONFIG not in declared.names:
        if declared.plugin.components.get("heads"):
            raise Broken(
                f"the plugin's heads, in {declared.plugin.name}/{CONFIG}",
                f"that they can be checked; there is no configs/{CONFIG}.py on the built-in toy data",
            )
        raise Skipped(f"the plugin brings no head, and no configs/{CONFIG}.py")
    return Parts(load_recipe(f"{declared.plugin.name}/{CONFIG}"))


def _component(declared: Declared, kind: str, name: str, parts: Parts | None) -> list[Check]:
    """The checks of one component, as a config builds it."""
    of = f"{registry.REGISTRIES[kind].noun} {name}"
    try:
        if kind == "heads":
            return _other_head(declared, name, of, parts)
        use = declared.use(kind, name)
        return run(CHECKS[kind], SUBJECTS[kind](use, parts), of, may_refuse=True)
    except Skipped as skipped:
        return [Check("all", None, reason=str(skipped), of=of)]
    except UserError as error:
        return [Check("all", None, reason=f"it refuses: {error.line}", of=of)]
    except Exception as error:
        return [Check("built", False, reason=what_was_raised(error), of=of, raised=True)]


def _other_head(declared: Declared, name: str, of: str, parts: Parts | None) -> list[Check]:
    """A head that the toy config does not have."""
    target = registry.HEADS.load(f"{declared.plugin.name}.{name}")
    if parts is not None and type(parts.captioner.head) is target:
        return []
    for config in declared.configs:
        if config.name.startswith(f"{declared.plugin.name}/{CONFIG}_"):
            recipe = validate(config)
            if recipe.head.target is target:
                return run(CAPTIONER, Parts(recipe), of)
    return [Check("all", None, reason=f"no config named {CONFIG} or {CONFIG}_... has it", of=of)]


def _encoder(use: Use, parts: Parts | None) -> encoders.Subject:
    subject = encoders.Subject(use.component.build)
    if parts is not None:
        subject = encoders.Subject(use.component.build, parts.dataset, parts.streams_of)
    subject.encoder.eval()  # where it cannot be built here, that is said once
    return subject


def _loss(use: Use, parts: Parts | None) -> losses.Subject:
    if parts is None:
        raise Skipped("there is no captioner whose outputs it could read")
    loss = use.component.build(tokenizer=parts.tokenizer)
    if hasattr(loss, "fit"):
        loss.fit(parts.dataset)
    subject = losses.Subject(loss, parts, watched=float(use.node.get("scale", 1.0)) == 0)
    subject.output(parts.batch(2))  # where the head does not give it, that is said once
    return subject


def _dataset(use: Use, parts: Parts | None) -> datasets.Subject:
    subject = datasets.Subject(limited(use.component).build)
    len(subject.dataset)  # where it cannot be read here, that is said once
    return subject


def _metric(use: Use, parts: Parts | None) -> metrics.Subject:
    return metrics.Subject(use.component.build)


def _tokenizer(use: Use, parts: Parts | None) -> tokenizers.Subject:
    captions = list((parts.dataset if parts is not None else TinyClips()).captions())
    tokenizer = use.component.build()
    if hasattr(tokenizer, "fit"):
        tokenizer.fit(captions)
    return tokenizers.Subject(tokenizer, captions)


def _transform(use: Use, parts: Parts | None) -> transforms.Subject:
    if parts is None:
        clips, words = TinyClips(), Vocabulary()
        words.fit(clips.captions())
        return transforms.Subject(use.component.build(), clips, words)
    bare = {"transforms": None} if "transforms" in parts.recipe.data["train"].arguments else {}
    dataset = limited(parts.recipe.data["train"]).changed(**bare).build()
    return transforms.Subject(use.component.build(), dataset, parts.tokenizer)


SUBJECTS: dict[str, Callable[[Use, Parts | None], Any]] = {
    "encoders": _encoder,
    "losses": _loss,
    "datasets": _dataset,
    "transforms": _transform,
    "metrics": _metric,
    "tokenizers": _tokenizer,
}
"""How the subject of a kind's checks is made."""
CHECKS = {
    "encoders": encoders.CHECKS,
    "losses": losses.CHECKS,
    "datasets": datasets.CHECKS,
    "transforms": transforms.CHECKS,
    "metrics": metrics.CHECKS,
    "tokenizers": tokenizers.CHECKS,
}
