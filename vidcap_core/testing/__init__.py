"""For authors of plugins: tiny data, and a kit that checks what a plugin promises."""

from vidcap_core.testing.kit import Check, check_plugin, conform

__all__ = ["Check", "check_plugin", "conform"]
