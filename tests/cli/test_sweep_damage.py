"""A sweep whose runs hold what no run of ours wrote: each command says so in a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.cli.main import main

SCORES = {
    "clips": "2 of 2 clips",
    "values": {"M": 0.5, "B": 0.25, "N": None},
    "per_clip": {"M": {"a": 0.25, "b": 0.75}, "N": {"a": None, "b": 1.0}},
    "signatures": {"M": "m|1", "B": "b|1", "N": "n|1"},
}
FILES: dict[str, Any] = {
    "done.json": {"row": "small", "seed": 0, "fold": None},
    "config.json": {},
    "meta.json": {"machine": "here"},
    "scores-val.json": SCORES,
}
DAMAGE: dict[str, tuple[str, bytes]] = {
    **{
        f"{name}: {kind}": (name, content)
        for name in ("scores-val.json", "meta.json", "scalars.jsonl", "done.json")
        for kind, content in {
            "garbage": b"\xff\x00{\n{}\n",
            "deep": b"[" * 100_000 + b"\n{}\n",
            "list": b"[]\n[]\n",
            "digits": b"9" * 5000 + b"\n{}\n",
        }.items()
    },
    **{
        f"scores: {key} {value!r:.30}": (
            "scores-val.json",
            json.dumps({**SCORES, key: value}).encode(),
        )
        for key, values in {
            "values": ([], None, {"M": "x"}, {"M": 10**400}),
            "per_clip": ([], {"M": [1]}, {"M": {"a": "x"}}),
            "signatures": ([], {"M": 3}),
        }.items()
        for value in values
    },
    "scalars: no step": ("scalars.jsonl", b'{"loss": 1}\n{"step": 2}\n'),
    "scalars: a step of text": ("scalars.jsonl", b'{"step": "x"}\n{"step": 2}\n'),
    "scalars: NaN": ("scalars.jsonl", b'{"step": NaN}\n{"step": 2}\n'),
}


@pytest.fixture
def sweep(tmp_path: Path) -> list[str]:
    """A command over a sweep of which every run is done."""
    (tmp_path / "grid.py").write_text("rows = {'small': {'head.width': 16}}")
    for seed in (0, 1):
        run = tmp_path / "out" / f"small-seed{seed}"
        run.mkdir(parents=True)
        for name, data in {**FILES, "done.json": {**FILES["done.json"], "seed": seed}}.items():
            (run / name).write_text(json.dumps(data))
        (run / "scalars.jsonl").write_text('{"step": 4, "loss/x": 1.0}\n{"step": 8, "loss/x": 0.5}\n{"st')
    grid, out = str(tmp_path / "grid.py"), str(tmp_path / "out")
    return ["sweep", "core/toy", "--grid", grid, "--seeds", "2", "--out", out]


def test_whole_with_values_that_are_null(sweep: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(sweep) == 0
    data = json.loads((Path(sweep[-1]) / "table.json").read_text())
    assert {name: cell["mean"] for name, cell in data["rows"]["small"].items() if name != "_clips"} == {
        "M": 0.5,
        "B": 0.25,
    }
    assert data["steps"] == [8], "the line that a killed run was writing does not count"
    assert "8 steps a run" in capsys.readouterr().out


def test_a_score_that_one_seed_lacks_is_left_out(sweep: list[str]) -> None:
    """The mean of one seed beside that of two would look like the same thing."""
    values = {name: value for name, value in SCORES["values"].items() if name != "B"}  # type: ignore[attr-defined]
    file = Path(sweep[-1]) / "small-seed1" / "scores-val.json"
    file.write_text(json.dumps({**SCORES, "values": values}))
    assert main(sweep) == 0
    assert "B" not in json.loads((Path(sweep[-1]) / "table.json").read_text())["rows"]["small"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_is_a_line(sweep: list[str], damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, content = DAMAGE[damage]
    (Path(sweep[-1]) / "small-seed1" / name).write_bytes(content)
    compare = ["compare", "small", "small", "--sweep", sweep[-1]]
    reads = {"done.json": [compare], "scores-val.json": [sweep, compare]}.get(name, [sweep])
    for words in reads:
        assert main(words) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert name in said
