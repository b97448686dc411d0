"""SwinBERT's captioner: video tokens and words in one BERT, which fills in a mask behind the words so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal, cast

import torch
from torch import Tensor

from vidcap_core.api import (
    Batch,
    ConfigError,
    Custom,
    Event,
    Head,
    Named,
    Output,
    Panel,
    SpatialAttention,
    Stream,
    Tokenizer,
    UserError,
    View,
    caption_tokens,
    check_widths,
    read_streams,
    whole_clips,
)
from vidcap_swinbert.bert import Pair
from vidcap_swinbert.masked_words import mask_words
from vidcap_swinbert.network import Memory, Network, causal, teacher
from vidcap_swinbert.video_mask import VideoMask

State = tuple[Pair, ...]
NAME = "SwinBERTHead"


class SwinBERTHead(Head):
    """p(w_t) = softmax(V h), with h the state of a mask behind w_<t and the video.

    streams: the stream of video tokens -> its width; one stream.
    grid: tokens over time, down and across; their product is the number of rows of the stream.
    mask: which video tokens see which: "soft" and "hard" are learnt, "full" is all.
    between: width between the two projections of video tokens.
    width, heads, feed, layers: sizes of BERT.
    max_length: positions of text: words, begin and end.
    mask_token: the tokenizer's token that stands for a hidden word.
    mask_share, most_masked: of a caption's tokens so many are hidden in training, and at most so many.
    dropout: share that is dropped in training.
    """

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        grid: tuple[int, int, int] = (16, 7, 7),
        mask: Literal["soft", "hard", "full"] = "soft",
        between: int = 512,
        width: int = 768,
        heads: int = 12,
        feed: int = 3072,
        layers: int = 12,
        max_length: int = 50,
        mask_token: str = "[MASK]",
        mask_share: float = 0.5,
        most_masked: int = 45,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.streams = check_widths(streams, NAME)
        if len(self.streams) != 1:
            raise ConfigError(f"head.streams names {len(streams)} streams; {NAME} reads one, of video tokens")
        if width % heads:
            raise ConfigError(f"head.width={width} must be a multiple of head.heads={heads}")
        if not 0 < mask_share <= 1:
            raise ConfigError(f"head.mask_share={mask_share} must lie in (0, 1]")
        self.tokenizer, self.max_length = tokenizer, max_length
        self.grid = (int(grid[0]), int(grid[1]), int(grid[2]))
        self.tokens = self.grid[0] * self.grid[1] * self.grid[2]
        self.mask_id = tokenizer.token_id(mask_token)
        self.mask_share, self.most_masked = mask_share, most_masked
        self.network = Network(
            dim=next(iter(self.streams.values())),
            between=between,
            words=len(tokenizer),
            positions=max_length,
            width=width,
            heads=heads,
            feed=feed,
            layers=layers,
            dropout=dropout,
            mask=None if mask == "full" else VideoMask(self.tokens, mask == "hard"),
        )

    def start(self, view: View) -> tuple[Memory, State]:
        """Encode the video; no word is known yet."""
        memory = self._video(view.streams)
        return memory, tuple((keys[:, :, :0], values[:, :, :0]) for keys, values in memory.video)

    def step(self, tokens: Tensor, memory: Memory, state: State) -> tuple[Tensor, State]:
        """The word and a mask behind it go through BERT; the mask says the next word, and is forgotten."""
        before = state[0][0].shape[2]
        if before + 2 > self.max_length:
            raise UserError(
                f"a text of {before + 1} words does not fit: {NAME} has {self.max_length} positions",
                hint=f"--set generate.max_length={self.max_length - 1}",
            )
        given = torch.stack([tokens, torch.full_like(tokens, self.mask_id)], 1)
        places = torch.arange(before, before + 2, device=tokens.device)
        hidden = causal(before + 2, tokens.device)[before:]
        states, pairs = self.network.text(given, places, hidden, memory, state)
        kept = tuple((keys[:, :, :-1], values[:, :, :-1]) for keys, values in pairs)
        return self.network.logits(states[:, 1]), kept

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """Words that are hidden by chance; outside of training each word behind a mask of its own, as `step` has it."""
        mask = self.network.mask
        self.refuse_others(want, {"tokens"} if mask is None else {"tokens", "sparsity"})
        outputs = {}
        if "sparsity" in want and mask is not None:
            outputs["sparsity"] = Named(mask.density().expand(len(batch)))
        if "tokens" in want:
            tokens, real = caption_tokens(batch)
            if tokens.shape[1] > self.max_length:
                raise UserError(
                    f"a caption has {tokens.shape[1] - 2} words, and {NAME} has positions for "
                    f"{self.max_length - 2}",
                    hint=f"--set head.max_length={tokens.shape[1]}, or data.*.max_words",
                )
            memory = self._video(whole_clips(streams, batch).streams)
            read = self._hidden_words if self.training else self._next_words
            outputs["tokens"] = read(tokens, real, memory)
        return Output(**outputs)

    def _hidden_words(self, tokens: Tensor, real: Tensor, memory: Memory) -> Named:
        given = mask_words(tokens, real, self.mask_id, len(self.tokenizer), self.mask_share, self.most_masked)
        length = tokens.shape[1]
        places = torch.arange(length, device=tokens.device)
        states, _ = self.network.text(given.tokens, places, causal(length, tokens.device), memory)
        wide = given.positions[..., None].expand(-1, -1, states.shape[-1])
        return Named(self.network.logits(states.gather(1, wide)), given.wanted, given.counts)

    def _next_words(self, tokens: Tensor, real: Tensor, memory: Memory) -> Named:
        states = self._behind_masks(tokens, memory)
        return Named(self.network.logits(states), tokens[:, 1:], real[:, 1:])

    def _behind_masks(self, tokens: Tensor, memory: Memory) -> Tensor:
        """States [R, L - 1, W] of a mask in the place of each word but the first, after the words before it."""
        both, places, hidden = self._words_and_masks(tokens)
        states, _ = self.network.text(both, places, hidden, memory)
        return states[:, tokens.shape[1] :]

    def _words_and_masks(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        length = tokens.shape[1]
        place = torch.arange(length, device=tokens.device)
        both = torch.cat([tokens, torch.full_like(tokens[:, 1:], self.mask_id)], 1)
        return both, torch.cat([place, place[1:]]), teacher(length, tokens.device)

    def _video(self, streams: Mapping[str, Stream]) -> Memory:
        name, stream = next(iter(read_streams(streams, self.streams, NAME).items()))
        rows = stream.values.shape[1]
        if rows < self.tokens or (rows > self.tokens and bool(stream.mask[:, self.tokens :].any())):
            raise UserError(
                f"the stream '{name}' has {rows} rows, and {NAME}'s mask is made for {self.tokens}",
                hint="head.grid: tokens over time (frames / 2), down and across (size / 32)",
            )
        return self.network.video(Stream(stream.values[:, : self.tokens], stream.mask[:, : self.tokens]))

    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        """Where each word looked in the last layer, and what the learnt mask leaves open between moments."""
        stream = streams[next(iter(self.streams))]
        memory = self._video(streams)
        slots, down, across = self.grid
        rows: list[list[Panel]] = []
        for row, of_clip in enumerate(events):
            panels: list[Panel] = []
            ids = self.tokenizer.encode(of_clip[0].text)[: self.max_length - 2] if of_clip else []
            if ids and bool(stream.mask[row].any()):
                given = torch.tensor([[self.tokenizer.bos_id, *ids]], device=stream.values.device)
                looked = self._looked(given, memory, row).view(len(ids), slots, down, across)
                times = (
                    range(slots)
                    if stream.times is None
                    else stream.times[row, : self.tokens].view(slots, -1).mean(1).tolist()
                )
                words = tuple(self.tokenizer.decode([number]) for number in ids)
                panels.append(
                    SpatialAttention(
                        words, cast("Any", looked.tolist()), tuple(times), "Where each word looked"
                    )
                )
            if self.network.mask is not None:
                panels.append(self._mask_panel())
            rows.append(panels)
        return rows

    def _looked(self, tokens: Tensor, memory: Memory, row: int) -> Tensor:
        """Attention [words, tokens] of the masks of one clip in the last layer."""
        one = Memory(
            tuple((k[row : row + 1], v[row : row + 1]) for k, v in memory.video), memory.hidden[row : row + 1]
        )
        both, places, hidden = self._words_and_masks(tokens)
        x = self.network.words(both, places)
        for index, layer in enumerate(self.network.stack):
            pair = layer.pair(x)
            if index == len(self.network.layers) - 1:
                return layer.looked(x, pair, hidden, one.video[index], one.hidden)[0, tokens.shape[1] :]
            x = layer.text(x, pair, hidden, one.video[index], one.hidden)
        raise AssertionError("BERT has no layer")

    def _mask_panel(self) -> Custom:
        assert self.network.mask is not None
        slots, places = self.grid[0], self.grid[1] * self.grid[2]
        by_slot = self.network.mask.open().view(slots, places, slots, places).mean((1, 3))
        return Custom(
            "swinbert_mask",
            {"open": by_slot, "density": float(self.network.mask.density())},
            "vidcap_swinbert.mask_panel:draw",
            "Learnt mask: how open the way is from a moment (row) to another",
        )
