"""`vidcap info` of a component, and `vidcap config show --full`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vidcap_core.cli import main
from vidcap_core.config.files import load_config
from vidcap_core.config.full import values
from vidcap_core.zoo.arguments import described
from vidcap_core.zoo.registry import REGISTRIES

NAMES = [(kind, entry.full_name) for kind, table in REGISTRIES.items() for entry in table]


def info(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main.main(["info", *words]) == 0
    return capsys.readouterr().out


def test_a_component_says_its_arguments_and_where_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    said = info(capsys, "TokenLoss")
    assert said.startswith("TokenLoss: a loss of the core (vidcap_core.losses.token:TokenLoss)")
    assert "smoothing  float              0.0" in said
    assert "core/toy" in said.partition("used in: ")[2]


def test_the_same_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    [page] = json.loads(info(capsys, "core.SmallTransformer", "--json"))
    assert (page["kind"], page["plugin"]) == ("head", "core")
    assert page["arguments"][0] == {
        "argument": "streams",
        "type": "dict[str, int]",
        "default": "(needed)",
        "value": None,
    }
    assert "core/toy" in page["used"]


def test_a_metric_and_a_tokenizer_that_configs_take_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("meteor", "Vocabulary"):
        [page] = json.loads(info(capsys, name, "--json"))
        assert "core/toy" in page["used"]


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_every_component_can_be_described(kind: str, name: str) -> None:
    target = REGISTRIES[kind].load(name)
    assert target.__doc__
    assert all(set(row) == {"argument", "type", "default", "value"} for row in described(target))


def test_a_name_that_is_nothing_says_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["info", "TokenLos"]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'TokenLoss'?" in said
    assert "pip install" not in said


def test_arguments_of_a_class_behind_have_their_own_defaults() -> None:
    class Base:
        def __init__(self, width: int = 3) -> None: ...

    class Own(Base):
        def __init__(self, depth: int, **others: Any) -> None: ...

    rows = {row["argument"]: row["default"] for row in described(Own)}
    assert rows == {"depth": "(needed)", "width": "3"}


def test_a_config_in_full_has_defaults_and_says_where_each_value_comes_from() -> None:
    rows = {row.key: row for row in values(load_config("core/toy", ["head.layers=3"]))}
    assert (rows["head.layers"].value, rows["head.layers"].origin) == (3, "--set head.layers")
    assert rows["head.width"].origin.endswith("bases/toy.py")
    assert (rows["head.dropout"].value, rows["head.dropout"].origin) == (0.1, "default of SmallTransformer")
    assert (rows["runtime.amp"].value, rows["runtime.amp"].origin) == ("off", "default")
    assert rows["optimizer.weight_decay"].origin == "default of AdamW"
    assert rows["losses.tokens.scale"].value == 1.0
    assert rows["phases.caption.best"].value is True
    assert rows["seed"].value == 0


def test_show_full_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["config", "show", "core/toy", "--full", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"key": "evaluate.panels", "value": 16, "origin": "default"} in rows
