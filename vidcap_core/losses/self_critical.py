"""Self-critical training: sampled captions that score above the baseline become likelier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.hypotheses import Hyp, Rows
from vidcap_core.contracts.loss import Loss
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Stream, View
from vidcap_core.decoding.generate import generate
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.heads.layers import padded_ids
from vidcap_core.metrics.reward import CiderReward

Reward = Callable[[Sequence[str], Sequence[str]], Any]
"""Clip ids and captions to one number each."""


class SelfCritical(Loss):
    """-(r(s) - b) sum_t log p(s_t | s_<t) over sampled captions s, with r = CIDEr-D against the clip's references.

    Samples may hold the unknown word: they are drawn from the p that is trained, and what no reference says earns
    nothing. The greedy caption is what would be said, so what `generate` bans is banned there.

    samples_per_clip: captions drawn for each row.
    baseline: b is the reward of the "greedy" caption, or the "mean" reward of the row's other samples.
    temperature: of sampling.
    max_length: most words of a sample; None: as in `generate`.
    reduce: "token" is the mean over sampled words, "clip" over samples.
    """

    samples = True

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

    def forward(self, captioner: Any, streams: Mapping[str, Stream], batch: Batch) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Sample without gradients, then one teacher-forced pass with gradients for each sample of a row.

        Sampling is in eval mode, on streams of its own where encoders train: those it reads must carry no graph.
        """
        if self.reward is None:
            raise UserError("SelfCritical has no references", hint="fit(dataset) before the first step")
        trains = any(p.requires_grad for p in captioner.encoders.parameters())
        with torch.no_grad(), in_eval_mode(captioner):
            view = whole_view(captioner, captioner.streams(batch) if trains else streams, batch)
            drawn = self._generate(captioner, view, "sample")
            greedy = self._generate(captioner, view, "greedy") if self.baseline == "greedy" else None
        advantage = self._advantage(captioner, batch, drawn, greedy)
        total = torch.zeros((), device=advantage.device)
        weight = torch.zeros((), device=advantage.device)
        for index in range(self.samples_per_clip):
            texts = [row[index] for row in drawn]
            output = captioner.head(
                streams, as_captions(batch, texts, captioner.tokenizer), frozenset({"tokens"})
            )
            words = output["tokens"]
            logs = (
                words.value.float()
                .log_softmax(-1)
                .gather(-1, words.target.clamp_min(0)[..., None])
                .squeeze(-1)
            )
            total = total - (torch.where(words.mask, logs, 0) * advantage[:, index, None]).sum()
            weight = weight + (words.mask.sum() if self.reduce == "token" else len(batch))
        return total, weight

    def _generate(self, captioner: Any, view: View, mode: Literal["greedy", "sample"]) -> Rows:
        plain = captioner.settings
        settings = GenerateSettings(
            mode=mode,
            n_best=self.samples_per_clip if mode == "sample" else 1,
            temperature=self.temperature,
            max_length=self.max_length or plain.max_length,
        )
        # chance is torch's own here: it must differ from step to step, and a checkpoint restores it
        ends = {"bos": captioner.tokenizer.bos_id, "eos": captioner.tokenizer.eos_id}
        banned = captioner.banned(plain) if mode == "greedy" else ()
        return generate(
            captioner.head, view, settings, **ends, generator=torch.default_generator, banned=banned
        )

    def _advantage(
        self, captioner: Any, batch: Batch, drawn: list[list[Hyp]], greedy: list[list[Hyp]] | None
    ) -> Tensor:
        assert self.reward is not None
        clips = [clip.id for clip in batch.clips]

        def rewards(rows: list[list[Hyp]]) -> Tensor:
            names = [clip for clip, row in zip(clips, rows, strict=True) for _ in row]
            texts = [captioner.tokenizer.decode(text.tokens) for row in rows for text in row]
            scores = torch.as_tensor(self.reward(names, texts), dtype=torch.float32)  # type: ignore[misc]
            return scores.view(len(clips), -1).to(captioner.device)

        got = rewards(drawn)
        if greedy is not None:
            return got - rewards(greedy)
        return got - (got.sum(1, keepdim=True) - got) / (got.shape[1] - 1)


def whole_view(captioner: Any, streams: Mapping[str, Stream], batch: Batch) -> View:
    """The one view of a head that captions each clip as a whole."""

    def refuse(view: View) -> Any:
        raise UserError("SelfCritical cannot train a head that generates in order to plan")

    views = captioner.head.plan(streams, batch, refuse)
    if len(views) != 1 or views[0].clips != tuple(range(len(batch))):
        raise UserError(
            f"SelfCritical needs one caption a clip; {type(captioner.head).__name__} plans other views"
        )
    return views[0]  # type: ignore[no-any-return]


def as_captions(batch: Batch, texts: Sequence[Hyp], tokenizer: Tokenizer) -> Batch:
    """The batch with other captions; one that max_length cut has no EOS to learn."""
    rows = [
        [tokenizer.bos_id, *text.tokens, *([] if text.end is None else [tokenizer.eos_id])] for text in texts
    ]
    tokens, mask = padded_ids(rows, tokenizer.pad_id, least=2)
    device = next(iter(batch.streams.values())).values.device if batch.streams else "cpu"
    return replace(
        batch,
        tokens=tokens.to(device),
        token_mask=mask.to(device),
        texts=tuple(tokenizer.decode(text.tokens) for text in texts),
    )


@contextmanager
def in_eval_mode(module: nn.Module) -> Iterator[None]:
    """Eval mode for a while; every part then goes back to its own mode."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
