"""A store made by several processes, each a part of the clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidcap_core.cli.main import main
from vidcap_core.errors import DataError
from vidcap_core.features.parts import take_in
from vidcap_core.features.store import FeatureStore
from vidcap_core.features.writer import FeatureWriter
from vidcap_core.testing.videos import write_video


def test_parts_make_what_one_process_makes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        write_video(tmp_path / "v" / f"{number}.mp4", seconds=0.5, colour=(40 * number, 200, 90), sound=False)
    words = [
        "features",
        "extract",
        "--videos",
        str(tmp_path / "v"),
        "--encoder",
        "ToyGrid",
        "--set",
        "stream=image",
    ]
    assert main([*words, "--out", str(tmp_path / "whole")]) == 0
    shared = [*words, "--out", str(tmp_path / "shared")]
    for share in ("0/2", "1/2"):
        assert main([*shared, "--shard", share]) == 0
    made = [FeatureStore(tmp_path / f"shared.{part}-of-2") for part in range(2)]
    assert sorted(clip for store in made for clip in store) == ["0", "1", "2", "3", "4"]
    assert main(shared) == 0
    assert "0 made, 5 already there" in capsys.readouterr().out
    whole, union = FeatureStore(tmp_path / "whole"), FeatureStore(tmp_path / "shared")
    assert all(np.array_equal(whole[clip], union[clip]) for clip in whole)
    assert whole.fingerprint() == union.fingerprint()
    assert main([*shared, "--shard", "0/2"]) == 0  # what the whole holds, no part makes again
    assert main([*shared, "--actors", "2"]) == 2
    assert "belongs to a cluster" in capsys.readouterr().err


def test_parts_of_another_encoder_or_in_work_are_refused(tmp_path: Path) -> None:
    rows = np.ones((2, 3), np.float32)
    with FeatureWriter(tmp_path / "s.0-of-2", {"encoder": "A"}) as part:
        part.add("a", rows)
    with FeatureWriter(tmp_path / "s", {"encoder": "B"}) as whole, pytest.raises(DataError, match="0-of-2"):
        take_in(whole, {"encoder": "B"}, "float16")
    with (
        FeatureWriter(tmp_path / "t.0-of-2", {"encoder": "A"}),
        FeatureWriter(tmp_path / "t", {"encoder": "A"}) as whole,
        pytest.raises(DataError, match=r"0-of-2: another process is writing"),
    ):
        take_in(whole, {"encoder": "A"}, "float16")
