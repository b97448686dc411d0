"""For authors of plugins: tiny data, and a kit that checks what a plugin promises."""

from vidcap_core.testing.check import Check
from vidcap_core.testing.kit import check_plugin, conform

__all__ = ["Check", "check_plugin", "conform"]
