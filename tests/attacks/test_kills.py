"""Training of plugins' own phases is killed and resumed; `benchmarks/kills.py` does it to all of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from killed_runs import final, in_child, killed_often, losses, same, small


@pytest.mark.parametrize("name", [pytest.param("mffcl/toy", marks=pytest.mark.slow), "wsdvc_mask/toy"])
def test_what_was_killed_ends_bit_for_bit(name: str, tmp_path: Path) -> None:
    torch.set_num_threads(1)  # before any fork: threads of a parent do not exist in its child
    config = small(name)
    assert len(config["phases"]) == 2
    assert in_child(config, tmp_path / "whole", False) == 0
    assert killed_often(config, tmp_path / "killed", random.Random(27), 2) == 2
    assert same(final(tmp_path / "whole"), final(tmp_path / "killed"))
    assert losses(tmp_path / "whole") == losses(tmp_path / "killed")
