"""The zoo's newer methods against the same networks written the usual way: a training step, and texts of a batch.

python benchmarks/zoo_speed.py [--only care ...] [--rounds 5] [--json benchmarks/results/zoo_speed.json]

The other form has the same weights and plain modules: nn.TransformerDecoder for CARE and NACF, nn.LSTM for S2VT, all
positions of video and text through each layer for SwinBERT; beams are searched clip by clip, with the whole prefix at
each word. Losses and texts must be the same before anything is timed. Processor seconds of one thread, in alternation.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from vidcap_care.care_head import CAREHead
from vidcap_care.nacf_head import NACFHead
from vidcap_care.vocabulary import CAREVocabulary
from vidcap_classics.s2vt import S2VT
from vidcap_classics.sa_lstm import SALSTM
from vidcap_swinbert.head import SwinBERTHead

from vidcap_core.api import Batch, Clip, GenerateSettings, Head, Stream, View
from vidcap_core.decoding.generate import generate
from vidcap_core.losses.token import TokenLoss
from vidcap_core.testing.contest import race
from vidcap_core.testing.measured import write
from vidcap_core.tokenizers.vocabulary import Vocabulary

BEAMS, WORDS, ROWS, SIZE = 5, 12, 28, 8
AIM = 1.0
Prefix = Callable[[Tensor, Any], Tensor]
"""Words [K, L] and what a clip gave to the next word's logits [K, V]."""


@dataclass(frozen=True)
class Contest:
    """A head, a batch, and the other form of both jobs."""

    head: Head
    batch: Batch
    loss: Callable[[Batch], Tensor]
    remember: Callable[[Batch, int], Any] | None  # None: it writes without going from left to right
    following: Prefix | None
    texts: Callable[[Batch], list[list[int]]] | None = None


def words(tokenizer: Any, size: int) -> Batch:
    """Captions of the longest length, so that both forms see as many positions."""
    ids = torch.randint(8, len(tokenizer), (size, WORDS + 2))
    ids[:, 0], ids[:, -1] = tokenizer.bos_id, tokenizer.eos_id
    clips = tuple(Clip(f"clip{row}") for row in range(size))
    texts = tuple(tokenizer.decode(row[1:-1]) for row in ids.tolist())
    return Batch(clips, texts=texts, tokens=ids, token_mask=torch.ones_like(ids, dtype=torch.bool))


def with_streams(batch: Batch, widths: dict[str, int], rows: int) -> Batch:
    """The batch with random streams."""
    streams = {
        name: Stream(torch.randn(len(batch), rows, width), torch.ones(len(batch), rows, dtype=torch.bool))
        for name, width in widths.items()
    }
    return Batch(batch.clips, streams, texts=batch.texts, tokens=batch.tokens, token_mask=batch.token_mask)


def alone(batch: Batch, row: int) -> dict[str, Stream]:
    """The streams of one clip."""
    return {name: stream.rows([row]) for name, stream in batch.streams.items()}


def mean_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of all next words."""
    assert batch.tokens is not None
    return cross_entropy(logits.flatten(0, 1), batch.tokens[:, 1:].flatten())


def multi_head(given: Any, width: int) -> nn.MultiheadAttention:
    """nn.MultiheadAttention with the weights of an attention of ours."""
    made = nn.MultiheadAttention(width, given.heads, batch_first=True)
    with torch.no_grad():
        parts = (given.query, given.key, given.value)
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
    tokenizer = Vocabulary(specials=["[MASK]"])
    tokenizer.fit([f"word{number}" for number in range(5000)])
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


def s2vt(size: int) -> Contest:
    """Two LSTMs of width 500 over 28 rows; the other form is nn.LSTM over rows and words at once."""
    tokenizer = Vocabulary()
    tokenizer.fit([f"word{number}" for number in range(5000)])
    head = S2VT(streams={"image": 512}, tokenizer=tokenizer, dropout=0.0)
    batch = with_streams(words(tokenizer, size), {"image": 512}, ROWS)
    cells = []
    for cell in (head.lower, head.upper):
        made = nn.LSTM(cell.input_size, cell.hidden_size, batch_first=True)
        made.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
        cells.append(made)

    def run(tokens: Tensor, values: Tensor) -> Tensor:
        rows, steps = head.project["image"](values), tokens.shape[1]
        low, _ = cells[0](nn.functional.pad(rows, (0, 0, 0, steps)))
        said = nn.functional.pad(head.embed(tokens), (0, 0, rows.shape[1], 0))
        high, _ = cells[1](torch.cat([said, low], -1))
        logits: Tensor = head.classify(high[:, -steps:])
        return logits

    def loss(given: Batch) -> Tensor:
        assert given.tokens is not None
        return mean_loss(run(given.tokens[:, :-1], given.streams["image"].values), given)

    def following(prefix: Tensor, values: Tensor) -> Tensor:
        return run(prefix, values.expand(len(prefix), -1, -1))[:, -1]

    return Contest(head, batch, loss, lambda given, row: alone(given, row)["image"].values, following)


def sa_lstm(size: int) -> Contest:
    """An LSTM of width 512 that attends to 28 rows; the other form is the same loop, a text after the other."""
    tokenizer = Vocabulary()
    tokenizer.fit([f"word{number}" for number in range(5000)])
    head = SALSTM(streams={"image": 512}, tokenizer=tokenizer, dropout=0.0)
    batch = with_streams(words(tokenizer, size), {"image": 512}, ROWS)

    def run(tokens: Tensor, view: View) -> Tensor:
        memory, state = head.start(view)
        logits = []
        for position in range(tokens.shape[1]):
            each, state = head.step(tokens[:, position], memory, state)
            logits.append(each)
        return torch.stack(logits, 1)

    def view_of(streams: dict[str, Stream]) -> View:
        count = len(streams["image"].mask)
        return View(streams, tuple(range(count)), (None,) * count)

    def loss(given: Batch) -> Tensor:
        assert given.tokens is not None
        return mean_loss(run(given.tokens[:, :-1], view_of(dict(given.streams))), given)

    def following(prefix: Tensor, view: View) -> Tensor:
        wide = {
            name: Stream(stream.values.expand(len(prefix), -1, -1), stream.mask.expand(len(prefix), -1))
            for name, stream in view.streams.items()
        }
        return run(prefix, view_of(wide))[:, -1]

    return Contest(head, batch, loss, lambda given, row: view_of(alone(given, row)), following)


CONTESTS = {"care": care, "nacf": nacf, "swinbert": swinbert, "s2vt": s2vt, "sa_lstm": sa_lstm}


def our_loss(contest: Contest) -> Tensor:
    """What the engine would have, of the same positions as the other form."""
    head, batch = contest.head, contest.batch
    assert batch.tokens is not None
    if isinstance(head, SwinBERTHead):
        hidden, length = batch.tokens.clone(), batch.tokens.shape[1]
        hidden[:, 1::2] = head.mask_id
        memory = head.network.video(batch.streams["video"])
        bias = torch.full((length, length), -1e4).triu(1)
        states, _ = head.network.text(hidden, torch.arange(length), bias, memory)
        logits = head.network.logits(states[:, 1::2])
        return cross_entropy(logits.flatten(0, 1), batch.tokens[:, 1::2].flatten())
    total, weight = TokenLoss()(head(batch.streams, batch, {"tokens"}), batch)
    return total / weight


@torch.no_grad()
def our_texts(contest: Contest) -> list[list[int]]:
    """Beam search over the whole batch, or what the head writes."""
    head, batch = contest.head, contest.batch
    tokenizer: Any = head.tokenizer if hasattr(head, "tokenizer") else Vocabulary
    view = View(batch.streams, tuple(range(len(batch))), (None,) * len(batch))
    longest = WORDS + 2 if contest.texts else WORDS
    mode: Any = "greedy" if contest.texts else "beam"
    settings = GenerateSettings(
        mode=mode,
        beam=BEAMS,
        stop="cap",
        min_length=0 if contest.texts else WORDS - 1,
        max_length=longest,
        unknown=True,
    )
    rows = generate(head, view, settings, bos=tokenizer.bos_id, eos=tokenizer.eos_id)
    return [row[0].tokens for row in rows]


@torch.no_grad()
def plain_texts(contest: Contest) -> list[list[int]]:
    """Beam search clip by clip, with the whole prefix at each word."""
    if contest.texts is not None:
        return contest.texts(contest.batch)
    assert contest.remember is not None
    assert contest.following is not None
    tokenizer: Any = contest.head.tokenizer if hasattr(contest.head, "tokenizer") else Vocabulary
    found = []
    for row in range(len(contest.batch)):
        memory = contest.remember(contest.batch, row)
        live: list[tuple[float, list[int]]] = [(0.0, [tokenizer.bos_id])]
        for position in range(WORDS):
            prefix = torch.tensor([ids for _, ids in live])
            logs = contest.following(prefix, memory).log_softmax(-1)
            if position < WORDS - 1:
                logs[:, tokenizer.eos_id] = -torch.inf
            candidates = []
            for (total, ids), scores in zip(live, logs, strict=True):
                best = scores.topk(BEAMS)
                for value, word in zip(best.values.tolist(), best.indices.tolist(), strict=True):
                    candidates.append((total + value, [*ids, word]))
            live = sorted(candidates, key=lambda item: -item[0])[:BEAMS]
        found.append([word for word in live[0][1][1:] if word != tokenizer.eos_id])
    return found


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Both jobs of one method, after both forms were seen to agree."""
    torch.manual_seed(0)
    contest = CONTESTS[name](SIZE)
    contest.head.eval()
    gap = abs(float(our_loss(contest) - contest.loss(contest.batch)))
    same = our_texts(contest) == plain_texts(contest)
    if gap > 1e-4 or not same:
        raise SystemExit(
            f"{name}: the two forms differ: losses by {gap:.2g}, texts are {'' if same else 'not '}equal"
        )
    steps = race(
        lambda: our_loss(contest).backward(),
        lambda: contest.loss(contest.batch).backward(),
        rounds,
        time.process_time,
    )
    texts = race(
        lambda: our_texts(contest), lambda: plain_texts(contest), max(2, rounds // 2), time.process_time
    )
    keys = ("ours_s", "plain_s", "ratio")
    return {"training": dict(zip(keys, steps, strict=True)), "texts": dict(zip(keys, texts, strict=True))}


def main() -> None:
    """Print the ratios; write them as data."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(CONTESTS), default=list(CONTESTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    results: dict[str, Any] = {"clips": SIZE, "beams": BEAMS, "words": WORDS, "clock": "processor seconds"}
    for name in args.only:
        results[name] = measure(name, args.rounds)
        said = ", ".join(f"{job} {one['ratio']:.2f}x" for job, one in results[name].items())
        print(f"{name}: {said} (aim {AIM}x)", flush=True)
    if args.json:
        write(args.json, results)


if __name__ == "__main__":
    main()
