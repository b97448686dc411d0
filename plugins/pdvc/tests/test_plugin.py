"""The plugin as a package: found, working, keeping its promises, with a card that a reader can use."""

from vidcap_core.testing import check_plugin
from vidcap_core.zoo import cards, plugins


def test_it_is_found_and_its_card_is_whole() -> None:
    plugin = plugins.get("pdvc")
    assert plugin.card is not None
    card = cards.read(plugin.card)
    assert card.name == "pdvc"
    assert card.missing() == []


def test_it_keeps_its_promises() -> None:
    check_plugin("pdvc")
