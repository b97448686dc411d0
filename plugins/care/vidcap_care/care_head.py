"""CARE's captioner: concepts of the clip guide a Transformer decoder, word by word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal

from torch import Tensor

from vidcap_care.concept_targets import concept_targets
from vidcap_care.concepts import Concepts
from vidcap_care.network import Layout, Memory, Network
from vidcap_core.api import (
    Bars,
    Batch,
    ConfigError,
    Event,
    Head,
    Named,
    Output,
    Panel,
    Stream,
    Tokenizer,
    UserError,
    View,
    caption_tokens,
    whole_clips,
)

State = tuple[Any, ...]


class CAREHead(Head):
    """p(w_t) = softmax(V decoder(w_<t; streams, concepts)).

    streams: name of each stream that is read -> its width, in the order of the attention's keys.
    decoder_streams: those that the decoder attends to; None: all.
    concept_streams: those that concepts are read from; None: all.
    guidance: "both" (CARE: local and global), "attention" (CABase: a further attention), "none".
    concepts, top: how many concepts there are, and how many of a clip the decoder sees.
    rows: rows of each stream, for a learned bias of each key of the attention; None: no such bias.
    encoder: "norm", or "gated" (of ARB, the teacher of NACF).
    layout: "care", or "nacf" for the decoder of NACF's own repository.
    category: the stream that says a clip's category, a row with a 1; None: there is none.
    width, heads, feed, layers, max_length: sizes; max_length counts positions of words and BOS.
    dropout, attention_dropout, encoder_dropout: shares that are dropped in training.
    """

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        decoder_streams: list[str] | None = None,
        concept_streams: list[str] | None = None,
        guidance: Literal["both", "attention", "none"] = "both",
        concepts: int = 500,
        top: int = 30,
        rows: dict[str, int] | None = None,
        encoder: Literal["norm", "gated"] = "norm",
        layout: Layout = "care",
        category: str | None = None,
        width: int = 512,
        heads: int = 8,
        feed: int = 2048,
        layers: int = 1,
        max_length: int = 30,
        dropout: float = 0.5,
        attention_dropout: float = 0.1,
        encoder_dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.streams, self.max_length = dict(streams), max_length
        self.tokenizer, self.first_concept = tokenizer, len(tokenizer.special_ids)
        if rows is not None and set(rows) != set(streams) - {category}:
            raise ConfigError(
                "head.rows needs the rows of each stream",
                hint=f"head.rows={ {name: 28 for name in streams if name != category} }",
            )
        guide = None
        if guidance != "none":
            if not 1 <= top <= concepts:
                raise ConfigError(f"head.top={top} must lie in 1 .. head.concepts={concepts}")
            names = concept_streams or [name for name in streams if name != category]
            if extra := sorted(set(names) - set(streams)):
                raise ConfigError(f"head.concept_streams names {', '.join(extra)}, none of head.streams")
            guide = Concepts(names, width, concepts, top, dropout, add_to_words=guidance == "both")
        self.network = Network(
            streams=streams,
            words=len(tokenizer),
            longest=max_length,
            width=width,
            heads=heads,
            feed=feed,
            layers=layers,
            dropout=dropout,
            attention_dropout=attention_dropout,
            encoder_dropout=encoder_dropout,
            encoder=encoder,
            layout=layout,
            category=category,
            add_mean=False,
            decoder_streams=decoder_streams,
            concepts=guide,
            rows=rows,
            concept_attention=guidance == "attention",
        )

    def start(self, view: View) -> tuple[Memory, State]:
        """Encode the streams; no word is known yet."""
        memory = self.network.encode(view.streams, "CAREHead")
        none = tuple((keys[:, :, :0], values[:, :, :0]) for keys, values in memory.video)
        return memory, none

    def step(self, tokens: Tensor, memory: Memory, state: State) -> tuple[Tensor, State]:
        """One word."""
        hidden, state = self.network.left_to_right(tokens[:, None], memory, state)
        return self.network.classify(hidden[:, 0]), state

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words at once, and the logits of concepts."""
        guide = self.network.concepts
        self.refuse_others(want, {"tokens"} if guide is None else {"tokens", "concepts"})
        memory = self.network.encode(whole_clips(streams, batch).streams, "CAREHead")
        outputs = {}
        if "tokens" in want:
            tokens, mask = caption_tokens(batch)
            if tokens.shape[1] - 1 > self.max_length:
                raise UserError(
                    f"a caption has {tokens.shape[1] - 2} words, and CAREHead has positions for "
                    f"{self.max_length - 1}",
                    hint=f"--set head.max_length={tokens.shape[1] - 1}, or data.*.max_words",
                )
            hidden, _ = self.network.left_to_right(tokens[:, :-1], memory)
            outputs["tokens"] = Named(self.network.classify(hidden), tokens[:, 1:], mask[:, 1:])
        if "concepts" in want and guide is not None and memory.guidance is not None:
            target = concept_targets(batch, self.tokenizer, guide.count)
            logits = memory.guidance.logits
            outputs["concepts"] = Named(logits, None if target is None else target.to(logits))
        return Output(**outputs)

    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        """The likeliest concepts of each clip."""
        memory = self.network.encode(streams, "CAREHead")
        if memory.guidance is None:
            return [[] for _ in batch.clips]
        chance = memory.guidance.logits.sigmoid()
        rows: list[list[Panel]] = []
        for row, best in enumerate(memory.guidance.best[:, :12].tolist()):
            values = {
                self.tokenizer.decode([self.first_concept + index]): float(chance[row, index])
                for index in best
            }
            used = set(" ".join(event.text for event in events[row]).split())
            rows.append([Bars(values, tuple(word for word in values if word in used), "Concepts")])
        return rows
