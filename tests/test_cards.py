"""Cards: what a whole one holds, and what is said of one that is not whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vidcap_core.errors import UserError
from vidcap_core.zoo import cards

MEASURED = {
    "what": "greedy captions",
    "data": "MSVD test",
    "clips": 67,
    "of": 670,
    "config": "x/msvd",
    "seed": 0,
    "commit": "abc",
    "values": {"CIDEr-D": 0.5},
    "signature": "cider-d|1|ptb",
    "machine": "x86_64 CPU, 1 thread, torch 2.15.0",
}


def card(**changes: Any) -> dict[str, Any]:
    whole = {
        "name": "x",
        "title": "X",
        "summary": "It captions.",
        "licence": "MIT",
        "paper": {"title": "T", "authors": ["A"], "year": 2024, "venue": "V"},
        "facts": [{"what": "w", "status": "known", "source": "the paper"}],
        "measured": [MEASURED],
        "limits": ["few"],
        "parameters": {"x/msvd": 1000},
    }
    return {**whole, **changes}


def test_a_whole_card_is_read_and_written_alike() -> None:
    read = cards.from_data(card(), "x")
    assert read.missing() == []
    assert read.measured[0].values == {"CIDEr-D": 0.5}
    assert cards.from_data(cards.to_data(read), "x") == read


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"titel": "X"}, "a card has no argument 'titel'; did you mean 'title'?"),
        ({"name": 3}, "name: a card wants str for 'name', not 3"),
        ({"paper": {"title": "T"}}, "paper: a paper needs the argument 'authors'"),
        ({"paper": "T"}, "paper: must be a dict"),
        ({"facts": {"a": 1}}, "facts: must be a list"),
        ({"facts": [{"what": "w", "status": "sure"}]}, "facts.0.status: a row of facts wants"),
        ({"measured": [{**MEASURED, "signature": None}]}, "measured.0.signature"),
        ({"measured": [{k: v for k, v in MEASURED.items() if k != "commit"}]}, "needs the argument 'commit'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        cards.from_data(card(**changes), "x/card.yaml")
    assert str(caught.value).startswith("x/card.yaml: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"facts": []}, "nothing says what is known"),
        ({"limits": []}, "nothing says what it cannot do"),
        ({"measured": [{k: v for k, v in MEASURED.items() if k != "machine"}]}, "does not say its machine"),
        ({"facts": [{"what": "w", "status": "known"}]}, "a known fact names no source"),
    ],
)
def test_gaps_are_named(changes: dict[str, Any], said: str) -> None:
    assert said in "".join(cards.from_data(card(**changes), "x").missing())


def test_a_card_that_is_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("a: [")
    with pytest.raises(UserError, match=r"card\.yaml: is not YAML"):
        cards.read(tmp_path / "card.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        cards.read(tmp_path / "gone.yaml")
    with pytest.raises(UserError, match="no plugin is named 'nobody'"):
        cards.find("nobody")
