"""`vidcap compare --sweep`: two rows of a sweep, over its seeds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vidcap_core.cli.main import main


@pytest.fixture
def sweep(tmp_path: Path) -> Callable[[int], Path]:
    """A sweep's folder as its runs leave it."""

    def make(folds: int) -> Path:
        draw = np.random.default_rng(0)
        for row, shift in (("small", 0.0), ("large", 1.0)):
            for seed in range(3):
                for fold in range(folds):
                    folder = tmp_path / f"{row}-seed{seed}-fold{fold}"
                    folder.mkdir()
                    values = draw.normal(shift, 0.3, 30)
                    clips = {f"{fold}-{n}": float(v) for n, v in enumerate(values)}
                    (folder / "done.json").write_text(json.dumps({"row": row, "seed": seed, "fold": fold}))
                    scores = {
                        "values": {"M": float(values.mean()), "B": shift + seed / 10, "N": None},
                        "per_clip": {"M": clips},
                        "signatures": {"M": f"m|fold{fold}", "B": "b", "N": "n"},
                    }
                    (folder / "scores-val.json").write_text(json.dumps(scores))
        return tmp_path

    return make


@pytest.mark.parametrize("folds", [1, 2])
def test_rows_of_a_sweep(
    sweep: Callable[[int], Path], folds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sweep(folds)
    assert main(["compare", "small", "large", "--sweep", str(folder), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == {"M", "B"}
    assert (rows["M"]["clips"], rows["M"]["seeds"]) == (30 * folds, [3, 3])
    assert rows["B"]["clips"] == 0
    assert rows["M"]["holm"] < 0.05
    assert main(["compare", "small", "large", "--sweep", str(folder)]) == 0
    assert "B better" in capsys.readouterr().out


def test_what_a_sweep_does_not_have(sweep: Callable[[int], Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = sweep(1)
    assert main(["compare", "smal", "large", "--sweep", str(folder)]) == 2
    assert "did you mean 'small'" in capsys.readouterr().err
    assert main(["compare", "small", "large", "--sweep", str(folder), "--split", "test"]) == 2
    assert "--split, of: val" in capsys.readouterr().err
    assert main(["compare", "small", "large", "--sweep", str(folder / "none")]) == 2
    assert main(["compare", "a.json", "b.json"]) == 2
    assert "--ref REFERENCES" in capsys.readouterr().err
