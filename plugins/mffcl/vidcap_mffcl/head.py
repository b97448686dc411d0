"""A clip's vector becomes a visual prompt; a causal language model writes the caption after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vidcap_core.api import (
    Batch,
    ConfigError,
    Event,
    GenerateSettings,
    Named,
    Output,
    Panel,
    SpatialAttention,
    Stream,
    Tokenizer,
    UserError,
    View,
    at_least,
    caption_tokens,
    check_tokenizer,
    check_widths,
    frame_times,
    read_streams,
)
from vidcap_core.heads.causal_lm import CausalLMHead, joined
from vidcap_mffcl.mapper import Mapper
from vidcap_mffcl.temporal import TemporalEncoder
from vidcap_mffcl.timesformer import TimeSformer


class MFFCLHead(CausalLMHead):
    """v = CLS of the clip; prompt = mapper(v); log p(w) = sum_t log p_lm(w_t | prompt, w_<t).

    streams: the one stream that is read -> its width; its first row is the clip's vector.
    lm: a causal language model: a hub id, a folder, a GGUF file, an installed package that carries one, or a dict
        with `model_type` and that model's own keys, for a small one with random weights.
    lead: text between the visual prompt and the caption; a chat model expects the opening of its turn there.
    sequence: L, how many vectors the clip's vector becomes before the mapper.
    prompt_length: tau, the learnt queries, and so the positions of the prompt.
    mapper: "transformer" over sequence and queries, or "ffn", where the sequence itself is the prompt.
    mapper_input: "cls" expands the clip's vector; "patches" reads the rows behind it.
    width: of the mapper.
    heads: attention heads of the mapper.
    feed: inner width of the mapper's feed-forward parts.
    layers: of the mapper.
    dropout: in the mapper.
    temporal: layers of a Transformer over cached frame features that makes the clip's vector; 0: the stream has it.
    text: the text encoder's stream -> its width, for the contrastive loss; None: there is none.
    contrast: width in which video and text are compared; None compares them as they are.
    """

    lead: Tensor

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        lm: str | dict[str, Any] = "gpt2",
        lead: str = "",
        sequence: int = 10,
        prompt_length: int = 50,
        mapper: Literal["transformer", "ffn"] = "transformer",
        mapper_input: Literal["cls", "patches"] = "cls",
        width: int = 768,
        heads: int = 8,
        feed: int = 3072,
        layers: int = 4,
        dropout: float = 0.1,
        temporal: int = 0,
        text: dict[str, int] | None = None,
        contrast: int | None = 768,
    ) -> None:
        sizes = {
            "sequence": sequence,
            "prompt_length": prompt_length,
            "width": width,
            "heads": heads,
            "feed": feed,
            "layers": layers,
            "contrast": contrast,
        }
        at_least(1, **{f"head.{key}": size for key, size in sizes.items()})
        at_least(0, **{"head.temporal": temporal, "head.dropout": dropout})
        if dropout >= 1:
            raise ConfigError(f"head.dropout must be below 1, not {dropout}")
        for key, named in (("streams", streams), ("text", text)):
            if named is not None and len(named) != 1:
                raise ConfigError(
                    f"MFFCLHead reads one stream, not {len(named)}: head.{key}",
                    hint=f"head.{key}={{'{key}': 768}}",
                )
        if width % heads:
            raise ConfigError(f"head.width={width} must be a multiple of head.heads={heads}")
        if temporal and width % 2:
            raise ConfigError(
                f"head.width={width} must be even with head.temporal: times are sines and cosines"
            )
        # a pretrained model keeps its rows: a tokenizer that needs others is not its own
        super().__init__(lm, None if isinstance(lm, str) else len(tokenizer))
        if isinstance(lm, str):
            check_tokenizer(self.lm, tokenizer)
        lead_ids = torch.tensor(tokenizer.encode_raw(lead), dtype=torch.long)
        self.register_buffer("lead", lead_ids, persistent=False)
        if self.context is not None and prompt_length + len(lead_ids) >= self.context:
            raise ConfigError(
                f"a prompt of {prompt_length}, with {len(lead_ids)} tokens of head.lead, leaves no room for words "
                f"in a context of {self.context}",
                hint="a smaller head.prompt_length",
            )
        self.streams = check_widths(streams, "MFFCLHead")
        [(self.video, given)] = self.streams.items()
        self.temporal = TemporalEncoder(given, width, heads, temporal, dropout) if temporal else None
        given = width if temporal else given
        # the feed-forward mapper makes as many positions as it reads, and how many patches those are the frames say
        self.prompt_length = None if (mapper, mapper_input) == ("ffn", "patches") else prompt_length
        self.mapper = Mapper(
            given, mapper_input, mapper, sequence, prompt_length, width, heads, feed, layers, dropout
        )
        self.to_lm = nn.Identity() if width == self.width else nn.Linear(width, self.width)
        self.text = check_widths(text, "MFFCLHead") if text is not None else {}
        compared = dict(zip(("video", "text"), (given, *self.text.values()), strict=True)) if text else {}
        if contrast is None and len(set(compared.values())) > 1:
            raise ConfigError(
                f"video is {given} wide and text {compared['text']}: they cannot be compared as they are",
                hint=f"head.contrast={given}",
            )
        self.contrast = nn.ModuleDict(
            {
                n: nn.Identity() if contrast is None else nn.Linear(size, contrast)
                for n, size in compared.items()
            }
        )

    def check(
        self, encoders: Mapping[str, nn.Module], settings: GenerateSettings, tokenizer: Tokenizer
    ) -> None:
        """The prompt and the longest text fit into the language model; there are patches where they are read."""
        video = encoders.get(self.video)
        patches = self.mapper.reads == "patches" and self.temporal is None
        if patches and isinstance(video, TimeSformer) and not video.patches:
            raise self._no_patches()
        if self.context is None or self.prompt_length is None:
            return
        longest = settings.max_length
        others = len(self.lead) + 1 + longest  # the lead, BOS and the words
        if self.prompt_length + others > self.context:
            most = self.context - others
            raise ConfigError(
                f"head.prompt_length={self.prompt_length}, {len(self.lead)} tokens of head.lead, BOS and "
                f"generate.max_length={longest} need {self.prompt_length + others} positions, and the language model "
                f"has {self.context}",
                hint=f"--set head.prompt_length={most}"
                if most > 0
                else "--set generate.max_length=N with a smaller N",
            )

    def _no_patches(self) -> UserError:
        return UserError(
            f"mapper_input='patches', but the stream '{self.video}' has the clip's vector alone",
            hint=f"--set encoders.{self.video}.patches=True",
        )

    def clip_rows(self, streams: Mapping[str, Stream]) -> Stream:
        """[B, 1 (+ more), D], the clip's vector first."""
        rows = read_streams(streams, self.streams, "MFFCLHead")[self.video]
        return rows if self.temporal is None else self.temporal(rows)

    def prefix(self, view: View) -> Stream:
        """What the language model reads before the words: the visual prompt, and the lead."""
        return self.led(self.prompt(self.clip_rows(view.streams)))

    def prompt(self, rows: Stream) -> Stream:
        """The visual prompt of clips whose rows are known."""
        if self.mapper.reads == "patches" and rows.values.shape[1] < 2:
            raise self._no_patches()
        prompt: Stream = self.mapper(rows)
        return Stream(self.to_lm(prompt.values), prompt.mask)

    def led(self, prompt: Stream) -> Stream:
        """The prompt and the lead behind it."""
        lead = self.embed(self.lead).expand(len(prompt.values), -1, -1)
        return joined(prompt, Stream(lead, prompt.mask.new_ones(lead.shape[:2])))

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """`tokens` through the language model; `video` and `text` without it."""
        self.refuse_others(want, {"tokens", "video", "text"} if self.text else {"tokens"})
        made: dict[str, Named] = {}
        rows = self.clip_rows(streams) if want & {"tokens", "video"} else None
        if rows is not None and "video" in want:
            made["video"] = Named(self.contrast["video"](rows.values[:, 0]))
        if "text" in want:
            [vectors] = read_streams(streams, self.text, "MFFCLHead").values()
            made["text"] = Named(self.contrast["text"](vectors.values[:, 0]))
        if rows is not None and "tokens" in want:
            ids, mask = caption_tokens(batch)
            logits = self.teach(self.led(self.prompt(rows)), ids[:, :-1], mask[:, :-1])
            made["tokens"] = Named(logits, ids[:, 1:], mask[:, 1:])
        return Output(**made)

    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        """Where in the frames the video encoder looked; nothing for cached features."""
        attention = streams[self.video].attention
        if attention is None:
            return [[] for _ in batch.clips]
        shown: list[list[Panel]] = []
        for clip, maps in zip(batch.clips, attention.cpu(), strict=True):
            times = frame_times({"kind": "uniform", "frames": len(maps)}, *clip.span).tolist()
            grids = tuple(tuple(map(tuple, grid)) for grid in maps.tolist())
            shown.append(
                [SpatialAttention((), (grids,), tuple(times), "Where TimeSformer looked (last layer)")]
            )
        return shown
