"""The plugin as a package: found, working, keeping its promises, with a card that a reader can use."""

from __future__ import annotations

from vidcap_core.testing import check_plugin
from vidcap_core.zoo import cards, plugins


def test_it_is_found_and_its_card_is_whole() -> None:
    plugin = plugins.get("default_model")
    assert plugin.components == {}
    assert plugin.card is not None
    assert cards.read(plugin.card).missing() == []


def test_it_keeps_its_promises() -> None:
    check_plugin("default_model")
