"""SPECTRUM: streams and retrieved captions give attributes, and attributes guide a Pre-LN decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vidcap_core.api import (
    Batch,
    ConfigError,
    Event,
    Head,
    Named,
    Output,
    Panel,
    Stream,
    UserError,
    View,
    caption_tokens,
    check_widths,
    read_streams,
)
from vidcap_core.heads.layers import Attention, Pair, by_clip, causal_mask, prompt_history
from vidcap_spectrum.attributes import Attributes, Emotions, training_words
from vidcap_spectrum.concepts import AttributeEmbedding, AttributePredictor, CfbMode, CoarseToFine, Theme
from vidcap_spectrum.decoder import Block, CrossAttention
from vidcap_spectrum.feature_encoders import EPS, FeatureEncoders
from vidcap_spectrum.labels import Labels
from vidcap_spectrum.panels import clip_panels

Memory = tuple[tuple[tuple[Pair, ...], ...], Tensor]
"""Keys and values of what was seen, for each block; and l_UN + l_EM [B, width]."""
State = tuple[tuple[Pair, ...], Tensor]
"""Keys and values of the words so far, for each block; and which of them are real [R, t]."""


class SpectrumHead(Head):
    """F = [E_s];  Pr = VTAI(F);  A = AEB(Pr);  l = CFB(Pr);  p(y_t) = decoder(y_<t + l, [F; A]).

    streams: name -> width of the streams that are read.
    ranked: which of them are retrieved captions, best first; the others are sequences in time.
    optional: streams that all clips of a training batch may lack; another one that is absent there is an error.
    n_frames: slots of a stream in time.
    n_retrieved: slots of a ranked stream.
    width: of everything inside.
    heads: attention heads.
    feed: width of the feed-forward layers.
    layers: blocks of the decoder.
    max_length: most words that the decoder has positions for.
    pre_norm: layer norms before each layer, or after it.
    encoder_dropout: after the projection of streams.
    dropout: in VTAI, AEB and the decoder.
    attention_dropout: on attention weights.
    vtai: whether attributes are predicted at all.
    hidden: widths of VTAI's hidden layers.
    k_un: universal attributes.
    stoplist: words that are no attributes: "none", "light", "wide", or a file.
    emotions: emotional attributes: "all" of the lexicon, those "seen" in training, or "none".
    lexicon: a file of another lexicon than the core's.
    aeb: attributes as rows that the decoder attends to.
    n_aeb: how many.
    aeb_by_probability: whether these rows are multiplied by their probability.
    aeb_least_emotional: how many of them are kept for emotional attributes.
    cfb: attributes as a theme that is added to each word.
    cfb_mode: a latent row for each attribute ("attr"), or topics ("topic").
    cfb_topics: universal topics of mode "topic"; emotional ones are the lexicon's categories.
    cfb_from_categories: mode "topic" starts from the lexicon's table of words and categories.
    cfb_inject: "add" the theme to each word, or put it before the words as a "prefix" of two.
    cfb_detach: keep the caption loss from VTAI.
    cross_attn: one attention to streams and attributes ("hybrid"), or two: "cross_then_attr", "parallel".
    hybrid_bias: a learnt bias for each head and slot.
    decoder_streams: streams that the decoder attends to; None: all. VTAI reads all of them in any case.
    """

    takes_prompt = True

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Any,
        ranked: list[str] | None = None,
        optional: list[str] | None = None,
        n_frames: int = 28,
        n_retrieved: int = 20,
        width: int = 512,
        heads: int = 8,
        feed: int = 2048,
        layers: int = 1,
        max_length: int = 30,
        pre_norm: bool = True,
        encoder_dropout: float = 0.5,
        dropout: float = 0.5,
        attention_dropout: float = 0.1,
        vtai: bool = True,
        hidden: list[int] | None = None,
        k_un: int = 500,
        stoplist: str = "light",
        emotions: Emotions = "all",
        lexicon: str | None = None,
        aeb: bool = True,
        n_aeb: int = 30,
        aeb_by_probability: bool = False,
        aeb_least_emotional: int = 0,
        cfb: bool = True,
        cfb_mode: CfbMode = "attr",
        cfb_topics: int = 20,
        cfb_from_categories: bool = False,
        cfb_inject: Literal["add", "prefix"] = "add",
        cfb_detach: bool = True,
        cross_attn: CrossAttention = "hybrid",
        hybrid_bias: bool = True,
        decoder_streams: list[str] | None = None,
    ) -> None:
        super().__init__()
        self.streams = check_widths(streams, "SpectrumHead")
        ranked = ["retrieved"] if ranked is None else ranked
        self.optional = frozenset(["audio"] if optional is None else optional)
        slots = {name: n_retrieved if name in ranked else n_frames for name in self.streams}
        self.shown = self._choose(decoder_streams)
        if (aeb or cfb) and not vtai:
            raise ConfigError(
                "head.vtai=False predicts no attributes, but head.aeb or head.cfb need them",
                hint="--set head.aeb=False --set head.cfb=False",
            )
        if width % heads:
            raise ConfigError(f"head.width={width} must be a multiple of head.heads={heads}")
        self.heads, self.width, self.max_length = heads, width, max_length
        self.encoders = FeatureEncoders(self.streams, slots, frozenset(ranked), width, encoder_dropout)
        memories = [sum(slots[name] for name in self.shown)]
        self.attributes: Attributes | None = None
        self.aeb: AttributeEmbedding | None = None
        self.cfb: CoarseToFine | None = None
        if vtai:
            attributes = Attributes.of(training_words(tokenizer), k_un, stoplist, emotions, lexicon)
            if not attributes.words:
                raise ConfigError(
                    "there is not one attribute: every word is in the stop list", hint='head.stoplist="light"'
                )
            self.attributes, self.labels = attributes, Labels(attributes, tokenizer)
            self.vtai = AttributePredictor(
                len(self.streams),
                width,
                [width] if hidden is None else hidden,
                len(attributes.words),
                dropout,
            )
            if aeb:
                self.aeb = AttributeEmbedding(
                    attributes, n_aeb, width, dropout, aeb_by_probability, aeb_least_emotional
                )
                memories.append(self.aeb.count)
            if cfb:
                self.cfb = CoarseToFine(
                    attributes, width, cfb_mode, cfb_topics, cfb_from_categories, cfb_detach
                )
        self.prefix = len(self.cfb.branches) if self.cfb is not None and cfb_inject == "prefix" else 0
        self.hybrid = cross_attn == "hybrid"
        if self.hybrid:
            memories = [sum(memories)]
        self.embed = nn.Embedding(len(tokenizer), width, padding_idx=tokenizer.pad_id)
        self.place = nn.Embedding(max_length, width)
        self.norm_in = nn.Identity() if pre_norm else nn.LayerNorm(width, eps=EPS)
        self.decoder = nn.ModuleList(
            Block(width, heads, feed, memories, cross_attn, hybrid_bias, pre_norm, dropout, attention_dropout)
            for _ in range(layers)
        )
        self.norm_out = nn.LayerNorm(width, eps=EPS) if pre_norm else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(width, len(tokenizer), bias=False)
        self._reset()

    # ---- the contract

    def start(self, view: View) -> tuple[Memory, State]:
        """Attributes and memory once a clip; a prefix of themes and the prompt are consumed."""
        encoded = self.encode(view.streams, len(view.clips))
        memory, state = self._begin(encoded, self.probabilities(encoded))
        if (history := prompt_history(view)) is not None:
            _, state = self._decode(*history, memory, state)
        return memory, state

    def step(self, tokens: Tensor, memory: Memory, state: State) -> tuple[Tensor, State]:
        """One word."""
        hidden, state = self._decode(
            tokens[:, None], torch.ones_like(tokens[:, None], dtype=torch.bool), memory, state
        )
        return self.classify(self.dropout(hidden[:, 0])), state

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words at once, and attributes with their targets."""
        known = {"attributes", "universal", "emotions"} if self.attributes else set()
        self.refuse_others(want, {"tokens"} | known)
        if self.training:
            read_streams(
                streams, {n: w for n, w in self.streams.items() if n not in self.optional}, "SpectrumHead"
            )
        encoded = self.encode(streams, len(batch))
        logits = self.vtai(encoded.values()) if self.attributes else None
        named = self._attributes(logits, batch) if logits is not None and set(want) & known else {}
        if "tokens" in want:
            tokens, mask = caption_tokens(batch)
            memory, state = self._begin(encoded, None if logits is None else logits.sigmoid())
            hidden, _ = self._decode(tokens[:, :-1], mask[:, :-1], memory, state)
            named["tokens"] = Named(self.classify(self.dropout(hidden)), tokens[:, 1:], mask[:, 1:])
        return Output(**named)

    @torch.no_grad()
    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        """Attribute bars, the dominant theme with the words that carried it, and the streams that were there."""
        attributes, clips = self.attributes, range(len(batch))
        encoded = None if attributes is None else self.encode(streams, len(batch))
        chances = None if encoded is None else self.probabilities(encoded)
        counts = {name: streams[name].mask.sum(1).tolist() for name in self.streams if name in streams}
        rows = [
            {name: counts[name][clip] if name in counts else 0 for name in self.streams} for clip in clips
        ]
        return [
            clip_panels(rows[clip], events[clip], attributes, None if chances is None else chances[clip])
            for clip in clips
        ]

    # ---- what it is made of

    def encode(self, streams: Mapping[str, Stream], clips: int) -> dict[str, Tensor]:
        """E_s of each stream; what is not there is zeros."""
        present = {name: self._stream(streams, name, size, clips) for name, size in self.streams.items()}
        return self.encoders(present)  # type: ignore[no-any-return]

    def probabilities(self, encoded: Mapping[str, Tensor]) -> Tensor | None:
        """Pr_ATT [B, K]."""
        return self.vtai(encoded.values()).sigmoid() if self.attributes else None

    def _stream(self, streams: Mapping[str, Stream], name: str, size: int, clips: int) -> Stream:
        if name not in streams or streams[name].values.shape[1] == 0:
            mask = torch.zeros(clips, 1, dtype=torch.bool, device=self.classify.weight.device)
            return Stream(self.classify.weight.new_zeros(clips, 1, size), mask)
        return read_streams({name: streams[name]}, {name: size}, "SpectrumHead")[name]

    def _attributes(self, logits: Tensor, batch: Batch) -> dict[str, Named]:
        """All attributes, and both kinds of them, with targets where the batch has captions."""
        assert self.attributes is not None
        target = self.labels.targets(batch).to(logits) if "captions" in batch.targets else None
        cut = len(self.attributes.universal)
        parts = {"attributes": slice(None), "universal": slice(cut), "emotions": slice(cut, None)}
        return {
            name: Named(logits[:, part], None if target is None else target[:, part])
            for name, part in parts.items()
        }

    def _begin(self, encoded: Mapping[str, Tensor], probability: Tensor | None) -> tuple[Memory, State]:
        """Memory of a clip, and the state before the first word."""
        rows = [torch.cat([encoded[name] for name in self.shown], 1)]
        rows += [self.aeb(probability)] if self.aeb is not None else []
        rows = [torch.cat(rows, 1)] if self.hybrid else rows
        themes = (
            self.cfb(probability) if self.cfb is not None else rows[0].new_zeros(len(rows[0]), 1, self.width)
        )
        blocks: list[Any] = list(self.decoder)
        memory = tuple([block.pairs(rows) for block in blocks]), themes.sum(1)
        none = themes.new_zeros(len(themes), self.heads, 0, self.width // self.heads)
        real = torch.ones(len(themes), self.prefix, dtype=torch.bool, device=themes.device)
        state: State = (tuple((none, none) for _ in self.decoder), real[:, :0])
        if self.prefix:  # seen by all words, while each of them sees itself alone
            alone = torch.eye(self.prefix, dtype=torch.bool, device=themes.device)[None, None]
            _, state = self._blocks(self.dropout(self.norm_in(themes)), real, alone, memory, state)
        return memory, state

    def _decode(self, tokens: Tensor, real: Tensor, memory: Memory, state: State) -> tuple[Tensor, State]:
        """Hidden states of tokens [R, L], of which some may be padding, after the words of `state`."""
        seen = torch.cat([state[1], real], 1)
        past, length = state[1].shape[1], tokens.shape[1]
        positions = (seen.cumsum(1) - 1 - self.prefix).clamp_min(0)[:, past:]
        if past + length - self.prefix > self.max_length:
            raise UserError(
                f"the decoder has positions for {self.max_length} words, and this text is longer",
                hint=f"--set generate.max_length={self.max_length - 1}, or --set head.max_length={2 * self.max_length}",
            )
        mask = causal_mask(seen, length)
        x = self.embed(tokens) + self.place(positions)
        if self.cfb is not None and not self.prefix:
            x = (by_clip(x, len(memory[1])) + memory[1][:, None, None]).flatten(0, 1)
        return self._blocks(self.dropout(self.norm_in(x)), real, mask, memory, state)

    def _blocks(
        self, x: Tensor, real: Tensor, mask: Tensor, memory: Memory, state: State
    ) -> tuple[Tensor, State]:
        """x [R, L, width] through all blocks; the state grows by L."""
        pairs = []
        for block, pair, seen in zip(self.decoder, state[0], memory[0], strict=True):
            x, pair = block(x, pair, mask, seen)
            pairs.append(pair)
        return self.norm_out(x), (tuple(pairs), torch.cat([state[1], real], 1))

    def _choose(self, names: list[str] | None) -> list[str]:
        """The streams that the decoder attends to."""
        strangers = sorted(set(names or ()) - set(self.streams))
        if strangers or names == []:
            raise ConfigError(
                f"head.decoder_streams: {', '.join(strangers) or 'empty'}; streams are {', '.join(self.streams)}"
            )
        return [name for name in self.streams if names is None or name in names]

    @torch.no_grad()
    def _reset(self) -> None:
        """Xavier-uniform weights, zero biases; W = 1 in CFB and beta = 0 stay as they are made."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.xavier_uniform_(module.weight)
                if module.padding_idx is not None:
                    module.weight[module.padding_idx].zero_()
        for module in self.modules():
            if isinstance(module, Attention):  # keys and values are two layers in one
                for half in module.key_value.weight.chunk(2):
                    nn.init.xavier_uniform_(half)
            elif isinstance(module, Theme):
                module.reset()
