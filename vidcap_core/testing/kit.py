"""The conformance kit: what every plugin promises, checked on its own `toy` config."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from vidcap_core.config.parse import INJECTED
from vidcap_core.config.validate import load_recipe
from vidcap_core.testing import behaviour, journey
from vidcap_core.testing.check import Check
from vidcap_core.zoo import cards, plugins, registry

HEAVY = ("torch", "mmengine", "transformers", "cv2")
CONFIG = "toy"
"""The config that every plugin has to be checked by: on the built-in toy data, in minutes on a CPU."""
OPEN = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def conform(name: str, steps: int = 300) -> list[Check]:
    """Run every check on an installed plugin."""
    checks = [
        _guard(check, name) for check in (light_import, loads, documented, card_complete, configs_valid)
    ]
    if all(check.ok is not False for check in checks):
        plugin = plugins.get(name)
        if CONFIG not in plugin.config_names():
            lacking = f"there is no configs/{CONFIG}.py on the built-in toy data"
            return [*checks, Check(f"{CONFIG} config", False, lacking)]
        parts = behaviour.Parts(f"{name}/{CONFIG}")
        checks += [_guard(check, parts) for check in behaviour.CHECKS]
        checks.append(_guard(lambda p: behaviour.overfits(p, steps), parts, "overfit"))
        checks.append(_guard(journey.round_trip, parts.recipe.config))
    return checks


def check_plugin(name: str) -> None:
    """For a plugin's own test: raise with the list of broken promises."""
    broken = [f"{check.name}: {check.detail}" for check in conform(name) if check.ok is False]
    assert not broken, "\n".join(broken)


def light_import(name: str) -> Check:
    """Discovery must not pay for torch."""
    code = (
        f"import sys; from vidcap_core.zoo import plugins; plugins.get({name!r}); "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        return Check("light import", False, done.stderr.strip().splitlines()[-1])
    return Check("light import", done.stdout.strip() == "[]", f"imports {done.stdout.strip()}")


def loads(name: str) -> Check:
    """Every declared component can be imported."""
    for kind, components in plugins.get(name).components.items():
        for component in components:
            registry.REGISTRIES[kind].load(f"{name}.{component}")
    return Check("components load", True)


def documented(name: str) -> Check:
    """Every config key of every component stands in its docstring as `key: meaning`."""
    missing = []
    for kind, components in plugins.get(name).components.items():
        for component in components:
            made_by = registry.REGISTRIES[kind].load(f"{name}.{component}")
            owners = inspect.getmro(made_by) if inspect.isclass(made_by) else (made_by,)
            text = "\n".join(inspect.getdoc(owner) or "" for owner in owners)
            parameters = inspect.signature(made_by).parameters.values()
            keys = [p.name for p in parameters if p.name not in INJECTED and p.kind not in OPEN]
            missing += [f"{component}.{key}" for key in keys if not re.search(rf"\b{key}\b[^\n]*:", text)]
    return Check(
        "keys documented", not missing, f"not in the docstring: {', '.join(missing)}" if missing else ""
    )


def card_complete(name: str) -> Check:
    """The card says who, what, and what is known."""
    plugin = plugins.get(name)
    if plugin.card is None:
        return Check("card", False, "vidcap_cards() names none")
    default, bundles = cards.read(plugin.card).default, [path.name for path in plugin.bundles().values()]
    if default is not None and default not in bundles:
        return Check("card", False, f"default: it ships no bundle '{default}'")
    return Check("card", True)


def configs_valid(name: str) -> Check:
    """Every config resolves and every key of it is known."""
    for config in plugins.get(name).config_names():
        load_recipe(f"{name}/{config}")
    return Check("configs valid", True)


def _guard(check: Callable[[Any], Check], subject: object, name: str = "") -> Check:
    try:
        return check(subject)
    except Exception as error:  # a plugin may fail in any way; the report must still be whole
        return Check(name or check.__name__.replace("_", " "), False, f"{type(error).__name__}: {error}")


def report(checks: list[Check]) -> Iterator[str]:
    """One line a check."""
    for check in checks:
        mark = {True: "ok  ", False: "FAIL", None: "-   "}[check.ok]
        yield f"{mark} {check.name}{': ' + check.detail if check.detail and check.ok is not True else ''}"
