"""Events by set prediction: each query gives a span, a score and a text; a count says how many are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Literal

import torch
from torch import Tensor

from vidcap_core.api import (
    Batch,
    ConfigError,
    Decode,
    Event,
    Head,
    Named,
    Output,
    Panel,
    Rows,
    Stream,
    Tokenizer,
    UserError,
    View,
    check_widths,
)
from vidcap_pdvc.captioners import Found, LightCaptioner, LookingCaptioner, State
from vidcap_pdvc.deformable import Places, Pyramid
from vidcap_pdvc.explain import panels
from vidcap_pdvc.network import Network, Proposals
from vidcap_pdvc.rows import refuse_empty, side_by_side
from vidcap_pdvc.spans import in_seconds, seconds
from vidcap_pdvc.targets import Taught, taught

GIVES = frozenset({"tokens", "spans", "scores", "count"})


class PDVCHead(Head):
    """(c, l, s, found)_q = decoder(query_q; encoder(pyramid of rows)); N = argmax count; p(w | found_q) by an LSTM.

    It learns from events with their times: the cheapest pairs of queries and events, in each layer of the decoder.

    streams: name -> width of the streams that are read, side by side.
    frames: so many rows of each clip, the nearest to evenly spaced moments; None: the rows as they are.
    width, heads, feed: of encoder and decoder.
    encoder_layers, decoder_layers: how many there are.
    levels: resolutions that are looked at, each of half the rows of the one before.
    points: places that a query looks at, on each level and by each attention head.
    queries: how many there are, and so the most events that can be found.
    most_events: the largest number that the counter knows.
    captioner: "looking" attends to places around the event for each word; "light" reads the query alone.
    word_width, hidden, attend: of the words' vectors, the LSTM, and its attention.
    dropout, word_dropout: shares dropped in training, in the network and before words are chosen.
    max_words: of an event's text that are taught.
    text_weight: alpha of an event's score, s + alpha * log p(text) / words^2.
    crowded: what becomes of a clip with more events than queries in training: "refuse", or "cheapest" teaches
        those events that cost least, and warns of the clip.
    """

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        frames: int | None = 100,
        width: int = 512,
        heads: int = 8,
        feed: int = 512,
        encoder_layers: int = 2,
        decoder_layers: int = 2,
        levels: int = 4,
        points: int = 4,
        queries: int = 10,
        most_events: int = 10,
        captioner: Literal["looking", "light"] = "looking",
        word_width: int = 512,
        hidden: int = 512,
        attend: int = 512,
        dropout: float = 0.1,
        word_dropout: float = 0.5,
        max_words: int = 28,
        text_weight: float = 1.0,
        crowded: Literal["refuse", "cheapest"] = "refuse",
    ) -> None:
        super().__init__()
        self.streams = check_widths(streams, "PDVCHead")
        check_sizes(width, heads, queries, most_events, frames)
        self.tokenizer, self.frames, self.points = tokenizer, frames, points
        self.max_words, self.text_weight, self.crowded = max_words, text_weight, crowded
        self.network = Network(
            given=sum(self.streams.values()),
            width=width,
            heads=heads,
            feed=feed,
            encoder_layers=encoder_layers,
            decoder_layers=decoder_layers,
            levels=levels,
            points=points,
            queries=queries,
            most=most_events,
            dropout=dropout,
        )
        sizes = (len(tokenizer), width, word_width, hidden, word_dropout)
        self.captioner = (
            LightCaptioner(*sizes)
            if captioner == "light"
            else LookingCaptioner(*sizes, levels=levels, points=points, attend=attend)
        )

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """`scores` [layers, B, Q], `spans` [layers, events, 2], `count` [layers, B, N], `tokens` [layers, events, L].

        Events stand in their order, with the query that is cheapest for each, in each layer.
        """
        self.refuse_others(want, GIVES)
        if batch.events is None:
            raise UserError("PDVCHead learns from events with their times, and this batch has none")
        memory, counts = self._memory(streams, batch)
        layers = self.network.propose(memory)
        goal = taught(
            layers, batch, self.tokenizer, self.max_words, self.crowded == "refuse", counts, self.streams
        )
        made = {
            "scores": Named(torch.stack([layer.scores for layer in layers]), goal.scores),
            "spans": Named(goal.of_queries([layer.spans for layer in layers]), goal.spans, goal.mask),
            "count": Named(torch.stack([layer.count for layer in layers]), goal.count),
        }
        if "tokens" in want:
            made["tokens"] = self._texts(layers, memory, goal)
        return Output(**made)

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Decode) -> list[View]:
        """One view, in which each row is a query of a clip."""
        memory, counts = self._memory(streams, batch)
        last = self.network.propose(memory)[-1]
        size = last.scores.shape[1]
        told = torch.cat(  # the host waits once for all of it
            [
                counts.float(),
                last.count.float(),
                last.scores.sigmoid().float(),
                last.spans.float().flatten(1),
            ],
            1,
        ).tolist()
        given, most = len(self.streams), last.count.shape[1]
        refuse_empty([row[:given] for row in told], self.streams, batch.clips)
        numbers = [row[given : given + most] for row in told]
        scores = [row[given + most : given + most + size] for row in told]
        spans = [row[given + most + size :] for row in told]
        clips = tuple(clip for clip in range(len(batch)) for _ in range(size))
        return [
            View(
                streams={},  # queries hold all that `start` wants
                clips=clips,
                spans=tuple(
                    in_seconds(span[2 * query : 2 * query + 2], batch.clips[clip])
                    for clip, span in enumerate(spans)
                    for query in range(size)
                ),
                scores=tuple(score for row in scores for score in row),
                kind="event",
                extras={"found": self._rows_of(last, memory), "numbers": numbers},
            )
        ]

    def start(self, view: View) -> tuple[Found, State]:
        """A row of a view is a query: what it found."""
        found: Found = view.extras["found"]
        return found, self.captioner.begin(found.query)

    def step(self, tokens: Tensor, memory: Found, state: State) -> tuple[Tensor, State]:
        """One word in, the scores of the next word out."""
        hidden, state = self.captioner.step(tokens, memory.beams(len(tokens)), state)
        return self.captioner.logits(hidden), state

    def rank(self, view: View, rows: Rows) -> list[float | None]:
        """s + alpha log p(text) / words^2 of as many queries of each clip as the counter says, at least one."""
        joint = [
            score + self.text_weight * sum(texts[0].log_probs) / (len(texts[0].tokens) ** 2 + 1e-5)
            for score, texts in zip(view.scores or (), rows, strict=True)
        ]
        kept: list[float | None] = [None] * len(joint)
        for clip, logits in enumerate(view.extras["numbers"]):
            count = max(1, max(range(len(logits)), key=logits.__getitem__))
            own = [row for row, of in enumerate(view.clips) if of == clip]
            for row in sorted(own, key=lambda row: -joint[row])[:count]:
                kept[row] = joint[row]
        return kept

    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        """Timelines of each clip: the events that are kept, and all queries; and how likely each count is."""
        [view] = views
        return [panels(view, clip, of_clip) for clip, of_clip in enumerate(events)]

    def _memory(self, streams: Mapping[str, Stream], batch: Batch) -> tuple[Pyramid, Tensor]:
        rows, real, counts = side_by_side(streams, self.streams, self.frames)
        long = torch.tensor([seconds(clip) for clip in batch.clips]).to(rows.device, non_blocking=True)
        return self.network.encode(rows, real, long), counts

    def _texts(self, layers: Sequence[Proposals], memory: Pyramid, goal: Taught) -> Named:
        """Logits of all events' words in all layers at once."""
        places = [Places.of(layer.before, memory, self.points) for layer in layers]
        found = Found(
            goal.of_queries([layer.found for layer in layers]).flatten(0, 1),
            goal.of_queries([place.centre for place in places]).flatten(0, 1)[:, None],
            goal.of_queries([place.reach for place in places]).flatten(0, 1)[:, None],
            goal.clip.repeat(len(layers)),
            self.captioner.look(memory),
        )
        words, real = (part.expand(len(layers), *part.shape) for part in (goal.words, goal.real))
        logits = self.captioner.teach(words[..., :-1].flatten(0, 1), found)
        return Named(
            logits.unflatten(0, (len(layers), -1)), words[..., 1:], real[..., 1:] & goal.mask[..., None]
        )

    def _rows_of(self, layer: Proposals, memory: Pyramid) -> Found:
        places = Places.of(layer.before, memory, self.points)
        clips = torch.arange(len(layer.scores), device=layer.scores.device)
        return Found(
            layer.found.flatten(0, 1),
            places.centre.flatten(0, 1)[:, None],
            places.reach.flatten(0, 1)[:, None],
            clips[:, None].expand_as(layer.scores).flatten(),
            self.captioner.look(memory),
        )


def check_sizes(width: int, heads: int, queries: int, most: int, frames: int | None) -> None:
    """Refuse numbers that do not go together."""
    if width % 32 or width % heads:
        raise ConfigError(
            f"head.width={width} must be a multiple of 32 and of heads={heads}", hint="head.width=128"
        )
    if queries < 1 or most < 1:
        raise ConfigError("head.queries and head.most_events are at least 1")
    if frames is not None and frames < 1:
        raise ConfigError(f"head.frames={frames} is at least 1", hint="head.frames=100")
