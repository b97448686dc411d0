"""SPECTRUM for vidcap: emotion-informed video captioning, reconstructed from figures and abstract."""

from __future__ import annotations

from vidcap_core.hookspecs import hookimpl

VIDCAP_API = 1


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """Nothing yet."""
    return {}
