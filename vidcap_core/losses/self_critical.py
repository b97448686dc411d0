"""Self-critical training: sampled captions that score above the baseline become likelier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.head import Output
from vidcap_core.contracts.hypotheses import Hyp
from vidcap_core.contracts.loss import Loss
from vidcap_core.contracts.types import Batch
from vidcap_core.errors import ConfigError, UserError
from vidcap_metrics.reward import CiderReward

Reward = Callable[[Sequence[str], Sequence[str]], Any]
"""Clip ids and captions to one number each."""


class SelfCritical(Loss):
    """-(r(s) - b) sum_t log p(s_t | s_<t) over sampled captions s, with r = CIDEr-D against the clip's references.

    Samples may hold the unknown word: they are drawn from the p that is trained, and what no reference says earns
    nothing. The greedy caption is what would be said, so what `generate` forbids is forbidden there.

    samples_per_clip: captions drawn for each row.
    baseline: b is the reward of the "greedy" caption, or the "mean" reward of the row's other samples.
    temperature: of sampling.
    max_length: most words of a sample; None: as in `generate`.
    reduce: "token" is the mean over sampled words, "clip" over samples.
    """

    writes = frozenset({"sample", "greedy"})

    def __init__(
        self,
        *,
        samples_per_clip: int = 5,
        baseline: Literal["greedy", "mean"] = "greedy",
        temperature: float = 1.0,
        max_length: int | None = None,
        reduce: Literal["token", "clip"] = "token",
    ) -> None:
        super().__init__()
        if baseline == "mean" and samples_per_clip < 2:
            raise ConfigError("the mean of a row's other samples needs some", hint="samples_per_clip=5")
        self.samples_per_clip, self.baseline, self.temperature = samples_per_clip, baseline, temperature
        self.max_length, self.reduce = max_length, reduce
        self.reward: Reward | None = None

    def fit(self, dataset: Dataset) -> None:
        """Prepare the references of the training set once."""
        self.reward = CiderReward(dataset.references())

    def forward(self, output: Output, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sample without gradients, then one teacher-forced pass with gradients for each sample of a row."""
        if self.reward is None:
            raise UserError("SelfCritical has no references", hint="fit(dataset) before the first step")
        writer, most = output.writer, self.max_length
        drawn = writer.sample(self.samples_per_clip, temperature=self.temperature, max_length=most)
        got = self._rewards(self.reward, batch, drawn)
        if self.baseline == "greedy":
            length = {} if most is None else {"max_length": most}
            greedy = writer.write(mode="greedy", n_best=1, **length)
            advantage = got - self._rewards(self.reward, batch, greedy)
        else:
            advantage = got - (got.sum(1, keepdim=True) - got) / (got.shape[1] - 1)
        scored = [writer.log_probs([row[index] for row in drawn]) for index in range(self.samples_per_clip)]
        total = weight = scored[0][0].new_zeros(())
        for (logs, real), gain in zip(scored, advantage.to(scored[0][0].device).unbind(1), strict=True):
            total = total - (logs * gain[:, None]).sum()
            weight = weight + (real.sum() if self.reduce == "token" else len(batch))
        return total, weight

    @staticmethod
    def _rewards(reward: Reward, batch: Batch, rows: list[list[Hyp]]) -> Tensor:
        """The reward of every text, [clips, texts a clip]."""
        names = [clip.id for clip, row in zip(batch.clips, rows, strict=True) for _ in row]
        scores = reward(names, [text.text or "" for row in rows for text in row])
        return torch.as_tensor(scores, dtype=torch.float32).view(len(rows), -1)
