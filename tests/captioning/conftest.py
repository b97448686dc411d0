"""The small captioner and the films of `caption_parts`."""

from __future__ import annotations

from caption_parts import captioner, films, model

__all__ = ["captioner", "films", "model"]
