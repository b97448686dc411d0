"""Panels of plugins' own kinds: drawn by a function of an installed plugin, and by nothing else."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from vidcap_core.contracts.panels import KINDS, PanelError
from vidcap_core.zoo import plugins


def draw(panel: dict[str, Any]) -> dict[str, Any]:
    """A panel as the page wants it: `html` where a renderer drew it, `note` where none could."""
    # a stored panel brings data, never the page's HTML
    panel = {key: value for key, value in panel.items() if key not in ("html", "note")}
    if panel["kind"] in KINDS or not panel.get("renderer"):
        return panel
    try:
        renderer = find(str(panel["renderer"]))
    except PanelError as error:
        return {**panel, "note": error.line}
    try:
        return {**panel, "html": str(renderer(panel["data"]))}
    except Exception as error:  # a plugin's fault must not cost the page
        return {**panel, "note": f"{panel['renderer']} failed: {type(error).__name__}: {error}"}


def find(dotted: str) -> Callable[[Any], str]:
    """`package.module:function` of a working plugin.

    The path comes out of a file, and files must not choose what runs: only functions that are defined in the
    package of an installed plugin count.
    """
    module, _, name = dotted.partition(":")
    package = module.partition(".")[0]
    known = {p.module.__name__.partition(".")[0] for p in plugins.discover().values() if p.reason is None}
    known.discard("vidcap_core")
    if package not in known:
        raise PanelError(f"{dotted} draws this panel, and no installed plugin has the package '{package}'")
    try:
        renderer = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PanelError(f"{dotted} draws this panel, and cannot be imported: {error}") from error
    if not callable(renderer) or getattr(renderer, "__module__", "").partition(".")[0] != package:
        raise PanelError(f"{dotted} is not a function of {package}")
    return renderer  # type: ignore[no-any-return]
