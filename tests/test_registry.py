"""Registries: lazy, unambiguous, and helpful about what they do not know."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from vidcap_core.errors import PluginError
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.tokenizers.vocabulary import Vocabulary
from vidcap_core.zoo import plugins
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.plugins import Plugin
from vidcap_core.zoo.registry import HEADS, METRICS, REGISTRIES, Registry


@pytest.fixture
def heads() -> Registry:
    """The table of heads as it were with two more plugins, which offer the same name."""
    lone = {
        "Twin": "json:loads",
        "Lone": "json:dumps",
        "Gone": "no_such_module:X",
        "Heavy": "xml.dom.pulldom:PullDOM",
    }
    red = Plugin("red", "vidcap-plugin-red", "1", components={"heads": lone})
    blue = Plugin("blue", "vidcap-plugin-blue", "1", components={"heads": {"Twin": "json:load"}})
    installed = {**plugins.discover(), "red": red, "blue": blue}
    return Registry("heads", "head", lambda: installed)


def test_a_bare_name_works_while_it_is_unique(heads: Registry) -> None:
    import json

    assert heads.load("Lone") is json.dumps
    assert heads.load("red.Lone") is json.dumps


def test_an_ambiguous_name_is_refused_and_names_both(heads: Registry) -> None:
    with pytest.raises(PluginError, match=r"'red\.Twin' or 'blue\.Twin'"):
        heads.load("Twin")
    import json

    assert heads.load("blue.Twin") is json.load


def test_names_can_all_be_typed(heads: Registry) -> None:
    names = heads.names()
    assert {"Lone", "red.Twin", "blue.Twin"} <= set(names)
    assert "Twin" not in names
    assert [heads.find(name).full_name for name in names] == [entry.full_name for entry in heads]


def test_an_unknown_name_is_answered_with_what_was_meant(heads: Registry) -> None:
    with pytest.raises(PluginError, match="did you mean 'Lone'"):
        heads.find("Lune")
    with pytest.raises(PluginError, match=r"known: .*MeanPoolGRU"):
        heads.find("Zzzzzzz")


@pytest.mark.parametrize("path", ["json.decoder.JSONDecoder", "json.decoder:JSONDecoder"])
def test_a_dotted_path_always_works(path: str) -> None:
    from json.decoder import JSONDecoder

    assert HEADS.load(path) is JSONDecoder


def test_a_component_that_cannot_be_imported_says_whose_it_is(heads: Registry) -> None:
    with pytest.raises(PluginError, match=r"head 'Gone' of plugin 'red' cannot be imported"):
        heads.load("Gone")
    with pytest.raises(PluginError, match="json has no 'nothing'"):
        heads.load("json:nothing")


def test_finding_imports_nothing(heads: Registry) -> None:
    sys.modules.pop("xml.dom.pulldom", None)
    heads.find("Heavy")
    assert "xml.dom.pulldom" not in sys.modules
    heads.load("Heavy")
    assert "xml.dom.pulldom" in sys.modules


def test_every_declared_component_of_every_working_plugin_exists() -> None:
    for registry in REGISTRIES.values():
        for entry in registry:
            assert registry.load(entry.full_name) is not None, entry


def test_metric_names_may_hold_a_dash() -> None:
    assert METRICS.find("cider-d").full_name == "core.cider-d"


class Narrow(MeanPoolGRU):
    """A head that hands all its arguments on."""

    def __init__(self, **keys: Any) -> None:
        super().__init__(**{**keys, "width": 4})


class Alone(MeanPoolGRU):
    """One that hands nothing on."""

    def __init__(self, streams: dict[str, int]) -> None:
        super().__init__(streams=streams, tokenizer=Vocabulary(), width=8)


def test_a_component_gets_what_its_base_class_asks_for() -> None:
    streams, words = {"image": 3}, Vocabulary()
    words.fit(["a man runs"])
    made = {
        kind: Component("x", kind, {"streams": streams}).build(tokenizer=words) for kind in (Narrow, Alone)
    }
    assert made[Narrow].embed.num_embeddings == len(words)
    assert made[Alone].embed.num_embeddings == len(Vocabulary())
