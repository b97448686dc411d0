"""docs/zoo.md says what the cards, the configs and the table of toy runs say."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from vidcap_core.zoo import cards, plugins

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import zoo  # noqa: E402


def test_the_page_is_what_the_script_writes() -> None:
    assert (ROOT / "docs" / "zoo.md").read_text() == zoo.page(), "python scripts/zoo.py"


def test_every_plugin_with_a_head_has_a_row() -> None:
    page = (ROOT / "docs" / "zoo.md").read_text()
    with_heads = [path.parent.name for path in (ROOT / "plugins").glob("*/card.yaml")]
    with_heads = [name for name in with_heads if plugins.get(name).components.get("heads")]
    assert len(with_heads) > 6
    assert [name for name in with_heads if f"| `{name}`" not in page] == []


def test_what_a_card_names_is_there() -> None:
    for name, card in zoo.found():
        known = plugins.get(name).config_names()
        for method in card.methods:
            assert method.config in known, (name, method)
            assert method.importer is None or method.importer in plugins.get(name).importers, (name, method)


def test_a_card_without_methods_is_one_method() -> None:
    card = cards.read(ROOT / "plugins" / "srvc_la" / "card.yaml")
    plain = dataclasses.replace(card, methods=[])
    [method] = zoo.methods(plain)
    row = zoo.row("srvc_la", plain, method, None)
    assert row[0] == "`srvc_la`"
    assert "2025" in row[1]


@pytest.mark.parametrize("config", ["classics/toy_s2vt"])
def test_parameters_are_counted(config: str) -> None:
    name, _, part = config.partition("/")
    assert cards.find(name).parameters[part] == zoo.count(config)


@pytest.mark.slow
def test_all_parameters_are_counted() -> None:
    for name, card in zoo.found():
        for part in dict.fromkeys(method.config for method in zoo.methods(card)):
            if part in card.parameters:
                assert card.parameters[part] == zoo.count(f"{name}/{part}"), (name, part)
