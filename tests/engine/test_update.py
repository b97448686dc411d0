"""One update: exact means over accumulated batches, and an honest end when a loss is not finite."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from vidcap_core.captioner.build import build_captioner, build_tokenizer
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.types import Batch
from vidcap_core.engine.data import Collate
from vidcap_core.engine.update import Diverged, read, update
from vidcap_core.testing import tiny


def parts(clips: int = 8) -> tuple[Captioner, list[Batch]]:
    """A captioner without dropout, and batches of unequal numbers of words."""
    data = tiny.config(head={"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 8, "dropout": 0.0})
    dataset = tiny.TinyClips(clips=clips)
    torch.manual_seed(0)
    recipe = validate(Config("t", data))
    tokenizer = build_tokenizer(recipe, dataset)
    captioner = build_captioner(recipe, tokenizer, recipe.losses)
    samples = [dataset.get(i, np.random.default_rng(0)) for i in range(clips)]
    collate = Collate(tokenizer)
    return captioner, [collate(samples[:2]), collate(samples[2:3]), collate(samples[3:])]


def merged(clips: int = 8) -> Batch:
    captioner, _ = parts(clips)
    dataset = tiny.TinyClips(clips=clips)
    return Collate(captioner.tokenizer)([dataset.get(i, np.random.default_rng(0)) for i in range(clips)])


def stepped(
    captioner: Captioner, batches: list[Batch], losses: list[str], scales: dict[str, float]
) -> dict[str, Any]:
    captioner = copy.deepcopy(captioner)
    wrapper = OptimWrapper(torch.optim.SGD(captioner.parameters(), lr=1.0))
    [values] = read([update(captioner, wrapper, batches, losses, scales)])
    return {"values": values, "weights": captioner.state_dict()}


class ClipCount(nn.Module):
    """A second loss, with another weight than the words': the mean squared first state of a clip."""

    reads = frozenset({"tokens"})

    def forward(self, output: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        return output["tokens"].value.pow(2).mean((1, 2)).sum(), torch.tensor(float(len(batch)))


def test_accumulation_equals_one_large_batch() -> None:
    captioner, batches = parts()
    captioner.losses["size"] = ClipCount()
    scales = {"tokens": 1.0, "size": 0.3}
    one = stepped(captioner, [merged()], ["tokens", "size"], scales)
    many = stepped(captioner, batches, ["tokens", "size"], scales)
    assert one["values"] == pytest.approx(many["values"], abs=1e-5)
    for name, weight in one["weights"].items():
        assert torch.allclose(weight, many["weights"][name], atol=1e-5), name
    before = captioner.state_dict()
    assert any(not torch.equal(one["weights"][name], before[name]) for name in before)


def test_counting_weights_leaves_the_random_state_alone() -> None:
    captioner, batches = parts()
    for module in captioner.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.5
    torch.manual_seed(3)
    first = stepped(captioner, batches, ["tokens"], {"tokens": 1.0})
    torch.manual_seed(3)
    second = stepped(captioner, batches, ["tokens"], {"tokens": 1.0})
    assert all(torch.equal(first["weights"][k], second["weights"][k]) for k in first["weights"])


def test_a_loss_that_is_not_finite_names_its_part_and_its_clips() -> None:
    captioner, batches = parts()
    bad = batches[1]
    bad.streams["image"].values[:] = float("nan")
    wrapper = OptimWrapper(torch.optim.SGD(captioner.parameters(), lr=0.0))
    updates = [
        update(captioner, wrapper, [batch], ["tokens"], {"tokens": 1.0}) for batch in (batches[0], bad)
    ]
    with pytest.raises(Diverged, match=f"'tokens' is not finite for the clips {bad.clips[0].id}"):
        read(updates)
