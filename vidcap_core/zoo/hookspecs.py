"""The whole plugin contract: five optional hooks, each of which declares and imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pluggy

VIDCAP_API = 2
"""A plugin module states the version it was written for: `VIDCAP_API = 2`."""

GROUP = "vidcap.plugins"
KINDS = {
    "encoders": "encoder",
    "heads": "head",
    "losses": "loss",
    "datasets": "dataset",
    "transforms": "transform",
    "metrics": "metric",
    "tokenizers": "tokenizer",
}
"""The kinds of component, and what one of each is called."""

hookspec = pluggy.HookspecMarker("vidcap")
hookimpl = pluggy.HookimplMarker("vidcap")


@hookspec
def vidcap_components() -> Mapping[str, Mapping[str, str]]:  # type: ignore[empty-body]
    """Kind -> name -> "package.module:Attribute"; the kinds are those of `KINDS`."""


@hookspec
def vidcap_configs() -> Path:  # type: ignore[empty-body]
    """The folder whose `NAME.py` files are runnable as `plugin/NAME`. Default: `configs/` in the package."""


@hookspec
def vidcap_cards() -> Path:  # type: ignore[empty-body]
    """The card: a YAML file, as `vidcap_core.zoo.cards` reads it. Default: `card.yaml` in the package."""


@hookspec
def vidcap_commands(add: Callable[[str, str], Any]) -> None:
    """Add commands to `vidcap`: `add(name, "package.module")`; the module has `add_parser` like ours."""


@hookspec
def vidcap_captioner_of(name: str) -> tuple[str, Sequence[str]] | None:
    """A config without phases, and what is set in it (`head.model='FOLDER'`), for a model that is none of vidcap's.

    The name is what stands after `--model`: a folder, hf:OWNER/NAME, an address. None: it means nothing here.
    """
