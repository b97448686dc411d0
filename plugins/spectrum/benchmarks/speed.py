"""SPECTRUM at paper size against the same model in plain PyTorch modules; and retrieval in a large database.

python plugins/spectrum/benchmarks/speed.py [--batch 64] [--clips 4] [--rounds 3] [--threads N]
    [--captions 130260] [--json FILE]

The other model is written the usual way: nn.MultiheadAttention with the bias as a mask for each head, the prefix run
again at each word, beams sample by sample. Both have the same weights, and must give the same loss, gradients and
texts before anything is timed. Peak memory is that of a process of its own for each, above what it held before.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from vidcap_spectrum.head import SpectrumHead
from vidcap_spectrum.search import Database

from vidcap_core.api import Batch, Clip, Stream, lexicon, whole_clips
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.decoding.generate import generate
from vidcap_core.heads.layers import Attention
from vidcap_core.losses.token import TokenLoss
from vidcap_core.saved.provenance import machine
from vidcap_core.testing.contest import high_water, peaks, race
from vidcap_core.testing.measured import write
from vidcap_core.tokenizers.vocabulary import Vocabulary

WIDTHS = {"image": 512, "motion": 2048, "audio": 128, "retrieved": 512}
WORDS, VOCABULARY, BEAMS = 20, 4_971, 5
AIM_TRAINING, AIM_DECODING = 1.0, 6.0
CLIPS, DIM, TOP = 10_000, 512, 20


class Plain(nn.Module):
    """The decoder in plain modules, with the weights of a head; encoders and attributes are the head's own."""

    def __init__(self, head: SpectrumHead) -> None:
        super().__init__()
        self.head = head
        block: Any = head.decoder[0]
        self.block = block
        self.words, self.video = self.multi_head(block.words), self.multi_head(block.looks[0].attention)

    def multi_head(self, given: Attention) -> nn.MultiheadAttention:
        made = nn.MultiheadAttention(self.head.width, given.heads, given.dropout, batch_first=True)
        with torch.no_grad():
            made.in_proj_weight.copy_(torch.cat([given.query.weight, given.key_value.weight]))
            made.in_proj_bias.copy_(torch.cat([given.query.bias, given.key_value.bias]))
            made.out_proj.weight.copy_(given.out.weight)
            made.out_proj.bias.copy_(given.out.bias)
        return made

    def remember(self, streams: dict[str, Stream]) -> tuple[Tensor, Tensor]:
        """Memory rows and the theme of some clips."""
        head = self.head
        encoded = head.encode(streams, len(streams["image"].mask))
        probability = head.probabilities(encoded)
        assert probability is not None
        assert head.aeb is not None
        assert head.cfb is not None
        return torch.cat([*encoded.values(), head.aeb(probability)], 1), head.cfb(probability).sum(1)

    def forward(self, tokens: Tensor, memory: Tensor, theme: Tensor) -> Tensor:
        """Logits of all positions."""
        head, block = self.head, self.block
        length, drop = tokens.shape[1], block.dropout
        x = drop(head.embed(tokens) + head.place.weight[:length] + theme[:, None])
        causal = torch.ones(length, length, dtype=torch.bool).triu(1)
        y = block.norms[0](x)
        x = x + drop(self.words(y, y, y, attn_mask=causal, need_weights=False)[0])
        bias = block.looks[0].bias[:, None].expand(-1, length, -1).repeat(len(x), 1, 1)
        x = x + drop(self.video(block.norms[1](x), memory, memory, attn_mask=bias, need_weights=False)[0])
        x = x + drop(block.feed(block.norms[2](x)))
        return head.classify(head.dropout(head.norm_out(x)))

    def loss(self, batch: Batch) -> Tensor:
        """Summed over words, mean over captions."""
        assert batch.tokens is not None
        assert batch.token_mask is not None
        logits = self(batch.tokens[:, :-1], *self.remember(dict(batch.streams)))
        target = batch.tokens[:, 1:].masked_fill(~batch.token_mask[:, 1:], -100)
        return cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum") / len(batch)

    @torch.no_grad()
    def texts(self, streams: dict[str, Stream]) -> list[list[int]]:
        """Beam search, clip by clip, with the whole prefix at each word."""
        found = []
        for row in range(len(streams["image"].mask)):
            one = {
                name: Stream(s.values[row : row + 1], s.mask[row : row + 1]) for name, s in streams.items()
            }
            memory, theme = self.remember(one)
            live: list[tuple[float, list[int]]] = [(0.0, [Vocabulary.bos_id])]
            for position in range(WORDS):
                prefix = torch.tensor([words for _, words in live])
                logits = self(prefix, memory.expand(len(live), -1, -1), theme.expand(len(live), -1))[:, -1]
                log_probs = logits.log_softmax(-1)
                if position < WORDS - 1:
                    log_probs[:, Vocabulary.eos_id] = -torch.inf
                candidates = []
                for (total, words), scores in zip(live, log_probs, strict=True):
                    best = scores.topk(BEAMS)
                    for value, word in zip(best.values.tolist(), best.indices.tolist(), strict=True):
                        candidates.append((total + value, [*words, word]))
                live = sorted(candidates, key=lambda item: -item[0])[:BEAMS]
            found.append([word for word in live[0][1][1:] if word != Vocabulary.eos_id])
        return found


def setup(size: int) -> tuple[SpectrumHead, Batch]:
    """The head of 13.3 M parameters, random streams, and captions of 4 to 20 words, 9 on average."""
    torch.manual_seed(0)
    tokenizer = Vocabulary(forced=list(lexicon().words), max_size=VOCABULARY)
    tokenizer.fit([f"word{number}" for number in range(VOCABULARY - 4 - len(lexicon().words))])
    head = SpectrumHead(streams=WIDTHS, tokenizer=tokenizer)
    lengths = (4 + torch.poisson(torch.full((size,), 5.0))).clamp_max(WORDS).long()
    lengths[0] = WORDS
    place = torch.arange(WORDS + 2)
    tokens = torch.randint(4, VOCABULARY, (size, WORDS + 2))
    tokens[:, 0] = Vocabulary.bos_id
    tokens = torch.where(place == lengths[:, None] + 1, Vocabulary.eos_id, tokens)
    mask = place <= lengths[:, None] + 1
    rows = {name: 20 if name == "retrieved" else 28 for name in WIDTHS}
    streams = {
        name: Stream(torch.randn(size, rows[name], width), torch.ones(size, rows[name], dtype=torch.bool))
        for name, width in WIDTHS.items()
    }
    clips = tuple(Clip(f"clip{row}") for row in range(size))
    return head, Batch(clips, streams, tokens=tokens.masked_fill(~mask, Vocabulary.pad_id), token_mask=mask)


def ours(head: SpectrumHead, batch: Batch) -> Tensor:
    """The loss as the engine gets it."""
    total, weight = TokenLoss(reduce="clip")(head(batch.streams, batch, {"tokens"}), batch)
    return total / weight


def peak(which: str, size: int, threads: int, result: Any) -> None:
    """Peak memory of one training step in MiB, above what was there before it."""
    torch.set_num_threads(threads)
    head, batch = setup(size)
    plain = Plain(head)
    ours(*setup(1)).backward()  # what the first step of a process allocates for good
    before = high_water()
    (ours(head, batch) if which == "ours" else plain.loss(batch)).backward()
    result.put(high_water() - before)


def retrieval(captions: int, threads: int) -> dict[str, float]:
    """Seconds and peak MiB of the exact search of `CLIPS` clips among `captions` captions."""
    random = torch.Generator().manual_seed(0)
    rows, queries = torch.randn(captions, DIM, generator=random), torch.randn(CLIPS, DIM, generator=random)
    owner = torch.randint(CLIPS, (captions,), generator=random)
    database = Database(rows, owner, tuple(map(str, range(CLIPS))))
    before, start = high_water(), time.perf_counter()
    _, found = database.nearest(queries, torch.arange(CLIPS), TOP)
    seconds = time.perf_counter() - start
    assert not bool((owner[found] == torch.arange(CLIPS)[:, None]).any())
    return {"captions": captions, "clips": CLIPS, "seconds": seconds, "peak MiB": high_water() - before}


def main() -> int:
    """Print the ratios; exit 1 when one misses its aim or the results differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--captions", type=int, default=130_260)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    where = machine()
    print(f"{where}; batch {args.batch}, {VOCABULARY:,} words; {args.rounds} rounds")
    clock = (
        time.process_time if args.threads == 1 else time.perf_counter
    )  # a busy machine takes no processor time
    results: dict[str, Any] = {"batch": args.batch, "clips": args.clips}

    found = results["retrieval"] = retrieval(args.captions, args.threads)
    print(
        f"retrieval: {CLIPS:,} clips among {args.captions:,} captions of width {DIM}: "
        f"{found['seconds']:.1f} s, peak {found['peak MiB']:.0f} MiB above vectors"
    )

    head, batch = setup(args.batch)
    plain = Plain(head.eval()).eval()
    with torch.no_grad():
        same = torch.allclose(ours(head, batch), plain.loss(batch), rtol=1e-4)
    few = {name: Stream(s.values[: args.clips], s.mask[: args.clips]) for name, s in batch.streams.items()}
    view = whole_clips(few, Batch(batch.clips[: args.clips], few))
    settings = GenerateSettings(mode="beam", beam=BEAMS, stop="cap", max_length=WORDS, min_length=WORDS - 1)

    def decode() -> list[list[int]]:
        with torch.no_grad():
            return [row[0].tokens for row in generate(head, view, settings, bos=1, eos=2)]

    texts = decode() == plain.texts(few)
    second, other, ratio = race(decode, lambda: plain.texts(few), args.rounds, clock)
    ok = same and texts and ratio >= AIM_DECODING
    print(
        f"beam {BEAMS}, {args.clips} clips: {second:.2f} s, plain {other:.2f} s, ratio {ratio:.1f} "
        f"(aim {AIM_DECODING}), same texts {texts}"
    )
    results["decoding"] = {"seconds": second, "plain": other, "ratio": ratio, "same": texts}

    head.train()
    plain.train()
    second, other, ratio = race(
        lambda: ours(head, batch).backward(), lambda: plain.loss(batch).backward(), args.rounds, clock
    )
    memory = peaks(peak, args.batch, args.threads)
    ok &= ratio >= AIM_TRAINING and memory["ours"] < memory["plain"]
    print(
        f"training: {args.batch / second:.1f} clips/s, plain {args.batch / other:.1f}, ratio {ratio:.2f} (aim "
        f"{AIM_TRAINING}), same loss {same}; peak {memory['ours']:.0f} MiB, plain {memory['plain']:.0f} MiB"
    )
    results["training"] = {
        "seconds": second,
        "plain": other,
        "ratio": ratio,
        "same": same,
        "peak MiB": memory,
    }
    if args.json:
        write(args.json, results)
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
