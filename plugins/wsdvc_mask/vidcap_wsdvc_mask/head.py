"""Captions of a whole clip and of masked clips from one language model; the masks learn where sentences belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import nullcontext
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vidcap_core.api import (
    Batch,
    Clip,
    Decode,
    Event,
    Named,
    Output,
    Panel,
    Stream,
    Tokenizer,
    UserError,
    View,
    check_widths,
)
from vidcap_core.heads.causal_lm import CausalLMHead
from vidcap_wsdvc_mask.argument_checks import check_sizes
from vidcap_wsdvc_mask.explain import panels
from vidcap_wsdvc_mask.frames import side_by_side, under_masks
from vidcap_wsdvc_mask.localiser import Localiser, Place
from vidcap_wsdvc_mask.masks import Shape, Spans, mask, no_spans, seconds
from vidcap_wsdvc_mask.prompts import Prompts, Row
from vidcap_wsdvc_mask.sentences import Casing, mean_words, prepared
from vidcap_wsdvc_mask.temporal import Masking, TemporalEncoder
from vidcap_wsdvc_mask.weight_snapshot import WeightSnapshot

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
    half: frames are rounded to half precision before positions are added, as in the public code.
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
    float32: spans and masks are made in float32 also under float16; under bfloat16 they always are.
    query_cond: "index" knows that it looks for the k-th event; "text" also reads the k-th sentence.
    place: "query" has every query say its centre and width; "frames" has every frame say whose it is.
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

    takes_prompt = False  # its views start from prompts of their own

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        lm: str | dict[str, Any] = "distilgpt2",
        frames: int = 32,
        width: int | None = None,
        project: bool = False,
        layers: int = 6,
        heads: int = 12,
        feed: int = 2048,
        kernel: int = 0,
        half: bool = False,
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
        place: Place = "query",
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
        check_sizes(given, width, project, heads, frames, queries, max_events, tau, length_groups)
        self.frames, self.shape, self.tau = frames, mask, tau
        self.max_events, self.casing, self.no_sentence = max_events, casing, no_sentence
        self.count_from, self.length_groups = count_from, length_groups
        self.project = (
            nn.Sequential(nn.LayerNorm(given), nn.Linear(given, width)) if project else nn.Identity()
        )
        self.encoder = TemporalEncoder(
            width=width,
            out=self.width,
            frames=frames,
            heads=heads,
            feed=feed,
            layers=layers,
            dropout=dropout,
            position_std=position_std,
            masking=masking,
            blank=blank,
            kernel=kernel,
            half=half,
        )
        self.localiser = Localiser(
            width=width,
            frames=frames,
            queries=queries,
            heads=heads,
            feed=locate_feed,
            layers=locate_layers,
            dropout=dropout,
            sentences=self.width if query_cond == "text" else None,
            place=place,
            order=order,
            prior=prior,
            inside=inside,
            float32=float32,
            half=half,
            min_width=1 / frames if min_width is None else min_width,
        )
        room = self.context and self.context - frames
        self.prompts = Prompts(tokenizer, separator, teach_count, room)
        speaking = sum(p.numel() for p in self._captioning())
        self.stage1 = WeightSnapshot(speaking) if count_weights == "stage1" else None

    def prefix(self, view: View) -> Stream:
        """T encoded frames, through the masks of the view if it has some."""
        values = self.encoder(self._frames(view.streams), view.extras.get("masks"))
        return Stream(values, values.new_ones(values.shape[:2], dtype=torch.bool))

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """What the losses read: texts `full`, `positive`, `negative`, and what concerns the masks."""
        self.refuse_others(want, GIVES)
        sentences, frames = self._sentences(batch), self._frames(streams, batch.clips)
        made: dict[str, Named] = {}
        if want & {"full", "full_rows"}:
            with_text = [clip for clip, texts in enumerate(sentences) if texts]
            rows = [self.prompts.paragraph(sentences[clip]) for clip in with_text]
            made |= self._taught("full", want, frames[indices(with_text, frames)], None, rows)
        if want - {"full", "full_rows"}:
            if self.stage1 is not None and self.training:  # the first update with masks ends stage 1
                self.stage1.keep(self._captioning())
            counts = [len(texts) for texts in sentences]
            spans = (
                self.localiser(frames, counts, self._vectors(sentences)) if any(counts) else no_spans(frames)
            )
            masks = self._masks(spans)
            for name in ("positive", "negative"):
                if want & {name, f"{name}_rows"}:
                    made |= self._masked(name, want, frames, masks, sentences)
            if want & {"masks", "spans"}:
                made["masks"] = Named(masks, mask=spans.real)
                made["spans"] = Named(torch.stack([spans.centre, spans.width], -1), mask=spans.real)
            if "inside" in want:
                raw = side_by_side(streams, self.streams, self.frames)
                made["inside"] = under_masks(
                    raw, masks, spans.real, counts, batch.targets.get("sentence_features")
                )
        return Output(**made)

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Decode) -> list[View]:
        """Full mode counts the events (and tells them); masks place them; each becomes a row of one view."""
        clips, device = range(len(batch)), self.encoder.positions.device
        full = torch.full((len(batch), 1), self.prompts.full, device=device)
        whole = View(streams, tuple(clips), (None,) * len(batch), full, kind="count")
        with self.stage1.instead_of(self._captioning()) if self.stage1 else nullcontext():
            written = [self.prompts.read(texts[0].tokens) for texts in decode(whole)]
        counts = [self._count(number, texts) for number, texts in written]
        used = [texts[:count] for (_, texts), count in zip(written, counts, strict=True)]
        spans = self.localiser(self._frames(streams, batch.clips), counts, self._vectors(used, max(counts)))
        masks = self._masks(spans)
        rows = [clip for clip, count in enumerate(counts) for _ in range(count)]
        owner = indices(rows, masks)
        prompt = self.prompts.prompt(self.prompts.mask, 1)
        return [
            View(
                streams={name: streams[name].rows(owner) for name in self.streams},
                clips=tuple(rows),
                spans=tuple(seconds(spans, [batch.clips[row] for row in rows])),
                prompt=torch.tensor([prompt] * len(rows), device=device),
                kind="event",
                extras={"masks": masks.flatten(0, 1)[indices(real_rows(counts), masks)]},
            )
        ]

    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        """A timeline of each clip: its events, and the masks that `plan` found for them."""
        [view] = views
        masks: list[list[list[float]]] = [[] for _ in batch.clips]
        for clip, row in zip(view.clips, view.extras["masks"].float().tolist(), strict=True):
            masks[clip].append(row)
        return [panels(*of_clip) for of_clip in zip(batch.clips, events, masks, strict=True)]

    # Texts.

    def _sentences(self, batch: Batch) -> list[list[str]]:
        if "sentences" not in batch.targets:
            raise UserError(
                "MaskHead learns from sentences in their order, and this batch has no target 'sentences'",
                hint="data.train.transforms=[dict(type='wsdvc_mask.Sentences')]",
            )
        texts = batch.targets["sentences"]
        return [prepared(tuple(of_clip), self.max_events, self.casing, self.no_sentence) for of_clip in texts]

    def _masked(
        self,
        name: str,
        want: Set[str],
        frames: Tensor,
        masks: Tensor,
        sentences: list[list[str]],
    ) -> dict[str, Named]:
        """One row an event: S_k from v M_k, or all others from v (1 - M_k), which a lone event does not have."""
        least = 1 if name == "positive" else 2
        pairs = [
            (clip, k)
            for clip, texts in enumerate(sentences)
            for k in range(len(texts))
            if len(texts) >= least
        ]
        owner = indices([clip for clip, _ in pairs], frames)
        own = masks.flatten(0, 1)[indices([clip * masks.shape[1] + k for clip, k in pairs], frames)]
        if name == "positive":
            rows = [self.prompts.event(sentences[clip][k]) for clip, k in pairs]
            return self._taught(name, want, frames[owner], own, rows)
        rows = [self.prompts.others(sentences[clip], k) for clip, k in pairs]
        return self._taught(name, want, frames[owner], 1 - own, rows)

    def _taught(
        self, name: str, want: Set[str], frames: Tensor, masks: Tensor | None, rows: Sequence[Row]
    ) -> dict[str, Named]:
        """Logits [W, V] of every taught word of every row, with its row's number where a loss asks for it."""
        device = frames.device
        if not rows:
            value = self.lm.get_input_embeddings().weight[:, :1].T[:0]  # type: ignore[operator]
            none = torch.zeros(0, dtype=torch.long, device=device)
            return {name: Named(value, none), f"{name}_rows": Named(none)}
        prefix, lines = self.encoder(frames, masks), self.prompts.lines(rows)
        # what is chosen is found on the host, where the texts are: it waits for no device
        order = torch.tensor(sorted(range(len(rows)), key=lambda row: len(rows[row].ids)))
        logits, targets, numbers = [], [], []
        for group in order.tensor_split(min(self.length_groups, len(rows))):
            longest = int(lines.real[group].sum(1).max())
            ids, real = lines.ids[group, :longest], lines.real[group, :longest]
            taught = lines.taught[group, 1:longest]
            targets.append(ids[:, 1:][taught])
            numbers.append(group[:, None].expand_as(taught)[taught])
            there = [
                part.to(device, non_blocking=True)
                for part in (ids, real, group, taught.flatten().nonzero()[:, 0])
            ]
            ids, real, group, words = there
            before = Stream(prefix[group], real.new_ones((len(group), self.frames)))
            logits.append(self.teach(before, ids[:, :-1], real[:, :-1]).flatten(0, 1)[words])
        made = {name: Named(torch.cat(logits), torch.cat(targets).to(device, non_blocking=True))}
        if f"{name}_rows" in want:
            made[f"{name}_rows"] = Named(torch.cat(numbers).to(device, non_blocking=True))
        return made

    # Where.

    def _frames(self, streams: Mapping[str, Stream], clips: Sequence[Clip] = ()) -> Tensor:
        """[B, T, width]: all streams, as encoder and mask generator read them."""
        return self.project(side_by_side(streams, self.streams, self.frames, clips))  # type: ignore[no-any-return]

    def _masks(self, spans: Spans) -> Tensor:
        with torch.autocast(spans.centre.device.type, enabled=False):  # as precise as the spans are
            return mask(spans, self.frames, self.tau, self.shape)

    def _vectors(self, sentences: Sequence[Sequence[str]], most: int = 0) -> Tensor | None:
        """What queries read of sentences; None where they read no text."""
        if self.localiser.from_sentence is None:
            return None
        words: Tensor = self.lm.get_input_embeddings().weight.detach()  # type: ignore[operator]
        return mean_words(self.prompts, words, sentences, most)

    # How many.

    def _count(self, number: int | None, texts: Sequence[str]) -> int:
        """Between 1 and what the queries can tell apart."""
        count = len(texts) if self.count_from == "sentences" or number is None else number
        return min(max(count, 1), self.max_events)

    def _captioning(self) -> list[nn.Parameter]:
        """What captions: all but the mask generator."""
        return [p for name, p in self.named_parameters() if not name.startswith("localiser.")]


def indices(rows: Sequence[int], like: Tensor) -> Tensor:
    """Row numbers where a tensor is; the host does not wait for the copy."""
    return torch.tensor(list(rows), dtype=torch.long).to(like.device, non_blocking=True)


def real_rows(counts: Sequence[int]) -> list[int]:
    """Numbers of the real rows in [B, N] flattened, of which the first counts[b] of each clip are real."""
    return [clip * max(counts) + k for clip, count in enumerate(counts) for k in range(count)]
