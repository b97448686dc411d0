"""Scores with signatures: of captions, of events, of emotion.

`Scorer` holds references ready; `load(...)` scores two lists; `vidcap_metrics.coco` has pycocoevalcap's interface.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidcap_metrics.compute import load
    from vidcap_metrics.errors import DataError, UserError
    from vidcap_metrics.scorer import Scorer, Scores, ScoreWarning

__all__ = ["DataError", "ScoreWarning", "Scorer", "Scores", "UserError", "load"]

_HOMES = {
    "load": "compute",
    "DataError": "errors",
    "UserError": "errors",
    "ScoreWarning": "scorer",
    "Scorer": "scorer",
    "Scores": "scorer",
}

if not TYPE_CHECKING:  # a type checker reads the imports above

    def __getattr__(name: str) -> Any:
        """The name from its home: whoever wants the errors alone does not import NumPy."""
        if name not in _HOMES:
            raise AttributeError(f"module 'vidcap_metrics' has no attribute '{name}'")
        return getattr(importlib.import_module(f"vidcap_metrics.{_HOMES[name]}"), name)
