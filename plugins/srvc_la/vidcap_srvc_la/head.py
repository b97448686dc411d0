"""The SRVC-LA captioner, re-implemented from the paper's abstract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from vidcap_core.api import (
    Batch,
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
)
from vidcap_core.heads.layers import by_clip, prompt_history
from vidcap_srvc_la.argument_checks import check_branches, check_dropout, check_sizes
from vidcap_srvc_la.attention import Norm, Value, attention
from vidcap_srvc_la.branch import Branch, Weights
from vidcap_srvc_la.decoder_state import Memory, State, WordHistory
from vidcap_srvc_la.explain import panels
from vidcap_srvc_la.frames import refuse_empty, side_by_side
from vidcap_srvc_la.fusion import Fusion, fuse
from vidcap_srvc_la.glove import read_into
from vidcap_srvc_la.scheduled_sampling import ScheduledSampling
from vidcap_srvc_la.visual_context import Concat, PadEncoder, PadType, VisualContext


class SRVCLAHead(Head):
    """R = VRC(frames); for k in {v, l}: z^k = LA_k(R, h^k_{t-1}), h^k_t = LSTM_k(x^k_t), p^k = softmax(W_k h^k_t);
    x^v = [e_{t-1}; v; z^v], x^l = [e_{t-1}; z^l]; p = lambda p^v + (1 - lambda) p^l.

    streams: name -> width of the streams that are read; several are set side by side, frame by frame.
    d_model: width d of the encoded frames.
    rnn_size: size H of each LSTM.
    att_size: size a of each attention.
    emb_size: width E of the word embeddings that the branches share.
    enc_layers: layers of each Transformer encoder.
    enc_heads: its attention heads.
    enc_ff: width of its feed-forward part.
    enc_dropout: dropout inside it and before it.
    out_dropout: dropout before the classifiers.
    vrc_concat: "channel" sets frame and padding encoding side by side, "seq" one after the other, "none" leaves
        the padding out.
    pad_type: what the padding sequence is: "zeros", one "learned" row, or "noise" (in training, else zeros).
    pad_encoder: its encoder: its "own", "shared" with the frames, or "identity" for none.
    pos_enc: whether frames and padding know their place; padding that is not learned must.
    use_la: whether the branches attend; else each gets the mean of what it would attend to.
    la_value: what attention adds up: the "context", or the "latent" sum of context and hidden state.
    la_query: what asks: each branch's "own" hidden state, or the "joint" one of both.
    attn_norm: scores to weights: "softmax", "sparsemax" or "entmax15".
    lang_la_source: what the language branch attends to: "vrc", or the embeddings of the "caption" so far.
    branches: "both", or only "visual" or "language".
    word_in_visual_branch: whether the visual branch hears the previous word.
    fusion: "prob_avg" (weighted mean of probabilities), "logprob_avg" (of log-probabilities, made to sum to 1),
        "concat_hidden" (one classifier over both hidden states).
    fusion_lambda: weight of the visual branch.
    init_state: the first hidden state: "zeros", or made from the "visual" mean.
    glove_path: a text file of word vectors (a word and E numbers a line) that the embeddings start from.
    scheduled_sampling: the share of previous words that are drawn from the model at the end of a phase; 0 at its start.
    """

    takes_prompt = True

    def __init__(
        self,
        *,
        streams: dict[str, int],
        tokenizer: Any,
        d_model: int = 512,
        rnn_size: int = 512,
        att_size: int = 512,
        emb_size: int = 512,
        enc_layers: int = 1,
        enc_heads: int = 8,
        enc_ff: int = 2048,
        enc_dropout: float = 0.1,
        out_dropout: float = 0.5,
        vrc_concat: Concat = "channel",
        pad_type: PadType = "zeros",
        pad_encoder: PadEncoder = "own",
        pos_enc: bool = True,
        use_la: bool = True,
        la_value: Value = "context",
        la_query: Literal["own", "joint"] = "own",
        attn_norm: Norm = "softmax",
        lang_la_source: Literal["vrc", "caption"] = "vrc",
        branches: Literal["both", "visual", "language"] = "both",
        word_in_visual_branch: bool = True,
        fusion: Fusion = "prob_avg",
        fusion_lambda: float = 0.5,
        init_state: Literal["zeros", "visual"] = "zeros",
        glove_path: str | None = None,
        scheduled_sampling: float = 0.0,
    ) -> None:
        super().__init__()
        self.streams = check_widths(streams, "SRVCLAHead")
        self.names = ("visual", "language") if branches == "both" else (branches,)
        check_sizes(rnn_size=rnn_size, att_size=att_size, emb_size=emb_size)
        check_dropout(out_dropout=out_dropout)
        check_branches(len(self.names), la_query, fusion, fusion_lambda)
        self.tokenizer, self.fusion, self.fusion_lambda = tokenizer, fusion, fusion_lambda
        self.sampled = ScheduledSampling(scheduled_sampling)
        self.joint, self.of_caption = la_query == "joint", lang_la_source == "caption"
        self.context = VisualContext(
            inputs=sum(self.streams.values()),
            width=d_model,
            layers=enc_layers,
            heads=enc_heads,
            feed=enc_ff,
            dropout=enc_dropout,
            concat=vrc_concat,
            pad_type=pad_type,
            pad_encoder=pad_encoder,
            positions=pos_enc,
        )
        self.embed = nn.Embedding(len(tokenizer), emb_size, padding_idx=tokenizer.pad_id)
        self.dropout = nn.Dropout(out_dropout)
        self.branches = nn.ModuleDict()
        for name in self.names:
            looked_at = emb_size if name == "language" and self.of_caption else self.context.size
            query = rnn_size * (len(self.names) if self.joint else 1)
            self.branches[name] = Branch(
                attention(use_la, looked_at, query, att_size, attn_norm, la_value),
                word=emb_size if name == "language" or word_in_visual_branch else 0,
                clip=d_model if name == "visual" else 0,
                size=rnn_size,
                start_from=d_model if init_state == "visual" else None,
                vocabulary=None if fusion == "concat_hidden" else len(tokenizer),
            )
        if fusion == "concat_hidden":
            self.classify = nn.Linear(rnn_size * len(self.names), len(tokenizer))
        self._missing = None if glove_path is None else read_into(self.embed, tokenizer, glove_path)

    # ---- the contract

    def start(self, view: View) -> tuple[Memory, State]:
        """Encode the clips and consume the prompt but for its last word."""
        frames, mask = side_by_side(view.streams, self.streams)
        refuse_empty(
            mask.any(1).tolist(),
            [f"number {index + 1} of the batch" for index in view.clips],
            [*self.streams],
        )
        memory = self._encode(frames, mask)
        state = self._first(memory)
        if (history := prompt_history(view)) is not None:
            weights = self._weights()
            for tokens, here in zip(*(part.T for part in history), strict=True):
                embedded = self.embed(tokens)
                gates = self._gates(weights, embedded, memory)
                after, _ = self._advance(weights, gates, embedded, here, memory, state)
                cells = (
                    (torch.where(here[:, None], h, old_h), torch.where(here[:, None], c, old_c))
                    for (h, c), (old_h, old_c) in zip(after.cells, state.cells, strict=True)
                )
                state = State(tuple(cells), after.history)
        return memory, state

    def step(self, tokens: Tensor, memory: Memory, state: State) -> tuple[Tensor, State]:
        """One word: the fused scores [R, V]."""
        weights, embedded = self._weights(), self.embed(tokens)
        gates = self._gates(weights, embedded, memory)
        real = torch.ones_like(tokens, dtype=torch.bool)
        state, _ = self._advance(weights, gates, embedded, real, memory, state)
        return self._fused([self.dropout(hidden) for hidden, _ in state.cells]), state

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words of the captions.

        tokens: the fused scores [R, L, V], as `step` gives them.
        branches: asks for `visual` and `language`, the logits of each branch at the words that count [W, V]; with
            one classifier over both, for `joint`.
        attention: weights of the frames [R, L, branches, N]; the target is which frames are real [R, N].
        """
        self.refuse_others(want, {"tokens", "branches", "attention"})
        self._complain_of_glove()
        tokens, mask = caption_tokens(batch)
        frames, there = side_by_side(streams, self.streams)
        target, counts = tokens[:, 1:], mask[:, 1:]
        # the host waits for the device once: for both what it checks and the words that it picks
        known = torch.cat([there.any(1), counts.flatten()]).tolist()
        refuse_empty(known[: len(there)], [f"'{clip.id}'" for clip in batch.clips], [*self.streams])
        memory = self._encode(frames, there)
        hidden, looks = self._unroll(tokens[:, :-1], mask[:, :-1], memory, batch.progress)
        named: dict[str, Named] = {}
        if want & {"tokens", "branches"}:
            hidden = [self.dropout(rows) for rows in hidden]
        if "tokens" in want:
            named["tokens"] = Named(self._fused(hidden), target, counts)
        if "branches" in want:
            # the classifiers are most of the work, and padding needs none of it
            words = torch.tensor(
                [i for i, counted in enumerate(known[len(there) :]) if counted], dtype=torch.long
            )
            words = words.to(target.device, non_blocking=True)
            named |= {
                name: Named(logits, target.flatten()[words])
                for name, logits in self._classified([rows.flatten(0, 1)[words] for rows in hidden]).items()
            }
        if "attention" in want:
            if not self.watchers:
                raise UserError(
                    "no branch looks at the video, so there is no attention for the losses that read it: "
                    "effective_frames or frame_mass in phases.caption.losses, or words with a sparse_loss_weight",
                    hint="--set phases.caption.losses=\"['words']\" --set losses.words.sparse_loss_weight=0",
                )
            slots = self.context.frame_slots(memory.context.mask)
            named["attention"] = Named(self.context.frame_slots(looks), slots, counts)
        return Output(**named)

    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        """Where each word looked, branch by branch, and at how many frames."""
        return panels(self, streams, batch, events)

    @property
    def watchers(self) -> tuple[str, ...]:
        """The branches that look at the video, in the order of the output `attention`."""
        return tuple(name for name in self.names if not (name == "language" and self.of_caption))

    # ---- once a clip

    def _encode(self, frames: Tensor, mask: Tensor) -> Memory:
        context = self.context(frames, mask)
        weights = self._weights()
        keys = tuple(self._named(name).look.keys(context.values) for name in self.watchers)
        gates = (b.clip_gates(w, context.video) for b, w in zip(self._each(), weights, strict=True))
        return Memory(context, keys, tuple(gates))

    # ---- word by word

    def _each(self) -> list[Branch]:
        return list(self.branches.values())  # type: ignore[arg-type]

    def _named(self, name: str) -> Branch:
        return self.branches[name]  # type: ignore[return-value]

    def _weights(self) -> list[Weights]:
        return [branch.weights() for branch in self._each()]

    def _first(self, memory: Memory) -> State:
        video = memory.context.video
        history = None
        if "language" in self.names and self.of_caption:
            empty = self.embed.weight.new_zeros((len(video), 0, self.embed.embedding_dim))
            history = WordHistory(empty, self._named("language").look.keys(empty), empty.bool().any(-1))
        return State(tuple(branch.first(video) for branch in self._each()), history)

    def _gates(self, weights: Sequence[Weights], embedded: Tensor, memory: Memory) -> list[Tensor]:
        """What words [R, ..., E] and their clips say to each branch: [R, ..., 4H]."""
        result = []
        for branch, weight, clip in zip(self._each(), weights, memory.gates, strict=True):
            spread = clip.repeat_interleave(len(embedded) // len(clip), 0)
            spread = spread.view(len(spread), *[1] * (embedded.dim() - 2), -1)
            heard = branch.word_gates(weight, embedded)
            result.append(spread.expand(*embedded.shape[:-1], -1) if heard is None else heard + spread)
        return result

    def _advance(
        self,
        weights: Sequence[Weights],
        gates: Sequence[Tensor],
        embedded: Tensor,
        real: Tensor,
        memory: Memory,
        state: State,
    ) -> tuple[State, list[Tensor]]:
        """One step of every branch; also its weights over the context, [R, M]."""
        history = state.history
        if history is not None:
            history = history.then(self._named("language").look, embedded[:, None], real[:, None])
        queries = [hidden for hidden, _ in state.cells]
        if self.joint:
            queries = [torch.cat(queries, -1)] * len(queries)
        keys, cells, looks = iter(memory.keys), [], []
        for index, branch in enumerate(self._each()):
            if self.names[index] in self.watchers:
                context = memory.context
                query = by_clip(queries[index], len(context.mask))
                seen, look = branch.look(query, next(keys), context.values, context.mask)
                looks.append(look.flatten(0, 1))
            else:
                assert history is not None
                seen, _ = branch.look(queries[index][:, None], history.keys, history.values, history.mask)
            cells.append(branch.step(weights[index], gates[index], seen.flatten(0, 1), state.cells[index]))
        return State(tuple(cells), history), looks

    def _unroll(
        self, tokens: Tensor, mask: Tensor, memory: Memory, progress: float | None
    ) -> tuple[list[Tensor], Tensor]:
        """Hidden states of each branch [R, L, H] and all weights over the context [R, L, branches, M]."""
        weights, embedded, state = self._weights(), self.embed(tokens), self._first(memory)
        draws = self.training and self.sampled.share > 0
        # unbind, as the gradient of a slice a step would be a tensor of zeros a step
        gates = [] if draws else [gate.unbind(1) for gate in self._gates(weights, embedded, memory)]
        hidden: list[list[Tensor]] = [[] for _ in self.names]
        looks = []
        for step, word in enumerate(embedded.unbind(1)):
            if draws:
                if step:
                    scores = self._fused([self.dropout(states[-1]) for states in hidden])
                    word = self.embed(self.sampled.heard(tokens[:, step], scores, progress))
                now = self._gates(weights, word, memory)
            else:
                now = [gate[step] for gate in gates]
            state, look = self._advance(weights, now, word, mask[:, step], memory, state)
            looks.append(torch.stack(look, 1) if look else mask.new_zeros((len(mask), 0, 0)))
            for states, (newest, _) in zip(hidden, state.cells, strict=True):
                states.append(newest)
        return [torch.stack(states, 1) for states in hidden], torch.stack(looks, 1)

    # ---- scores

    def _classified(self, hidden: Sequence[Tensor]) -> dict[str, Tensor]:
        """Logits of each branch, or of both together."""
        if self.fusion == "concat_hidden":
            return {"joint": self.classify(torch.cat(list(hidden), -1))}
        return {
            name: branch.classify(rows)  # type: ignore[misc]
            for name, branch, rows in zip(self.names, self._each(), hidden, strict=True)
        }

    def _fused(self, hidden: Sequence[Tensor]) -> Tensor:
        logits = self._classified(hidden)
        if len(logits) == 1:
            return next(iter(logits.values()))
        visual, language = (log_softmax(logits[name].float(), -1) for name in ("visual", "language"))
        return fuse(visual, language, self.fusion, self.fusion_lambda)

    def _complain_of_glove(self) -> None:
        """A bundle or a checkpoint brings its own table; only training needs the file."""
        if self.training and self._missing is not None:
            raise UserError(f"head.glove_path: there is no file {self._missing}", hint="head.glove_path=None")
