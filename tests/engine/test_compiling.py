"""Compiled parts do the same arithmetic, in one graph where the core is concerned."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.types import Batch
from vidcap_core.engine import compiling, optimizers
from vidcap_core.engine.data import Collate
from vidcap_core.engine.training import Training
from vidcap_core.engine.update import read, update
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing import tiny

GRU = {"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 16, "dropout": 0.0}
TRANSFORMER = {
    "type": "SmallTransformer",
    "streams": {"image": 16},
    "width": 16,
    "heads": 2,
    "layers": 1,
    "dropout": 0.0,
}


def losses(head: dict[str, Any], compiled: bool, backend: str = "aot_eager") -> tuple[list[float], list[str]]:
    """Of three updates, and what breaks."""
    recipe = validate(Config("test", tiny.config(head=head)))
    torch.manual_seed(0)
    training = Training(recipe, RunFolder(Path(os.devnull)))
    captioner, [phase, *_] = training.captioner, recipe.phases
    if compiled:
        compiling.compile_parts(captioner, "default", backend=backend)
    captioner.choose_training(phase.train, phase.freeze)
    captioner.train()
    data = training.dataset(phase)
    batch: Batch = Collate(training.tokenizer)([data.get(i, np.random.default_rng([0, i])) for i in range(4)])
    wrapper = optimizers.build(captioner, recipe.phases, 0, "off")
    made = [update(captioner, wrapper, [batch], ["tokens"], {"tokens": 1.0}) for _ in range(3)]
    return [row["tokens"] for row in read(made)], list(compiling.breaks())


@pytest.mark.parametrize("head", [GRU, TRANSFORMER], ids=["gru", "transformer"])
def test_losses_stay_and_the_cores_heads_are_one_graph(head: dict[str, Any]) -> None:
    plain, _ = losses(head, compiled=False)
    compiled, breaks = losses(head, compiled=True)
    assert compiled == pytest.approx(plain, abs=1e-5)
    assert plain[2] != plain[0]
    assert breaks == []


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, compiling.COMPILERS)), reason="needs a C++ compiler")
def test_losses_stay_with_the_compiler_itself() -> None:
    plain, _ = losses(GRU, compiled=False)
    compiled, breaks = losses(GRU, compiled=True, backend="inductor")
    assert compiled == pytest.approx(plain, abs=1e-5)
    assert plain[2] != plain[0]
    assert breaks == []


def test_what_breaks_is_told() -> None:
    torch._dynamo.reset()
    compiling._counters().clear()

    @torch.compile(backend="eager")
    def reads(x: torch.Tensor) -> torch.Tensor:
        return x * 2 if x.sum().item() > 1 else x

    reads(torch.ones(3))
    first, *reasons = compiling.breaks()
    assert first.startswith("note: compiled in parts: ")
    assert reasons
