"""The plugin as a package: found, keeping its promises, and every head short."""

from pathlib import Path

import pytest

from vidcap_core.testing import check_plugin
from vidcap_core.zoo import cards, plugins

SOURCES = Path(__file__).resolve().parents[1] / "vidcap_classics"


def test_it_is_found_and_its_card_is_whole() -> None:
    plugin = plugins.get("classics")
    assert plugin.card is not None
    card = cards.read(plugin.card)
    assert card.name == "classics"
    assert card.missing() == []


def test_it_keeps_its_promises() -> None:
    check_plugin("classics")


@pytest.mark.parametrize("name", ["s2vt", "sa_lstm", "sgn", "clip4caption"])
def test_a_head_is_at_most_120_lines(name: str) -> None:
    assert len((SOURCES / f"{name}.py").read_text().splitlines()) <= 120
