"""A head without a left-to-right step: all words at once, then the least sure of them again (mask-predict)."""

from __future__ import annotations

from collections.abc import Mapping, Set

import torch
from torch import Tensor, nn

from vidcap_core.api import (
    Batch,
    Head,
    Hyp,
    Named,
    Output,
    Rows,
    Stream,
    Tokenizer,
    View,
    WriteSettings,
    caption_tokens,
    mean_rows,
)


class MaskPredict(Head):
    """p(w_i | video, the words that are seen) for all positions i; writing goes over `rounds` times.

    streams: name -> width.
    width: of everything.
    rounds: how often the least sure words are written again.
    """

    decodes = frozenset({"max_length"})

    def __init__(
        self, streams: dict[str, int], tokenizer: Tokenizer, width: int = 48, rounds: int = 3
    ) -> None:
        super().__init__()
        self.streams, self.rounds = streams, rounds
        self.hidden, self.never = tokenizer.token_id("<MASK>"), [tokenizer.pad_id, tokenizer.bos_id]
        self.video = nn.Linear(sum(streams.values()), width)
        self.words = nn.Embedding(len(tokenizer), width)
        self.positions = nn.Embedding(16, width)
        self.mix = nn.TransformerEncoderLayer(width, 4, 2 * width, 0.0, batch_first=True)
        self.classify = nn.Linear(width, len(tokenizer))

    def scores(self, video: Tensor, words: Tensor) -> Tensor:
        """Logits [R, L, V] of all words."""
        index = torch.arange(words.shape[1], device=words.device)
        inputs = self.words(words) + self.positions(index) + video[:, None]
        return self.classify(self.mix(inputs))  # type: ignore[no-any-return]

    def seen(self, streams: Mapping[str, Stream]) -> Tensor:
        """The video [B, width]."""
        return self.video(torch.cat([mean_rows(streams[name]) for name in self.streams], -1))  # type: ignore[no-any-return]

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """Words that are hidden by chance, from the others."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        words, real = tokens[:, 1:], mask[:, 1:]
        hide = real & (torch.rand(words.shape, device=words.device) < torch.rand(len(words), 1) + 0.2)
        return Output(
            tokens=Named(self.scores(self.seen(streams), words.masked_fill(hide, self.hidden)), words, hide)
        )

    def write(self, view: View, settings: WriteSettings) -> Rows:
        """All words from nothing; then, in each round, the least sure ones again."""
        video = self.seen(view.streams)
        words = torch.full((len(video), min(settings.max_length, 8)), self.hidden, device=video.device)
        for done in range(self.rounds):
            logs = self.scores(video, words).log_softmax(-1)
            logs[..., [*self.never, self.hidden, *settings.never]] = -torch.inf
            sure, words = logs.max(-1)
            again = int(words.shape[1] * (1 - (done + 1) / self.rounds))
            if again:
                words = words.scatter(1, sure.topk(again, largest=False).indices, self.hidden)
        return [
            [_until(row, logs, settings.eos)] for row, logs in zip(words.tolist(), sure.tolist(), strict=True)
        ]


def _until(words: list[int], logs: list[float], eos: int) -> Hyp:
    end = words.index(eos) if eos in words else len(words)
    return Hyp(words[:end], sum(logs[: end + 1]), logs[:end], logs[end] if end < len(words) else None)
