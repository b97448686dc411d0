"""Video files: what is in them, their frames at wanted moments, their sound.

Names are imported when they are first asked for, so that `video.suffixes` costs no decoder.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidcap_core.video.audio import read_audio
    from vidcap_core.video.decoder import read_frames
    from vidcap_core.video.frames import Frames
    from vidcap_core.video.probe import VideoInfo

__all__ = ["Frames", "VideoInfo", "read_audio", "read_frames"]

_HOMES = {"Frames": "frames", "VideoInfo": "probe", "read_audio": "audio", "read_frames": "decoder"}


def __getattr__(name: str) -> Any:
    """The name from its module, kept here from then on."""
    if name not in _HOMES:
        raise AttributeError(f"module 'vidcap_core.video' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"vidcap_core.video.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
