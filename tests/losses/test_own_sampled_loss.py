"""A loss on sampled texts that is nobody's but the plugin's: the contract alone carries it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vidcap_core.api import AnyDataset, Batch, Hyp, Loss, Output
from vidcap_core.config.files import Config
from vidcap_core.engine import runs
from vidcap_core.testing import tiny


class MinimumRisk(Loss):
    """sum_k q_k cost_k over K sampled captions of a clip, with q the softmax of their log-probabilities."""

    def __init__(self, *, texts: int = 4, sharpness: float = 0.1) -> None:
        super().__init__()
        self.texts, self.sharpness = texts, sharpness

    def fit(self, dataset: AnyDataset) -> None:
        """The words that references say of each clip."""
        self.words = {clip: set(" ".join(texts).split()) for clip, texts in dataset.references().items()}

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """The risk of all clips, and how many they are."""
        rows = output.writer.sample(self.texts)
        scores = [output.writer.log_probs([row[k] for row in rows])[0].sum(1) for k in range(self.texts)]
        chances = (self.sharpness * torch.stack(scores, 1)).softmax(1)
        costs = [[self.cost(clip.id, h) for h in row] for clip, row in zip(batch.clips, rows, strict=True)]
        return (chances * chances.new_tensor(costs)).sum(), chances.new_tensor(len(batch))

    def cost(self, clip: str, hyp: Hyp) -> float:
        """The share of words that no reference says; an empty text is worth nothing."""
        said = (hyp.text or "").split()
        return sum(word not in self.words[clip] for word in said) / len(said) if said else 1.0


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_plugins_own_sampled_loss_trains(tmp_path: Path, accumulate: int) -> None:
    config = tiny.config(
        losses={"tokens": {"type": "TokenLoss"}, "risk": {"type": f"{__name__}:MinimumRisk", "texts": 6}},
        phases={
            "words": {"epochs": 4, "losses": ["tokens"]},
            "risk": {
                "steps": 40,
                "losses": ["risk"],
                "data": {"unit": "clip"},
                "batch": 4,
                "accumulate": accumulate,
            },
        },
        evaluate={"every": 0, "metrics": ["cider-d"], "best": None},
        runtime={"batch": 4, "log_every": 1},
    )
    folder = runs.train(Config("risk", config), work_dir=tmp_path / "run", device="cpu", quiet=True)
    lines = [json.loads(line) for line in (folder.path / "scalars.jsonl").read_text().splitlines()]
    risks = [line["loss/risk"] for line in lines if "loss/risk" in line]
    assert len(risks) == 40
    assert sum(risks[-10:]) < 0.6 * sum(risks[:10]), risks
