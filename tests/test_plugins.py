"""What a plugin may declare; the whole way, with installed packages, is in tests/plugins_installed."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.errors import PluginError
from vidcap_core.zoo import cards, hookspecs, plugins
from vidcap_core.zoo.hookspecs import hookimpl


def module(**attributes: Any) -> types.ModuleType:
    made = types.ModuleType("some_plugin")
    vars(made).update({"VIDCAP_API": hookspecs.VIDCAP_API, **attributes})
    return made


def checked(made: types.ModuleType) -> plugins.Plugin:
    plugin = plugins.Plugin("some", "vidcap-plugin-some", "1.0", module=made)
    plugins.read_declarations(plugin, plugins.hook_manager())
    return plugin


def components(declared: Any) -> Callable[[], Any]:
    @hookimpl
    def vidcap_components() -> Any:
        return declared

    return vidcap_components


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"haeds": {}}, "'haeds' is no kind of component; kinds: encoders, heads"),
        ({"heads": {"A": "json.loads"}}, "not of the form 'package.module:Attribute'"),
        ({"heads": {"A": "json:"}}, "not of the form"),
        ({"heads": {"A b": "json:loads"}}, "'A b' is not a name that can stand in a config"),
        ({"heads": {"a.b": "json:loads"}}, "is not a name that can stand in a config"),
        ({"heads": {"A": "jsonn:loads"}}, "there is no module 'jsonn'"),
        ({"heads": {"A": "json.gone.deep:X"}}, "there is no module 'json.gone.deep'"),
        ({"heads": {"A": "json:laods"}}, "json has no 'laods'"),
        (["A"], "gave list, not a mapping"),
        ({"heads": ["A"]}, "gave list for 'heads', not a mapping"),
        ({"heads": {"A": 3}}, "not of the form"),
    ],
)
def test_components_that_cannot_be(declared: Any, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        checked(module(vidcap_components=components(declared)))


def test_components_may_be_named_with_a_dash() -> None:
    made = module(vidcap_components=components({"metrics": {"cider-x": "json:loads"}}))
    assert checked(made).components == {"metrics": {"cider-x": "json:loads"}}


def test_a_hook_without_its_mark_is_refused() -> None:
    with pytest.raises(PluginError, match="lacks @hookimpl"):
        checked(module(vidcap_components=dict))


def test_a_module_that_states_no_version_is_refused() -> None:
    with pytest.raises(PluginError, match="states no VIDCAP_API; this vidcap-core speaks API 2"):
        checked(module(VIDCAP_API=None))


def test_configs_that_are_not_there_are_refused(tmp_path: Path) -> None:
    @hookimpl
    def vidcap_configs() -> Path:
        return tmp_path / "gone"

    with pytest.raises(PluginError, match=r"vidcap_configs\(\) names .*gone, which is not there"):
        checked(module(vidcap_configs=vidcap_configs))


def test_configs_and_card_are_found_in_the_package(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "toy.py").write_text("")
    (tmp_path / "configs" / "_base.py").write_text("")
    (tmp_path / "card.yaml").write_text("")
    plugin = checked(module(__path__=[str(tmp_path)]))
    assert plugin.config_names() == ["toy"]
    assert plugin.card == tmp_path / "card.yaml"


def test_what_lies_beside_a_package_counts_in_a_source_tree_only(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "package").mkdir()
    assert checked(module(__path__=[str(tmp_path / "package")])).configs is None
    (tmp_path / "pyproject.toml").write_text("")
    assert checked(module(__path__=[str(tmp_path / "package")])).configs == tmp_path / "configs"


def test_a_name_is_found_however_it_is_spelt() -> None:
    for name in ("core", "srvc_la", "srvc-la", "vidcap-plugin-srvc-la"):
        assert plugins.get(name).reason is None
    with pytest.raises(PluginError, match="did you mean 'srvc_la'"):
        plugins.get("srvcla")


@pytest.mark.parametrize("plugin", plugins.discover().values(), ids=lambda plugin: plugin.name)
def test_every_installed_plugin_works_and_has_a_whole_card(plugin: plugins.Plugin) -> None:
    assert plugin.reason is None
    assert plugin.card is not None
    card = cards.read(plugin.card)
    assert card.name == plugin.name
    assert card.missing() == []
