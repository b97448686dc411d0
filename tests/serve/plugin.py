"""The plugin that offers the parts of the served model; `installed/` beside it is what makes it an installed one."""

from __future__ import annotations

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    return {
        "heads": {"Looking": "serve.parts:Looking"},
        "encoders": {"Breaking": "serve.parts:Breaking"},
    }
