"""The plugin as a package: its card, its promises, its configs, and what its data cannot tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vidcap_core import cards, config, plugins, registry
from vidcap_core.errors import DataError
from vidcap_core.testing.kit import check_plugin
from vidcap_core.validate import validate

CONFIGS = ("toy", "toy_parity", "activitynet", "activitynet_improved", "youcook2", "youcook2_improved")


def test_it_is_found_and_its_card_is_whole() -> None:
    plugin = plugins.get("wsdvc_mask")
    assert plugin.card is not None
    card = cards.read(plugin.card)
    assert card.name == "wsdvc_mask"
    assert card.missing() == []
    assert set(CONFIGS) <= set(plugin.config_names())


def toy(**changes: Any) -> Any:
    spec = {"split": "train", "kind": "long", "unit": "clip", "weak": True, **changes}
    return registry.DATASETS.load("Toy")(**spec, transforms=[{"type": "wsdvc_mask.Sentences"}])


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_trains_without_times(name: str) -> None:
    made = config.load(f"wsdvc_mask/{name}")
    validate(made)
    assert made["data"]["train"]["weak"] is True
    assert made["data"]["train"]["transforms"] == [{"type": "wsdvc_mask.Sentences"}]
    assert all("transforms" not in made["data"][split] for split in ("val", "test"))
    assert {"<FULL>", "<MASK>"} <= set(made["tokenizer"]["specials"])


def test_training_data_cannot_tell_when_events_happen() -> None:
    """Every number that a weak sample holds is looked at: none of them is a reference's time."""
    weak, known = toy(), toy(weak=False)
    with pytest.raises(DataError, match="weak"):
        weak.events()
    for index in range(len(weak)):
        sample, clear = weak.get(index, np.random.default_rng(0)), known.get(index, np.random.default_rng(0))
        assert [e.text for e in sample.events] == [e.text for e in clear.events]
        assert {e.start for e in sample.events} == {0.0}
        assert {e.end for e in sample.events} == {sample.clip.duration}
        assert sample.targets == {"sentences": tuple(e.text for e in clear.events)}
    record = repr(weak._records) + repr(weak.annotated) + repr(weak.references())
    for event in (event for file in known.events() for events in file.values() for event in events):
        assert f"start={event.start}," not in record or event.start == 0.0
        assert f"end={event.end}," not in record


def test_it_keeps_its_promises() -> None:
    check_plugin("wsdvc_mask")
