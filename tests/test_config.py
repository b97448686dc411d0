"""Configs: bases, changes, and what a wrong one is answered with."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from vidcap_core.config.files import config_from_json, expand_names, load_config
from vidcap_core.config.paths import KeyPath
from vidcap_core.errors import ConfigError, PluginError, UserError


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(dedent(text), encoding="utf-8")
    return path


def test_a_base_is_merged_key_by_key(tmp_path: Path) -> None:
    write(tmp_path, "base.py", "head = dict(type='A', width=8, deep=dict(x=1, y=2))\nseed = 1")
    path = write(tmp_path, "run.py", "_base_ = ['base.py']\nhead = dict(width=16, deep=dict(y=3))")
    loaded = load_config(path)
    assert loaded.data == {"head": {"type": "A", "width": 16, "deep": {"x": 1, "y": 3}}, "seed": 1}
    assert loaded.origin(("head", "width")).endswith("run.py")
    assert loaded.origin(("head", "type")).endswith("base.py")


def test_another_type_replaces_the_whole_component(tmp_path: Path) -> None:
    write(tmp_path, "base.py", "head = dict(type='A', width=8)")
    path = write(tmp_path, "run.py", "_base_ = 'base.py'\nhead = dict(type='B', depth=2)")
    assert load_config(path).data["head"] == {"type": "B", "depth": 2}


def test_delete_replaces_too_and_does_not_stay(tmp_path: Path) -> None:
    write(tmp_path, "base.py", "losses = dict(a=dict(type='A'))")
    path = write(tmp_path, "run.py", "_base_ = ['base.py']\nlosses = dict(_delete_=True, b=dict(type='B'))")
    assert load_config(path).data["losses"] == {"b": {"type": "B"}}


def test_a_later_base_wins_and_the_file_wins_over_both(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "x = dict(one=1, two=1, three=1)")
    write(tmp_path, "b.py", "x = dict(two=2, three=2)")
    path = write(tmp_path, "run.py", "_base_ = ['a.py', 'b.py']\nx = dict(three=3)")
    assert load_config(path).data["x"] == {"one": 1, "two": 2, "three": 3}


def test_a_config_may_compute(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "run.py",
        "import math\nwidth = math.gcd(12, 8)\n_hidden = 3\ndef helper(): ...\nx = [_hidden] * 2",
    )
    assert load_config(path).data == {"width": 4, "x": [3, 3]}


@pytest.mark.parametrize(
    ("change", "path", "value"),
    [
        ("head.width=3", ("head", "width"), 3),
        ("head.rate=1e-3", ("head", "rate"), 1e-3),
        ("head.name=plain text", ("head", "name"), "plain text"),
        ("head.on=True", ("head", "on"), True),
        ("phases.caption.epochs=7", ("phases", "caption", "epochs"), 7),
        ("lines.0.epochs=7", ("lines", 0, "epochs"), 7),
        ("new.deep.key=[1, 2]", ("new", "deep", "key"), [1, 2]),
        ("head.equation=a=b", ("head", "equation"), "a=b"),
    ],
)
def test_set_changes_one_key(tmp_path: Path, change: str, path: KeyPath, value: object) -> None:
    file = write(
        tmp_path,
        "run.py",
        "head = dict(width=1)\nphases = dict(caption=dict(epochs=1))\nlines = [dict(epochs=1)]",
    )
    loaded = load_config(file, [change])
    node: object = loaded.data
    for part in path:
        node = node[part]  # type: ignore[index]
    assert node == value
    assert loaded.origin(path).startswith("--set")


def test_of_two_keys_that_exclude_each_other_the_later_one_counts(tmp_path: Path) -> None:
    write(tmp_path, "base.py", "phases = dict(a=dict(epochs=3, losses=['x']), b=dict(steps=4, losses=['x']))")
    file = write(
        tmp_path, "run.py", "_base_ = ['base.py']\nphases = dict(a=dict(steps=9), b=dict(updates=[['x']]))"
    )
    assert load_config(file).data["phases"] == {
        "a": {"steps": 9, "losses": ["x"]},
        "b": {"steps": 4, "updates": [["x"]]},
    }
    assert load_config(file, ["phases.a.epochs=2"])["phases"]["a"] == {"epochs": 2, "losses": ["x"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("head.width", "not of the form key.path=value"),
        ("=3", "not of the form"),
        ("lines.4.epochs=1", "the list has 1 items, and no item '4'"),
        ("lines.9=1", "no item '9'"),
        ("seed.deep=1", "holds int, which has no keys"),
        ("seed.deep.er=1", "lies under a int"),
    ],
)
def test_set_that_cannot_be(tmp_path: Path, change: str, said: str) -> None:
    file = write(tmp_path, "run.py", "seed = 1\nhead = dict(width=1)\nlines = [dict(epochs=1)]")
    with pytest.raises(ConfigError, match=said):
        load_config(file, [change])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("head = dict(", r"bad\.py:1: syntax error"),
        ("x = 1\ny = 1 / 0", r"bad\.py:2: ZeroDivisionError"),
        ("x = dict(a=[1, object()])", r"x\.a\.1: object is not plain data; name types as strings"),
        ("x = {1: 2}", r"x: the key 1 is not a string"),
        ("_base_ = ['gone.py']", r"_base_ 'gone\.py' is not there"),
        ("_base_ = ['bad.py']", "is its own base"),
        ("_base_ = ['x' + y]", "must be written out"),
        ("_base_ = [1]", "must be written out"),
        ("_base_ = ['nobody/toy']", "no plugin is named 'nobody'"),
        ("_base_ = ['vidcap://gone.py']", r"'vidcap://gone\.py': the core has no config 'gone\.py'; "),
    ],
)
def test_a_wrong_file_is_one_line_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, "bad.py", text)
    with pytest.raises(ConfigError, match=said):
        load_config(path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.py", "there is no such config"),
        ("toy", "neither a .py file nor of the form plugin/name; did you mean 'core/toy'?"),
        ("core/toyy", "plugin 'core' has no config 'toyy'; did you mean 'toy'?"),
        ("nobody/toy", "no plugin is named 'nobody'"),
        ("coer/toy", "did you mean 'core'?"),
        ("core/no_such_config", "plugin 'core' has no config 'no_such_config'"),
    ],
)
def test_a_name_that_leads_nowhere(name: str, said: str) -> None:
    with pytest.raises((ConfigError, PluginError), match=said) as caught:
        load_config(name)
    assert isinstance(caught.value, UserError)


def test_the_text_and_the_json_load_to_the_same_data(tmp_path: Path) -> None:
    path = write(tmp_path, "run.py", "head = dict(a=None, b=[1.5, 'x'], c=dict(d=True))\nseed = 3")
    loaded = load_config(path)
    again = write(tmp_path, "again.py", loaded.text())
    assert load_config(again).data == loaded.data
    assert config_from_json(loaded.to_json(), "run").data == loaded.data


def test_json_is_data_and_never_runs() -> None:
    with pytest.raises(ConfigError, match="card: holds list, not a config"):
        config_from_json("[1]", "card")
    with pytest.raises(ConfigError, match="card: is not JSON"):
        config_from_json("import os", "card")


def test_expand_takes_names_files_and_folders(tmp_path: Path) -> None:
    one, two = write(tmp_path, "a.py", ""), write(tmp_path, "b.py", "")
    write(tmp_path, "_base.py", "")
    assert expand_names([str(tmp_path)]) == [str(one), str(two)]
    assert expand_names(["core/toy", str(one)]) == ["core/toy", str(one)]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="holds no config"):
        expand_names([str(tmp_path / "empty")])


@pytest.mark.parametrize("way", ["core/{up}{file}", "core/{file}", "core/x/{up}{file}"])
def test_no_name_of_a_config_leads_out_of_its_plugin(tmp_path: Path, way: str) -> None:
    """A config is a program: `core/...` must be one that the core brings."""
    write(tmp_path, "outside.py", f"open({str(tmp_path / 'ran')!r}, 'w')")
    file = tmp_path / "outside"
    assert file.is_absolute()
    with pytest.raises(ConfigError, match="plugin 'core' has no config"):
        load_config(way.format(up="../" * 30, file=file))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", ["a = {}\na['b'] = a", "a = []\na.append(a)", f"a = {'[' * 80}{']' * 80}"])
def test_a_value_that_holds_itself(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="a holds itself, or is nested too deeply"):
        load_config(write(tmp_path, "run.py", text))
