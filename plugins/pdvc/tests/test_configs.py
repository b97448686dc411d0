"""Configs of this plugin: whole, with times, and as large as what the authors publish."""

from __future__ import annotations

import pytest

from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate


@pytest.mark.parametrize("name", ["toy", "activitynet", "activitynet_light", "youcook2"])
def test_every_config_trains_with_times(name: str) -> None:
    made = load_config(f"pdvc/{name}")
    validate(made)
    assert "weak" not in made["data"]["train"]
    assert made["data"]["train"]["unit"] == "clip"
    assert made["phases"]["events"]["losses"] == ["scores", "spans", "count", "tokens"]
