"""NACF: all words at once, from a template of visual words, with the length predicted first."""

from __future__ import annotations

from collections.abc import Mapping, Set

import torch
from torch import Tensor, nn

from vidcap_care.concept_targets import length_targets
from vidcap_care.network import Layout, Memory, Network
from vidcap_care.refine import Ids, Judge, Paradigm, Plan, draft
from vidcap_care.training_inputs import TrainingInputs
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
    whole_clips,
)

SHORTEST = 4
"""The least length that is tried."""


class NACFHead(Head):
    """p(w_i) = softmax(V decoder(w; streams)_i) for all words at once; p(L) = softmax(MLP(mean of streams)).

    streams: name of each stream that is read -> its width, in the order of the attention's keys.
    layout: "care", of the NACF within CARE's repository, or "nacf", of its own.
    category: the stream that says a clip's category, a row with a 1; None: there is none.
    teacher: whether a left-to-right decoder (ARB) judges the texts; its weights come with an import.
    teacher_masks: whether it has a say in which words are written again, too.
    paradigm: which positions are predicted when.
    templates: whether a first pass writes the visual words.
    iterations: passes of mask_predict.
    length_beam: how many lengths are tried.
    q, q_iterations: of the other paradigms: words a pass, and passes of revision.
    alpha: a text scores (sum of log p) / length^alpha.
    width, heads, feed, layers, max_length: sizes; there are lengths of 0 to max_length - 1 words.
    mask_share: share of words that training masks, drawn between these two.
    dropout, attention_dropout, encoder_dropout: shares that are dropped in training.
    """

    decodes = frozenset({"greedy", "max_length", "min_length", "banned", "unknown"})

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Tokenizer,
        layout: Layout = "care",
        category: str | None = None,
        teacher: bool = False,
        teacher_masks: bool = False,
        paradigm: Paradigm = "mask_predict",
        templates: bool = True,
        iterations: int = 5,
        length_beam: int = 6,
        q: int = 1,
        q_iterations: int = 1,
        alpha: float = 1.35,
        width: int = 512,
        heads: int = 8,
        feed: int = 2048,
        layers: int = 1,
        max_length: int = 30,
        mask_share: tuple[float, float] = (0.35, 0.9),
        dropout: float = 0.5,
        attention_dropout: float = 0.0,
        encoder_dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.streams, self.max_length, self.tokenizer = dict(streams), max_length, tokenizer
        self.length_beam, self.alpha, self.teacher_masks = length_beam, alpha, teacher_masks
        self.refinement = Plan(paradigm, templates, iterations, q, q_iterations)
        mask, visual = tokenizer.token_id("<mask>"), tokenizer.token_id("<vis>")
        self.ids = Ids(tokenizer.pad_id, mask, visual)
        self.inputs = TrainingInputs(tokenizer, self.ids, mask_share)

        def make(add_mean: bool) -> Network:
            return Network(
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
                encoder="gated",
                layout=layout,
                category=category,
                add_mean=add_mean,
            )

        self.network = make(True)
        self.teacher = make(False) if teacher else None
        self.length = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, max_length)
        )

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """Visual words from an empty template, masked words from the rest, and log-probabilities of lengths."""
        self.refuse_others(want, {"tokens", "visual", "length"})
        memory = self.network.encode(whole_clips(streams, batch).streams, "NACFHead")
        outputs: dict[str, Named] = {}
        if want & {"tokens", "visual"}:
            prepared = self.inputs.of(batch, self.max_length, self.training)
            for name in sorted(want & {"tokens", "visual"}):
                given, wanted, counts = prepared.masked if name == "tokens" else prepared.visual
                hidden = self.network.at_once(given, prepared.real, memory)
                outputs[name] = Named(self.network.classify(hidden), wanted, counts)
        if "length" in want:
            target = length_targets(batch, self.tokenizer, self.max_length)
            logs = self.length(memory.mean).log_softmax(-1)
            outputs["length"] = Named(logs, None if target is None else target.to(logs))
        return Output(**outputs)

    def write(self, view: View, settings: WriteSettings) -> Rows:
        """The best text of each row over several lengths."""
        memory = self.network.encode(view.streams, "NACFHead")
        most = max(1, min(self.max_length - 1, settings.max_length - 1))
        lengths = self.candidate_lengths(memory, max(SHORTEST, settings.min_length), most)
        tokens, logs = self.candidates(view, memory, lengths, settings.never)
        best = self.best(logs, lengths)
        index = torch.arange(len(best), device=best.device)
        rows: Rows = []
        texts = zip(
            tokens[index, best].tolist(),
            logs[index, best].tolist(),
            lengths[index, best].tolist(),
            strict=True,
        )
        silent = set(self.tokenizer.special_ids) - {self.tokenizer.unknown_id}
        for ids, log_probs, length in texts:
            words = [(n, p) for n, p in zip(ids[:length], log_probs[:length], strict=True) if n not in silent]
            score = sum(log_probs[:length]) / length**self.alpha
            rows.append([Hyp([n for n, _ in words], score, [p for _, p in words], None)])
        return rows

    def candidate_lengths(self, memory: Memory, least: int, most: int) -> Tensor:
        """The likeliest lengths [B, K], raised and lowered to what is allowed; one may come twice."""
        logs = self.length(memory.mean).log_softmax(-1)
        best: Tensor = logs.topk(min(self.length_beam, logs.shape[1])).indices
        return best.clamp_min(least).clamp_max(most)

    def candidates(
        self, view: View, memory: Memory, lengths: Tensor, never: tuple[int, ...] = ()
    ) -> tuple[Tensor, Tensor]:
        """A text for each length [B, K, L], and log-probabilities of its words, 0 at padding."""
        judge = self._judge(view)

        def predict(tokens: Tensor) -> tuple[Tensor, Tensor]:
            hidden = self.network.at_once(tokens, tokens != self.ids.pad, memory)
            chance = self.network.classify(hidden).float().softmax(-1)
            if never:
                chance[..., list(never)] = -1.0
            value, words = chance.max(-1)
            real = tokens != self.ids.pad
            return torch.where(real, words, self.ids.pad), torch.where(real, value, 1.0)

        masks = judge if self.teacher_masks else None
        text = draft(lengths.flatten(), self.refinement, self.ids, predict, masks)
        chance = text.chance if judge is None else text.chance * judge(text.tokens)
        shape = (*lengths.shape, -1)
        return text.tokens.view(shape), chance.clamp_min(1e-30).log().view(shape)

    def best(self, logs: Tensor, lengths: Tensor) -> Tensor:
        """Which candidate of each row scores highest."""
        scores: Tensor = logs.sum(-1) / lengths.double() ** self.alpha
        index: Tensor = scores.argmax(-1)
        return index

    def _judge(self, view: View) -> Judge | None:
        if self.teacher is None:
            return None
        network = self.teacher
        memory = network.encode(view.streams, "NACFHead's teacher")
        bos = self.tokenizer.bos_id

        def judge(tokens: Tensor) -> Tensor:
            before = torch.cat([torch.full_like(tokens[:, :1], bos), tokens[:, :-1]], 1)
            hidden, _ = network.left_to_right(before, memory)
            chance = network.classify(hidden).float().softmax(-1).gather(-1, tokens[..., None])[..., 0]
            return torch.where(tokens == self.ids.pad, 1.0, chance)

        return judge
