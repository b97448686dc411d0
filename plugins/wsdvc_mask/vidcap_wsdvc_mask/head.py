"""Captions of a whole clip and of masked clips from one language model; the masks learn where sentences belong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vidcap_core.errors import ConfigError, UserError
from vidcap_core.heads.base import Decode, Output
from vidcap_core.heads.causal_lm import CausalLMHead
from vidcap_core.heads.streams import Words, check_widths, read
from vidcap_core.report.panels import Panel
from vidcap_core.types import Batch, Clip, Event, Named, Stream, View
from vidcap_wsdvc_mask.explain import panels
from vidcap_wsdvc_mask.localiser import Localiser
from vidcap_wsdvc_mask.masks import Shape, Spans, interval, mask
from vidcap_wsdvc_mask.script import Row, Script
from vidcap_wsdvc_mask.sentences import Casing, prepared
from vidcap_wsdvc_mask.temporal import Masking, TemporalEncoder, resampled

TEXTS = frozenset({"full", "positive", "negative"})
ROWS = frozenset(f"{name}_rows" for name in TEXTS)
GIVES = TEXTS | ROWS | {"masks", "spans", "inside"}


class MaskHead(CausalLMHead):
    """log p(S | v, "<FULL>") of all sentences; p(S_k | v M_k, "<MASK>"); p(all others | v (1 - M_k), "<MASK>").

    It needs the target `sentences` (the transform wsdvc_mask.Sentences) to train, and no time of any event.

    streams: name -> width of the streams that are read, side by side for each frame.
    lm: a causal language model: a hub id, a folder, a GGUF file, or a dict with `model_type` and that model's own
        keys, for a small one with random weights.
    frames: T, to which the rows of a clip are resampled.
    width: inside encoder and mask generator; None: as wide as the language model.
    project: LayerNorm and a Linear on each frame, before any mask; needed where the streams have another width.
    layers: of the temporal encoder.
    heads: attention heads of encoder and mask generator.
    feed: inner width of the encoder's feed-forward parts.
    kernel: of a convolution over time in front of the encoder; 0: none.
    locate_layers: of the mask generator.
    locate_feed: inner width of the mask generator's feed-forward parts.
    queries: how many events the mask generator knows.
    dropout: in encoder and mask generator.
    position_std: of the encoder's learnt positions at first; the mask generator's are N(0, 1).
    blank: what a mask takes away becomes a learnt vector, not 0.
    masking: "scale" multiplies frames by M, "attention" adds log M to attention in the encoder and weighs its rows
        by M, "both" does both.
    mask: "gaussian", "cauchy" or "hard".
    tau: a mask's standard deviation is w / tau.
    min_width: least width of a mask; None: 1 / T.
    float32: masks are made in float32 also under autocast.
    query_cond: "index" knows that it looks for the k-th event; "text" also reads the k-th sentence.
    order: "sorted" gives the k-th mask in time to the k-th sentence; "given" the k-th query's.
    prior: "uniform" starts from equal segments; "none" from wherever the weights say.
    inside: intervals lie inside the clip, so that its ends cut none.
    max_events: sentences of a clip that are used; not more than `queries`.
    casing: "capitalize" lowers all but the first letter; "keep" leaves sentences as they are.
    no_sentence: what a clip without sentences is taught; None: such a clip teaches nothing.
    separator: between sentences, "space" (told apart by full stops) or "sep" (the token <SEP>).
    teach_count: the number in the prompt is learnt, so that it can be generated.
    count_from: how many events at inference: "sentences" that full mode wrote, or the "number" it began with.
    count_weights: the weights that count: "final", or as they were at the end of "stage1", whose copy is kept.
    length_groups: rows of alike lengths go through the language model together, in so many groups.
    """

    stage1: Tensor
    kept: Tensor

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Words,
        lm: str | dict[str, Any] = "distilgpt2",
        frames: int = 32,
        width: int | None = None,
        project: bool = False,
        layers: int = 6,
        heads: int = 12,
        feed: int = 2048,
        kernel: int = 0,
        locate_layers: int = 1,
        locate_feed: int = 1024,
        queries: int = 16,
        dropout: float = 0.1,
        position_std: float = 1.0,
        blank: bool = False,
        masking: Masking = "scale",
        mask: Shape = "gaussian",
        tau: float = 2.0,
        min_width: float | None = 0.0,
        float32: bool = False,
        query_cond: Literal["index", "text"] = "index",
        order: Literal["sorted", "given"] = "sorted",
        prior: Literal["none", "uniform"] = "none",
        inside: bool = False,
        max_events: int = 12,
        casing: Casing = "capitalize",
        no_sentence: str | None = "None.",
        separator: Literal["space", "sep"] = "space",
        teach_count: bool = True,
        count_from: Literal["sentences", "number"] = "sentences",
        count_weights: Literal["final", "stage1"] = "stage1",
        length_groups: int = 1,
    ) -> None:
        super().__init__(lm, len(tokenizer))
        self.streams = check_widths(streams, "MaskHead")
        given, width = sum(self.streams.values()), width or self.width
        _check(given, width, project, heads, frames, queries, max_events, tau, length_groups, kernel)
        self.frames, self.shape, self.tau = frames, mask, tau
        self.max_events, self.casing, self.no_sentence = max_events, casing, no_sentence
        self.count_from, self.count_weights, self.length_groups = count_from, count_weights, length_groups
        self.project = nn.Sequential(nn.LayerNorm(given), nn.Linear(given, width)) if project else nn.Identity()
        self.encoder = TemporalEncoder(
            width=width, out=self.width, frames=frames, heads=heads, feed=feed, layers=layers, dropout=dropout,
            position_std=position_std, masking=masking, blank=blank, kernel=kernel,
        )  # fmt: skip
        self.localiser = Localiser(
            width=width, frames=frames, queries=queries, heads=heads, feed=locate_feed, layers=locate_layers,
            dropout=dropout, sentences=self.width if query_cond == "text" else None,
            order=order, prior=prior, inside=inside, min_width=1 / frames if min_width is None else min_width,
            float32=float32,
        )  # fmt: skip
        config: Any = self.lm.config
        context = getattr(config.get_text_config(), "max_position_embeddings", None)
        self.script = Script(tokenizer, separator, teach_count, context and context - frames)
        speaking = sum(p.numel() for p in self._speaking()) if count_weights == "stage1" else 0
        self.register_buffer("stage1", torch.zeros(speaking))
        self.register_buffer("kept", torch.zeros((), dtype=torch.bool))
        self._located: dict[str, Tensor] = {}

    def prefix(self, view: View) -> Stream:
        """T encoded frames, through the masks of the view if it has some."""
        values = self.encoder(self._frames(view.streams), view.extras.get("masks"))
        return Stream(values, values.new_ones(values.shape[:2], dtype=torch.bool))

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """What the losses read: texts `full`, `positive`, `negative`, and what concerns the masks."""
        self.refuse_others(want, GIVES)
        said, frames = self._said(batch), self._frames(streams, batch.clips)
        made: dict[str, Named] = {}
        if want & {"full", "full_rows"}:
            told = [clip for clip, one in enumerate(said) if one]
            rows = [self.script.paragraph(said[clip]) for clip in told]
            made |= self._taught("full", want, frames[told], None, rows)
        if want - {"full", "full_rows"}:
            self._keep_stage1()
            counts = [len(one) for one in said]
            spans = self.localiser(frames, counts, self._vectors(said)) if any(counts) else _none(frames)
            masks = self._masks(spans)
            owner = spans.real.nonzero()[:, 0]
            for name in ("positive", "negative"):
                if want & {name, f"{name}_rows"}:
                    made |= self._masked(name, want, frames, masks[spans.real], owner, said)
            if want & {"masks", "spans"}:
                made["masks"] = Named(masks, mask=spans.real)
                made["spans"] = Named(torch.stack([spans.centre, spans.width], -1), mask=spans.real)
            if "inside" in want:
                made["inside"] = self._inside(streams, masks, spans, batch)
        return Output(**made)

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Decode) -> list[View]:
        """Full mode counts the events (and tells them); masks place them; each becomes a row of one view."""
        clips, device = range(len(batch)), self.encoder.positions.device
        full = torch.full((len(batch), 1), self.script.full, device=device)
        whole = View(streams, tuple(clips), (None,) * len(batch), full, kind="count")
        with self._counting():
            written = [self.script.read(best[0][0]) for best in decode(whole)]
        counts = [self._count(number, texts) for number, texts in written]
        told = [texts[:count] for (_, texts), count in zip(written, counts, strict=True)]
        spans = self.localiser(self._frames(streams, batch.clips), counts, self._vectors(told, max(counts)))
        masks = self._masks(spans)
        self._located = {
            clip.id: masks[place][spans.real[place]].float().cpu() for place, clip in enumerate(batch.clips)
        }
        owner = spans.real.nonzero()[:, 0]
        rows = owner.tolist()
        prompt = self.script.prompt(self.script.mask, 1)
        return [
            View(
                streams={n: Stream(streams[n].values[owner], streams[n].mask[owner]) for n in self.streams},
                clips=tuple(rows),
                spans=tuple(_seconds(spans, [batch.clips[row] for row in rows])),
                prompt=torch.tensor([prompt] * len(rows), device=device),
                kind="event",
                extras={"masks": masks[spans.real]},
            )
        ]

    def explain(
        self, streams: Mapping[str, Stream], batch: Batch, events: Sequence[Sequence[Event]]
    ) -> list[list[Panel]]:
        """A timeline of each clip: its events, and the masks that the last `plan` found for them."""
        return [
            panels(clip, said, self._located.get(clip.id))
            for clip, said in zip(batch.clips, events, strict=True)
        ]

    # Texts.

    def _said(self, batch: Batch) -> list[list[str]]:
        if "sentences" not in batch.targets:
            raise UserError(
                "MaskHead learns from sentences in their order, and this batch has no target 'sentences'",
                hint="data.train.transforms=[dict(type='wsdvc_mask.Sentences')]",
            )
        most = self.max_events
        return [prepared(tuple(s), most, self.casing, self.no_sentence) for s in batch.targets["sentences"]]

    def _masked(
        self, name: str, want: Set[str], frames: Tensor, masks: Tensor, owner: Tensor, said: list[list[str]]
    ) -> dict[str, Named]:
        """One row an event: S_k from v M_k, or all others from v (1 - M_k), which a lone event does not have."""
        places = [(clip, k) for clip, one in enumerate(said) for k in range(len(one))]
        if name == "positive":
            rows = [self.script.event(said[clip][k]) for clip, k in places]
            return self._taught(name, want, frames[owner], masks, rows)
        chosen = [row for row, (clip, _) in enumerate(places) if len(said[clip]) > 1]
        rows = [self.script.others(said[clip], k) for clip, k in (places[row] for row in chosen)]
        return self._taught(name, want, frames[owner[chosen]], 1 - masks[chosen], rows)

    def _taught(
        self, name: str, want: Set[str], frames: Tensor, masks: Tensor | None, rows: Sequence[Row]
    ) -> dict[str, Named]:
        """Logits [W, V] of every taught word of every row, with its row's number where a loss asks for it."""
        device = frames.device
        if not rows:
            value = self.lm.get_input_embeddings().weight[:, :1].T[:0]  # type: ignore[operator]
            none = torch.zeros(0, dtype=torch.long, device=device)
            return {name: Named(value, none), f"{name}_rows": Named(none)}
        prefix, lines = self.encoder(frames, masks), self.script.lines(rows, device)
        order = torch.tensor(sorted(range(len(rows)), key=lambda row: len(rows[row].ids)), device=device)
        logits, targets, numbers = [], [], []
        for group in order.tensor_split(min(self.length_groups, len(rows))):
            longest = int(lines.real[group].sum(1).max())
            ids, real = lines.ids[group, :longest], lines.real[group, :longest]
            before = Stream(prefix[group], real.new_ones((len(group), self.frames)))
            scores = self.teach(before, ids[:, :-1], real[:, :-1])
            taught = lines.taught[group, 1:longest]
            logits.append(scores[taught])
            targets.append(ids[:, 1:][taught])
            numbers.append(group[:, None].expand_as(taught)[taught])
        made = {name: Named(torch.cat(logits), torch.cat(targets))}
        if f"{name}_rows" in want:
            made[f"{name}_rows"] = Named(torch.cat(numbers))
        return made

    # Where.

    def _frames(self, streams: Mapping[str, Stream], clips: Sequence[Clip] = ()) -> Tensor:
        """[B, T, width]: every stream at T moments, side by side."""
        found = read(streams, self.streams, "MaskHead")
        for name, stream in found.items():
            empty = (~stream.mask.any(1)).nonzero().flatten().tolist()
            if empty:
                which = ", ".join(clips[row].id for row in empty) if clips else f"row {empty[0]}"
                raise UserError(
                    f"MaskHead reads the stream '{name}', of which there is nothing for {which}",
                    hint="leave the clip out, or head.streams without that stream",
                )
        rows = [resampled(stream.values, stream.mask, self.frames) for stream in found.values()]
        return self.project(torch.cat(rows, -1))  # type: ignore[no-any-return]

    def _masks(self, spans: Spans) -> Tensor:
        if not self.localiser.float32:
            return mask(spans, self.frames, self.tau, self.shape)
        with torch.autocast(spans.centre.device.type, enabled=False):
            return mask(spans, self.frames, self.tau, self.shape)

    def _vectors(self, said: Sequence[Sequence[str]], most: int = 0) -> Tensor | None:
        """Mean word vectors [B, N, W] of sentences, 0 where there is none; None where queries read no text."""
        if self.localiser.from_sentence is None:
            return None
        weight: Tensor = self.lm.get_input_embeddings().weight.detach()  # type: ignore[operator]
        found = weight.new_zeros((len(said), max(most, *map(len, said)), weight.shape[1]))
        for clip, texts in enumerate(said):
            for place, text in enumerate(texts):
                row = self.script.event(text)
                words = torch.tensor(row.ids[row.start : -1], device=weight.device, dtype=torch.long)
                if len(words):
                    found[clip, place] = weight[words].mean(0)
        unit: Tensor = torch.nn.functional.normalize(found, dim=-1)
        return unit * weight.shape[1] ** 0.5

    def _inside(self, streams: Mapping[str, Stream], masks: Tensor, spans: Spans, batch: Batch) -> Named:
        """Mean of the raw frames under each mask [B, N, D], and each sentence's own vector, as MaskSimilarity reads."""
        given = batch.targets.get("sentence_features")
        if given is None:
            raise UserError(
                "a loss compares masked frames with sentences, and this batch has no target 'sentence_features'",
                hint="data.train.transforms with dict(type='wsdvc_mask.SentenceFeatures', folder=...)",
            )
        found = read(streams, self.streams, "MaskHead").values()
        rows = torch.cat([resampled(one.values, one.mask, self.frames) for one in found], -1)
        vectors = masks.new_zeros((*spans.real.shape, rows.shape[-1]))
        for clip, one in enumerate(given):
            told = torch.as_tensor(one, dtype=masks.dtype, device=masks.device)[: int(spans.real[clip].sum())]
            if told.shape[-1] != rows.shape[-1]:
                raise UserError(
                    f"sentence features are {told.shape[-1]} wide, the frames {rows.shape[-1]}: they cannot be compared"
                )
            vectors[clip, : len(told)] = told
        return Named(masks @ rows.to(masks.dtype) / masks.sum(-1, keepdim=True), vectors, spans.real)

    # How many.

    def _count(self, number: int | None, texts: Sequence[str]) -> int:
        """Between 1 and what the queries can tell apart."""
        said = len(texts) if self.count_from == "sentences" or number is None else number
        return min(max(said, 1), self.max_events)

    def _speaking(self) -> list[nn.Parameter]:
        """What captions: all but the mask generator."""
        return [p for name, p in self.named_parameters() if not name.startswith("localiser.")]

    @torch.no_grad()
    def _keep_stage1(self) -> None:
        """The first update with masks ends stage 1: its weights are kept, if they are the ones that count."""
        if self.training and self.count_weights == "stage1" and not bool(self.kept):
            self.stage1.copy_(nn.utils.parameters_to_vector(self._speaking()))
            self.kept.fill_(True)

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Inside, the weights that count; afterwards the present ones again."""
        if not bool(self.kept):
            yield
            return
        present = nn.utils.parameters_to_vector(self._speaking()).detach().clone()
        nn.utils.vector_to_parameters(self.stage1, self._speaking())
        try:
            yield
        finally:
            nn.utils.vector_to_parameters(present, self._speaking())


def _seconds(spans: Spans, clips: Sequence[Clip]) -> Iterator[tuple[float, float]]:
    """Start and end of each real span, in seconds to two digits."""
    starts, ends = (part[spans.real].tolist() for part in interval(spans))
    for start, end, clip in zip(starts, ends, clips, strict=True):
        first, last = clip.span
        if last <= first:
            raise UserError(f"clip '{clip.id}' has no known duration, so its events cannot be placed in seconds")
        yield round(first + start * (last - first), 2), round(first + end * (last - first), 2)


def _none(frames: Tensor) -> Spans:
    """No event in any clip."""
    nothing = frames[:, :0, 0]
    return Spans(nothing, nothing, nothing.bool())


def _check(
    given: int, width: int, project: bool, heads: int, frames: int, queries: int, events: int, tau: float,
    groups: int, kernel: int,
) -> None:  # fmt: skip
    """Refuse numbers that do not go together."""
    if given != width and not project:
        raise ConfigError(f"the streams are {given} wide together, encoder and mask generator {width}",
                          hint="head.project=True")  # fmt: skip
    if width % heads:
        raise ConfigError(f"the width {width} must be a multiple of head.heads={heads}", hint="head.heads=4")
    if not 1 <= events <= queries:
        raise ConfigError(f"head.max_events={events}: there are {queries} queries", hint=f"head.queries={events}")
    if frames < 2 or groups < 1 or not tau > 0:
        raise ConfigError("head.frames is at least 2, head.length_groups at least 1, head.tau above 0")
    if kernel and kernel % 2 == 0:
        raise ConfigError(f"head.kernel={kernel} must be odd, or 0", hint=f"head.kernel={kernel + 1}")
