"""The bars that transformers draws over weights it loads: in a command's output they are noise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silenced() -> Iterator[None]:
    """Without those bars, where transformers is imported; the hub's own, over downloads, stay as they are."""
    logging = sys.modules.get("transformers.utils.logging")
    if logging is None or not logging.is_progress_bar_enabled():
        yield
        return
    hub = sys.modules["huggingface_hub.utils"]  # transformers imports it
    set_back = hub.disable_progress_bars if hub.are_progress_bars_disabled() else hub.enable_progress_bars
    logging.disable_progress_bar()  # and those of the hub
    set_back()
    try:
        yield
    finally:
        logging.enable_progress_bar()
        set_back()
