"""CARE, NACF, SwinBERT and CLIP4Caption written the usual way, with the weights of ours."""

from __future__ import annotations

import copy
from typing import Any

import torch
from contests import ROWS, WORDS, Contest, alone, five_thousand, mean_loss, with_streams, words
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from vidcap_care.care_head import CAREHead
from vidcap_care.nacf_head import NACFHead
from vidcap_care.vocabulary import CAREVocabulary
from vidcap_classics.clip4caption import CLIP4Caption
from vidcap_swinbert.head import SwinBERTHead

from vidcap_core.api import Batch
from vidcap_core.heads.layers import sinusoids


def multi_head(given: Any, width: int) -> nn.MultiheadAttention:
    """nn.MultiheadAttention with the weights of an attention of ours."""
    made = nn.MultiheadAttention(width, given.heads, batch_first=True)
    parts = (given.query, *((given.key, given.value) if hasattr(given, "key") else (given.key_value,)))
    with torch.no_grad():
        made.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        made.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    made.out_proj = copy.deepcopy(given.out)
    return made


class PlainDecoder(nn.Module):
    """CARE's and NACF's decoder as nn.TransformerDecoder."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        width = network.classify.in_features
        layers = []
        for ours in network.decoder:
            layer = nn.TransformerDecoderLayer(
                width, ours.words.heads, ours.feed_in.out_features, 0.0, "relu", 1e-12, batch_first=True
            )
            layer.self_attn, layer.multihead_attn = (
                multi_head(ours.words, width),
                multi_head(ours.video, width),
            )
            layer.linear1, layer.linear2 = copy.deepcopy(ours.feed_in), copy.deepcopy(ours.feed_out)
            layer.norm1, layer.norm2, layer.norm3 = (copy.deepcopy(part.norm) for part in ours.after)
            layers.append(layer)
        self.layers = nn.ModuleList(layers)

    def forward(self, tokens: Tensor, memory: Any, rows: int, causal: bool) -> Tensor:
        """Logits of all positions; the clip's memory is copied for each of its texts."""
        x = self.network.words(tokens, 0, memory.shared)
        hidden = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool).triu(1) if causal else None
        video = memory.states.repeat_interleave(rows, 0)
        for layer in self.layers:
            x = layer(x, video, tgt_mask=hidden)
        logits: Tensor = self.network.classify(x)
        return logits


def care(size: int) -> Contest:
    """Three streams of 28 rows, width 512, one layer, 500 concepts of which 30 are seen."""
    tokenizer = CAREVocabulary(concepts=500)
    tokenizer.fit([f"word{number}" for number in range(5000)])
    widths = {"audio": 128, "motion": 2048, "image": 512}
    head = CAREHead(streams=widths, tokenizer=tokenizer, max_length=WORDS + 2)
    plain = PlainDecoder(head.network)
    batch = with_streams(words(tokenizer, size), widths, ROWS)

    def loss(given: Batch) -> Tensor:
        assert given.tokens is not None
        memory = head.network.encode(given.streams, "plain")
        return mean_loss(plain(given.tokens[:, :-1], memory, 1, True), given)

    def following(prefix: Tensor, memory: Any) -> Tensor:
        return plain(prefix, memory, len(prefix), True)[:, -1]

    return Contest(
        head, batch, loss, lambda given, row: head.network.encode(alone(given, row), "plain"), following
    )


def nacf(size: int) -> Contest:
    """Two streams of 8 rows, width 512, one layer; six lengths, five passes and a template."""
    tokenizer = CAREVocabulary(concepts=500)
    tokenizer.fit([f"word{number}" for number in range(5000)])
    widths = {"motion": 2048, "image": 2048}
    head = NACFHead(streams=widths, tokenizer=tokenizer, max_length=WORDS + 2)
    plain = PlainDecoder(head.network)
    batch = with_streams(words(tokenizer, size), widths, 8)

    def loss(given: Batch) -> Tensor:
        prepared = head.inputs.of(given, head.max_length, False)
        memory = head.network.encode(given.streams, "plain")
        tokens, wanted, _ = prepared.masked
        return cross_entropy(plain(tokens, memory, 1, False).flatten(0, 1), wanted.flatten())

    def texts(given: Batch) -> list[list[int]]:
        found = []
        for row in range(len(given)):  # clip by clip, and length by length: none is padded
            memory = head.network.encode(alone(given, row), "plain")
            best: tuple[float, list[int]] = (-torch.inf, [])
            for length in head.candidate_lengths(memory, 4, head.max_length - 1)[0].tolist():
                best = max(best, _revised(head, plain, memory, length), key=lambda one: one[0])
            found.append([number for number in best[1] if number not in tokenizer.special_ids])
        return found

    return Contest(head, batch, loss, None, None, texts)


def _revised(head: NACFHead, plain: PlainDecoder, memory: Any, length: int) -> tuple[float, list[int]]:
    """mask-predict of one text of one length."""

    def predict(tokens: Tensor) -> tuple[Tensor, Tensor]:
        value, index = plain(tokens, memory, 1, False).softmax(-1).max(-1)
        return index, value

    tokens = torch.full((1, length), head.ids.visual)
    tokens, chance = predict(tokens)
    chance = chance.masked_fill(tokens == head.ids.mask, 0.0)
    passes = head.refinement.iterations + 1
    for index in range(1, passes):
        if index > 1:
            count = max(1, int(length * (1.0 - index / passes)))
            tokens[0, chance[0].argsort(stable=True)[:count]] = head.ids.mask
        open_ = tokens == head.ids.mask
        new, value = predict(tokens)
        tokens, chance = torch.where(open_, new, tokens), torch.where(open_, value, chance)
    return float(chance.clamp_min(1e-30).log().sum()) / length**head.alpha, tokens[0].tolist()


def swinbert(size: int) -> Contest:
    """98 video tokens (four frames of 224 pixels), six layers of width 384."""
    tokenizer = five_thousand(specials=["[MASK]"])
    head = SwinBERTHead(
        streams={"video": 512},
        tokenizer=tokenizer,
        grid=(2, 7, 7),
        width=384,
        heads=6,
        feed=1536,
        layers=6,
        max_length=WORDS + 3,
        dropout=0.0,
    )
    batch = with_streams(words(tokenizer, size), {"video": 512}, 98)
    net: Any = head.network

    def run(tokens: Tensor, values: Tensor) -> Tensor:
        video = net.embed(net.project(values))
        length, count = tokens.shape[1], video.shape[1]
        x = torch.cat([net.words(tokens, torch.arange(length)), video], 1)
        bias = torch.zeros(length + count, length + count)
        bias[:length, :length] = torch.full((length, length), -1e4).triu(1)
        bias[length:, :length] = -1e4
        bias = torch.cat([bias[:length], torch.cat([bias[length:, :length], net.mask.bias()], 1)])
        for layer in net.stack:
            x = layer.video(x, layer.pair(x), bias)
        return x[:, :length]

    def loss(given: Batch) -> Tensor:
        assert given.tokens is not None
        hidden = given.tokens.clone()
        hidden[:, 1::2] = head.mask_id
        logits = net.logits(run(hidden, given.streams["video"].values))
        return cross_entropy(logits[:, 1::2].flatten(0, 1), given.tokens[:, 1::2].flatten())

    def following(prefix: Tensor, values: Tensor) -> Tensor:
        given = torch.cat([prefix, torch.full_like(prefix[:, :1], head.mask_id)], 1)
        states = run(given, values.expand(len(prefix), -1, -1))
        logits: Tensor = net.logits(states[:, -1])
        return logits

    return Contest(head, batch, loss, lambda given, row: alone(given, row)["video"].values, following)


def clip4caption(size: int) -> Contest:
    """28 rows of CLIP and one learnt row, width 768, one layer that encodes and three that write."""
    tokenizer = five_thousand()
    head = CLIP4Caption(streams={"image": 512}, tokenizer=tokenizer, dropout=0.0)
    batch = with_streams(words(tokenizer, size), {"image": 512}, ROWS)
    layers = nn.ModuleList()
    for ours in head.layers:
        layer = nn.TransformerDecoderLayer(
            head.width, head.heads, 4 * head.width, 0.0, "gelu", batch_first=True
        )
        layer.self_attn, layer.multihead_attn = (
            multi_head(part, head.width) for part in (ours.words, ours.video)
        )
        layer.linear1, layer.linear2 = copy.deepcopy(ours.feed[0]), copy.deepcopy(ours.feed[2])
        layer.norm1, layer.norm2, layer.norm3 = copy.deepcopy(ours.norms)
        layers.append(layer)
    plain = nn.TransformerDecoder(nn.Identity(), 0)
    plain.layers, plain.num_layers = layers, len(layers)

    def encode(values: Tensor) -> Tensor:
        rows = head.project["image"](values) + sinusoids(torch.arange(values.shape[1]), head.width)
        slot = head.slot.expand(len(values), 1, -1)
        video: Tensor = head.encoder(torch.cat([slot, rows], 1))
        return video

    def run(tokens: Tensor, video: Tensor) -> Tensor:
        index = torch.arange(tokens.shape[1])
        x = head.norm(head.embed(tokens) + sinusoids(index, head.width))
        later = torch.ones(len(index), len(index), dtype=torch.bool).triu(1)
        states: Tensor = plain(x, video, tgt_mask=later)
        return states

    def loss(given: Batch) -> Tensor:
        assert given.tokens is not None
        states = run(given.tokens[:, :-1], encode(given.streams["image"].values))
        return mean_loss(head.classify(states), given)

    def following(prefix: Tensor, video: Tensor) -> Tensor:
        logits: Tensor = head.classify(run(prefix, video.expand(len(prefix), -1, -1))[:, -1])
        return logits

    return Contest(head, batch, loss, lambda given, row: encode(alone(given, row)["image"].values), following)
