"""Models that are none of vidcap's: installed plugins are asked which config captions with one."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from vidcap_core.errors import PluginError
from vidcap_core.zoo import plugins, published

ADDRESSES = ("http://", "https://")
HUB = "hf:"


class Config(NamedTuple):
    """A config without phases, and what is set in it."""

    name: str
    changes: tuple[str, ...]


def could_be(name: str) -> bool:
    """Whether a name has the form of one: an address, a hub's name, or a folder with a config.json."""
    return name.startswith((*ADDRESSES, HUB)) or (Path(name).expanduser() / "config.json").is_file()


def config_of(name: str) -> Config | None:
    """The config of the first plugin that knows what this name means; None where none does."""
    for plugin in plugins.discover().values():
        ask = getattr(plugin.module, "vidcap_captioner_of", None)
        found = ask(name) if ask is not None else None
        if found is not None:
            config, changes = found
            return Config(str(config), tuple(map(str, changes)))
    return None


def refuse(name: str) -> None:
    """Say what to install where a name can only mean such a model."""
    if not name.startswith(HUB):
        raise PluginError(
            f"'{name}' is a model of another library, and no plugin that captions with it is installed",
            hint=f"pip install {published.PLUGINS['vlm']}",
        )
