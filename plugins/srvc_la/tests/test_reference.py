"""The head against a slow reference: one clip, one caption, one step after the other, as the method's equations say.

It shares no arithmetic with the head, only its weights by name; in float64, on the real frames alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from vidcap_core.api import Head, whole_clips

Make = Callable[..., Any]
Solve = Callable[[Tensor, float, float], Tensor]
TOKENS = frozenset({"tokens"})
DEFAULTS = {
    "vrc_concat": "channel",
    "pad_type": "zeros",
    "pad_encoder": "own",
    "pos_enc": True,
    "use_la": True,
    "la_value": "context",
    "la_query": "own",
    "attn_norm": "softmax",
    "lang_la_source": "vrc",
    "branches": "both",
    "word_in_visual_branch": True,
    "fusion": "prob_avg",
    "fusion_lambda": 0.5,
    "init_state": "zeros",
    "enc_layers": 1,
}


class Reference:
    """log p(w_t | w_<t, frames) from the weights and switches of a head."""

    def __init__(self, head: Head, switches: Mapping[str, Any], solve: Solve) -> None:
        self.weights = {name: value.detach().double() for name, value in head.state_dict().items()}
        self.switches = {**DEFAULTS, **switches}
        self.heads, self.solve = 2, solve
        chosen = self.switches["branches"]
        self.names = ["visual", "language"] if chosen == "both" else [chosen]

    def linear(self, name: str, x: Tensor) -> Tensor:
        product = x @ self.weights[f"{name}.weight"].T
        return product + self.weights.get(f"{name}.bias", 0)

    def layer_norm(self, name: str, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        scaled = centred / (centred.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def encoder(self, name: str, x: Tensor) -> Tensor:
        """Post-norm Transformer layers."""
        for number in range(self.switches["enc_layers"]):
            layer = f"{name}.layers.{number}"
            joined = x @ self.weights[f"{layer}.self_attn.in_proj_weight"].T
            queries, keys, values = (joined + self.weights[f"{layer}.self_attn.in_proj_bias"]).chunk(3, 1)
            width = x.shape[1] // self.heads
            mixed = torch.zeros_like(x)
            for head in range(self.heads):
                part = slice(head * width, (head + 1) * width)
                for row in range(len(x)):
                    powers = (keys[:, part] @ queries[row, part] / math.sqrt(width)).exp()
                    mixed[row, part] = powers @ values[:, part] / powers.sum()
            x = self.layer_norm(f"{layer}.norm1", x + self.linear(f"{layer}.self_attn.out_proj", mixed))
            fed = self.linear(f"{layer}.linear2", self.linear(f"{layer}.linear1", x).clamp_min(0))
            x = self.layer_norm(f"{layer}.norm2", x + fed)
        return x

    def context(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """R and the mean encoded frame."""
        width = self.weights["context.project.weight"].shape[0]
        places = torch.zeros(len(frames), width, dtype=torch.float64)
        if self.switches["pos_enc"]:
            for place in range(len(frames)):
                for pair in range(width // 2):
                    angle = place / 10000 ** (2 * pair / width)
                    places[place, pair], places[place, width // 2 + pair] = math.sin(angle), math.cos(angle)
        embedded = self.layer_norm("context.norm", self.linear("context.project", frames))
        seen = self.encoder("context.frames", embedded + places)
        mean = seen.mean(0)
        if self.switches["vrc_concat"] == "none":
            return seen, mean
        padding = places.clone()
        if self.switches["pad_type"] == "learned":
            padding = padding + self.weights["context.pad"]
        if self.switches["pad_encoder"] != "identity":
            own = self.switches["pad_encoder"] == "own"
            padding = self.encoder("context.padding" if own else "context.frames", padding)
        return torch.cat([seen, padding], 1 if self.switches["vrc_concat"] == "channel" else 0), mean

    def look(self, name: str, slots: Tensor, query: Tensor) -> Tensor:
        """z of one branch."""
        if not self.switches["use_la"]:
            return slots.mean(0)
        look = f"branches.{name}.look"
        latent = [
            torch.tanh(self.linear(f"{look}.keys", slot) + self.linear(f"{look}.query", query))
            for slot in slots
        ]
        scores = torch.stack([self.linear(f"{look}.score", one)[0] for one in latent])
        if self.switches["attn_norm"] == "softmax":
            weights = scores.exp() / scores.exp().sum()
        else:
            power, scale = {"sparsemax": (1, 1.0), "entmax15": (2, 0.5)}[self.switches["attn_norm"]]
            weights = self.solve(scores, power, scale)
        added = slots if self.switches["la_value"] == "context" else torch.stack(latent)
        return sum(weight * one for weight, one in zip(weights, added, strict=True))  # type: ignore[return-value]

    def lstm(self, name: str, x: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        gates = self.weights[f"{name}.weight_ih"] @ x + self.weights[f"{name}.bias_ih"]
        gates = gates + self.weights[f"{name}.weight_hh"] @ hidden + self.weights[f"{name}.bias_hh"]
        enter, forget, new, out = gates.chunk(4)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
        return torch.sigmoid(out) * torch.tanh(cell), cell

    def fused(self, hidden: Mapping[str, Tensor]) -> Tensor:
        """log p of all words."""
        if self.switches["fusion"] == "concat_hidden":
            return normalised(self.linear("classify", torch.cat([hidden["visual"], hidden["language"]])))
        logs = [normalised(self.linear(f"branches.{name}.classify", hidden[name])) for name in self.names]
        if len(logs) == 1:
            return logs[0]
        share, (visual, language) = self.switches["fusion_lambda"], logs
        if self.switches["fusion"] == "logprob_avg":
            return normalised(share * visual + (1 - share) * language)
        return (share * visual.exp() + (1 - share) * language.exp()).log()

    def __call__(self, frames: Tensor, words: Sequence[int]) -> Tensor:
        """The log-probabilities [L, V] of what follows each word."""
        context, mean = self.context(frames)
        hidden, cell = {}, {}
        for name in self.names:
            cell[name] = torch.zeros(
                self.weights[f"branches.{name}.cell.weight_hh"].shape[1], dtype=torch.float64
            )
            started = self.switches["init_state"] == "visual"
            hidden[name] = torch.tanh(self.linear(f"branches.{name}.start", mean)) if started else cell[name]
        said: list[Tensor] = []
        scores = []
        for word in words:
            said.append(self.weights["embed.weight"][word])
            before = dict(hidden)
            for name in self.names:
                of_caption = name == "language" and self.switches["lang_la_source"] == "caption"
                slots = torch.stack(said) if of_caption else context
                joint = self.switches["la_query"] == "joint"
                query = torch.cat([before["visual"], before["language"]]) if joint else before[name]
                x = [self.look(name, slots, query)]
                if name == "visual":
                    x = [mean, *x]
                if name == "language" or self.switches["word_in_visual_branch"]:
                    x = [said[-1], *x]
                hidden[name], cell[name] = self.lstm(
                    f"branches.{name}.cell", torch.cat(x), before[name], cell[name]
                )
            scores.append(self.fused(hidden))
        return torch.stack(scores)


def normalised(logits: Tensor) -> Tensor:
    return logits - logits.exp().sum().log()


def shaken(head: Head) -> Head:
    """All weights away from where they start, so that no bias is 0 and no norm does nothing."""
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter += 0.2 * torch.randn(parameter.shape, generator=random)
    return head.eval()


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"vrc_concat": "seq"},
        {"vrc_concat": "none"},
        {"vrc_concat": "none", "pos_enc": False},
        {"pad_type": "learned"},
        {"pad_type": "learned", "pos_enc": False},
        {"pad_type": "noise"},
        {"pad_encoder": "shared"},
        {"pad_encoder": "identity"},
        {"enc_layers": 2},
        {"pad_type": "learned", "pad_encoder": "shared", "vrc_concat": "seq"},
        {"pad_type": "learned", "pad_encoder": "identity"},
        {"use_la": False},
        {"use_la": False, "vrc_concat": "seq"},
        {"la_value": "latent"},
        {"la_value": "latent", "vrc_concat": "seq", "attn_norm": "entmax15"},
        {"la_query": "joint"},
        {"attn_norm": "sparsemax"},
        {"attn_norm": "entmax15"},
        {"lang_la_source": "caption"},
        {"lang_la_source": "caption", "use_la": False},
        {"lang_la_source": "caption", "la_query": "joint", "la_value": "latent"},
        {"branches": "visual"},
        {"branches": "language"},
        {"branches": "language", "lang_la_source": "caption"},
        {"word_in_visual_branch": False},
        {"word_in_visual_branch": False, "branches": "visual"},
        {"fusion_lambda": 0.3},
        {"fusion_lambda": 0.0},
        {"fusion_lambda": 1.0},
        {"fusion": "logprob_avg", "fusion_lambda": 0.3},
        {"fusion": "concat_hidden"},
        {"init_state": "visual"},
        {"init_state": "visual", "la_query": "joint", "fusion": "concat_hidden"},
    ],
    ids=str,
)
def test_the_head_says_what_the_equations_say(
    switches: dict[str, Any], make_head: Make, make_batch: Make, solve: Solve
) -> None:
    head, batch = shaken(make_head(**switches)), make_batch(4)
    reference = Reference(head, switches, solve)
    stream = batch.streams["image"]
    scores = head(batch.streams, batch, TOKENS).logits.detach()
    if switches.get("fusion") == "concat_hidden" or switches.get("branches", "both") != "both":
        scores = scores.log_softmax(-1)  # one classifier gives logits; two are fused as log-probabilities
    for row in range(4):
        words = batch.tokens[row, batch.token_mask[row]].tolist()[:-1]
        expected = reference(stream.values[row, stream.mask[row]].double(), words)
        torch.testing.assert_close(scores[row, : len(words)].double(), expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("norm", ["softmax", "sparsemax", "entmax15"])
def test_sparse_attention_gives_no_weight_to_some_frames(
    norm: str, make_head: Make, make_batch: Make
) -> None:
    head, batch = shaken(make_head(attn_norm=norm, vrc_concat="none")), make_batch(4)
    with torch.no_grad():
        for branch in head.branches.values():
            branch.look.score.weight *= 5
    named = head(batch.streams, batch, frozenset({"attention"}))["attention"]
    real = named.target[:, None, None].expand_as(named.value)
    none = (named.value[real] == 0).double().mean()
    assert none > 0.1 if norm != "softmax" else none == 0


def encoded_padding(head: Head, batch: Any) -> Tensor:
    memory, _ = head.start(whole_clips(batch.streams, batch))
    return memory.context.values[0, :, 16:].detach()


@pytest.mark.parametrize("encoder", ["own", "shared", "identity"])
def test_kinds_of_padding_differ_and_noise_is_small(encoder: str, make_head: Make, make_batch: Make) -> None:
    batch = make_batch(2)
    made = {kind: make_head(pad_type=kind, pad_encoder=encoder) for kind in ("zeros", "learned", "noise")}
    made["learned"].load_state_dict(made["zeros"].state_dict(), strict=False)
    paddings = {kind: encoded_padding(head, batch) for kind, head in made.items()}
    assert (paddings["learned"] - paddings["zeros"]).abs().max() > 1e-3
    assert (paddings["noise"] - paddings["zeros"]).abs().max() > 1e-3
    torch.testing.assert_close(encoded_padding(made["noise"].eval(), batch), paddings["zeros"])
    if encoder == "identity":
        learned, noise = (paddings[kind] - paddings["zeros"] for kind in ("learned", "noise"))
        torch.testing.assert_close(learned, made["learned"].context.pad.detach().expand(7, -1))
        assert noise.std().item() == pytest.approx(0.02, rel=0.3)
        assert torch.cdist(noise, noise)[~torch.eye(7, dtype=torch.bool)].min() > 0.01  # a draw for each slot
