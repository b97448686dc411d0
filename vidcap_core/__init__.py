"""vidcap: a model zoo for video captioning in which a paper is a package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidcap_core.zoo.version import __version__

__all__ = ["__version__", "load", "predict", "test", "train"]

if TYPE_CHECKING:
    from vidcap_core.captioning.file_captioner import load
    from vidcap_core.engine.runs import predict, test, train

_LAZY = {
    "load": "vidcap_core.captioning.file_captioner",
    "train": "vidcap_core.engine.runs",
    "test": "vidcap_core.engine.runs",
    "predict": "vidcap_core.engine.runs",
}


def __getattr__(name: str) -> Any:
    """`load`, `train`, `test` and `predict` import torch, so they are fetched when they are first used."""
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'vidcap_core' has no attribute '{name}'")
