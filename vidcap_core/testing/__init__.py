"""For authors of plugins: small parts for tests, and a kit that checks what a plugin promises."""

from vidcap_core.testing.check import Check
from vidcap_core.testing.fixtures import (
    TEXTS,
    TinyParts,
    collate,
    tiny_batch,
    tiny_captioner,
    tiny_parts,
    tiny_run,
    tiny_streams,
    tiny_vocabulary,
)
from vidcap_core.testing.kit import check_metric, check_plugin, conform
from vidcap_core.testing.tiny import TinyClips
from vidcap_core.testing.tiny import config as tiny_config
from vidcap_core.testing.videos import write_video

__all__ = [
    "TEXTS",
    "Check",
    "TinyClips",
    "TinyParts",
    "check_metric",
    "check_plugin",
    "collate",
    "conform",
    "tiny_batch",
    "tiny_captioner",
    "tiny_config",
    "tiny_parts",
    "tiny_run",
    "tiny_streams",
    "tiny_vocabulary",
    "write_video",
]
