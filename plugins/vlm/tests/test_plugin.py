"""The plugin as a package, and its promises as a plugin."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from vidcap_core.api import load_recipe
from vidcap_core.testing import conform

CONFIGS = sorted(
    path.stem for path in Path(__file__).parents[1].glob("configs/*.py") if path.stem != "__init__"
)


def test_it_keeps_its_promises() -> None:
    """The endpoint is looked at in its own test: no config of toy data has it."""
    broken = [line for check in conform("vlm") if check.ok is False for line in check.lines()]
    assert broken == []


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_is_whole(name: str) -> None:
    assert load_recipe(f"vlm/{name}").method == "vlm"


def test_the_card_says_what_was_not_in_reach() -> None:
    card = yaml.safe_load((Path(__file__).parents[1] / "card.yaml").read_text(encoding="utf-8"))
    assert {fact["status"] for fact in card["facts"]} == {"known", "inferred", "decision"}
    assert any("published weights" in limit for limit in card["limits"])
