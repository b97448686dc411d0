"""Checks of a plugin as a package: what is imported, declared, written down."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from vidcap_core.config.parse import INJECTED
from vidcap_core.config.validate import load_recipe
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Checks, Skipped, expect
from vidcap_core.testing.checks.commands import HEAVY
from vidcap_core.zoo import cards, plugins, registry

PLACEHOLDERS = ("say in a line what it is", "Say here what yours does")
"""What the skeleton's card asks its author."""
OPEN = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def light_import(name: str) -> None:
    """`vidcap list` imports its declaring module, which imports nothing heavy."""
    code = (
        f"import sys; from vidcap_core.zoo import plugins; plugins.get({name!r}); "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    expect(done.returncode == 0, "the plugin found in a new process", f"that it works; {last}")
    heavy = done.stdout.strip()
    expect(heavy == "[]", "the plugin found in a new process", f"that nothing heavy is imported; {heavy} are")


def loads(name: str) -> None:
    """Every declared component can be imported."""
    broken = []
    for kind, components in plugins.get(name).components.items():
        for component in components:
            try:
                registry.REGISTRIES[kind].load(f"{name}.{component}")
            except UserError as error:
                broken.append(error.line)
    expect(not broken, "its components imported", f"that all can be; {'; '.join(broken)}")


def documented(name: str) -> None:
    """Every config key of every component stands in its docstring as `key: meaning`."""
    missing = []
    for kind, components in plugins.get(name).components.items():
        for component in components:
            made_by = registry.REGISTRIES[kind].load(f"{name}.{component}")
            missing += [f"{component}.{key}" for key in undocumented(made_by)]
    expect(not missing, "docstrings read", f"that each key is explained; {', '.join(missing)} are not")


def undocumented(made_by: Callable[..., Any]) -> list[str]:
    """Keys that neither its docstring nor its bases' explain: `key: ...`, `key, other: ...` or `key (int): ...`."""
    owners = inspect.getmro(made_by) if inspect.isclass(made_by) else (made_by,)
    text = "\n".join(inspect.getdoc(owner) or "" for owner in owners)
    parameters = inspect.signature(made_by).parameters.values()
    keys = [p.name for p in parameters if p.name not in INJECTED and p.kind not in OPEN]
    return [key for key in keys if not re.search(rf"(?<![\w.])`?{key}`?(, `?\w+`?)*( \([^)\n]*\)| )?:", text)]


def card_complete(name: str) -> None:
    """The card says who, what, and what is known; a default model that it names is there."""
    plugin = plugins.get(name)
    expect(plugin.card is not None, "the card looked for", "that there is one: card.yaml, or vidcap_cards()")
    assert plugin.card is not None
    default, bundles = cards.read(plugin.card).default, [path.name for path in plugin.bundles().values()]
    expect(
        default is None or default in bundles,
        "the card read",
        f"that its default model is shipped; there is no bundle '{default}'",
    )


def card_in_own_words(name: str) -> None:
    """The card says other words than `vidcap new` wrote; where it does not, that is remarked."""
    card = plugins.get(name).card
    if card is None:
        raise Skipped("there is no card")
    data = cards.read(card)
    left = [
        key
        for key, text in {"title": data.title, "summary": data.summary}.items()
        if any(words in text for words in PLACEHOLDERS)
    ]
    if left:
        raise Skipped(
            f"card.yaml still has the words of `vidcap new` under {', '.join(left)}: say what yours is"
        )


def configs_valid(name: str) -> None:
    """Every config resolves and every key of it is known."""
    broken = []
    for config in plugins.get(name).config_names():
        try:
            load_recipe(f"{name}/{config}")
        except UserError as error:
            broken.append(f"{config}: {error.line}")
    expect(not broken, "its configs read", f"that all are valid; {'; '.join(broken)}")


CHECKS: Checks = {
    "light import": light_import,
    "components load": loads,
    "keys documented": documented,
    "card": card_complete,
    "card in own words": card_in_own_words,
    "configs valid": configs_valid,
}
