"""SRVC-LA at paper size against the same model written the usual way: LSTMCell a step, beams in Python lists.

python plugins/srvc_la/benchmarks/speed.py [--batch 64] [--clips 1 4 16] [--rounds 3] [--threads N] [--json FILE]

Both have the same weights, compute their attention keys once a clip, and must give the same loss, gradients and texts
before anything is timed. The usual way decodes clip after clip; how many stand side by side here is --clips, and the
aim is that of the last number: an evaluation decodes whole batches. Peak memory is that of a process of its own for
each, above what it held before the step.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from vidcap_srvc_la.head import SRVCLAHead
from vidcap_srvc_la.losses import BranchLoss

from vidcap_core.api import Batch, Clip, Stream, whole_clips
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.decoding.generate import generate
from vidcap_core.saved.provenance import machine
from vidcap_core.testing.contest import high_water, peaks, race
from vidcap_core.testing.measured import write

FRAMES, WORDS, VOCABULARY, BEAMS = 30, 20, 10_536, 5
AIM_TRAINING, AIM_DECODING = 1.0, 6.0  # decoding: with the last number of clips side by side


class Words:
    """A tokenizer of MSR-VTT's size."""

    pad_id, bos_id, eos_id = 0, 1, 2

    def __len__(self) -> int:
        return VOCABULARY


class Plain:
    """The loop as captioning repositories write it, with the weights of a head."""

    def __init__(self, head: SRVCLAHead) -> None:
        self.head = head
        self.parts = [head.branches["visual"], head.branches["language"]]

    def encode(self, frames: Tensor, mask: Tensor) -> tuple[Any, list[Tensor]]:
        context = self.head.context(frames, mask)
        return context, [part.look.keys(context.values) for part in self.parts]

    def step(
        self, words: Tensor, context: Any, keys: list[Tensor], states: list[Any]
    ) -> tuple[list[Tensor], list[Any]]:
        embedded, logits, after = self.head.embed(words), [], []
        for place, part in enumerate(self.parts):
            hidden, cell = states[place]
            scores = part.look.score(torch.tanh(keys[place] + part.look.query(hidden).unsqueeze(1))).squeeze(
                -1
            )
            weights = scores.masked_fill(~context.mask, -torch.inf).softmax(-1)
            seen = (weights.unsqueeze(-1) * context.values).sum(1)
            inputs = [embedded, context.video, seen] if place == 0 else [embedded, seen]
            hidden, cell = part.cell(torch.cat(inputs, -1), (hidden, cell))
            logits.append(part.classify(self.head.dropout(hidden)))
            after.append((hidden, cell))
        return logits, after

    def loss(self, batch: Batch) -> Tensor:
        stream, tokens, mask = batch.streams["clip"], batch.tokens, batch.token_mask
        assert tokens is not None
        assert mask is not None
        context, keys = self.encode(stream.values, stream.mask)
        states = [(part.first(context.video)) for part in self.parts]
        steps: list[list[Tensor]] = [[], []]
        for position in range(tokens.shape[1] - 1):
            logits, states = self.step(tokens[:, position], context, keys, states)
            for kept, one in zip(steps, logits, strict=True):
                kept.append(one)
        target = tokens[:, 1:].masked_fill(~mask[:, 1:], -100).flatten()
        return sum(cross_entropy(torch.stack(kept, 1).flatten(0, 1), target) for kept in steps) / 2  # type: ignore[return-value]

    @torch.no_grad()
    def texts(self, stream: Stream) -> list[list[int]]:
        """Beam search clip by clip, hypotheses in a list, each with its own state and its own call of the decoder."""
        found = []
        for row in range(len(stream.mask)):
            context, keys = self.encode(stream.values[row : row + 1], stream.mask[row : row + 1])
            live = [(0.0, [1], [part.first(context.video) for part in self.parts])]
            for position in range(WORDS):
                candidates = []
                for total, words, states in live:
                    logits, after = self.step(torch.tensor(words[-1:]), context, keys, states)
                    visual, language = (one.softmax(-1) for one in logits)
                    log_probs = (0.5 * visual + 0.5 * language).log()[0]
                    if position < WORDS - 1:
                        log_probs[2] = -torch.inf
                    for value, word in zip(*(part.tolist() for part in log_probs.topk(BEAMS)), strict=True):
                        candidates.append((total + value, [*words, word], after))
                live = sorted(candidates, key=lambda item: -item[0])[:BEAMS]
            found.append([word for word in live[0][1][1:] if word != 2])
        return found


def setup(batch: int) -> tuple[SRVCLAHead, Batch]:
    """The full model and random captions, as long as MSR-VTT's are: 4 to 20 words, 9 on average."""
    torch.manual_seed(0)
    head = SRVCLAHead(streams={"clip": 512}, tokenizer=Words())
    with torch.no_grad():  # random weights are nearly indifferent: rounding would choose the words
        for branch in head.branches.values():
            branch.classify.weight.mul_(10)
    lengths = (4 + torch.poisson(torch.full((batch,), 5.0))).clamp_max(WORDS).long()
    lengths[0] = WORDS
    tokens = torch.randint(4, VOCABULARY, (batch, WORDS + 2))
    place = torch.arange(WORDS + 2)
    tokens[:, 0] = 1
    tokens = torch.where(place == lengths[:, None] + 1, 2, tokens)
    mask = place <= lengths[:, None] + 1
    stream = Stream(torch.randn(batch, FRAMES, 512), torch.ones(batch, FRAMES, dtype=torch.bool))
    clips = tuple(Clip(f"clip{row}") for row in range(batch))
    return head, Batch(clips, {"clip": stream}, tokens=torch.where(mask, tokens, 0), token_mask=mask)


def ours(head: SRVCLAHead, batch: Batch) -> Tensor:
    """The loss as the engine gets it."""
    loss = BranchLoss()
    total, weight = loss(head(batch.streams, batch, loss.reads), batch)
    return total / weight


def peak(which: str, size: int, threads: int, result: Any) -> None:
    """Peak memory of one training step in MiB, above what was there before it."""
    torch.set_num_threads(threads)
    head, batch = setup(size)
    head.eval()
    for parameter in head.parameters():
        parameter.grad = torch.zeros_like(parameter)
    before = high_water()
    (ours(head, batch) if which == "ours" else Plain(head).loss(batch)).backward()
    result.put(high_water() - before)


def decoding(
    head: SRVCLAHead, plain: Plain, clips: int, rounds: int, clock: Callable[[], float]
) -> dict[str, Any]:
    """Beam search of both over some clips."""
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(clips, FRAMES, 512, generator=generator)
    streams = {"clip": Stream(values, torch.ones(clips, FRAMES, dtype=torch.bool))}
    view = whole_clips(streams, Batch(tuple(Clip(f"clip{row}") for row in range(clips)), streams))
    settings = GenerateSettings(mode="beam", beam=BEAMS, stop="cap", max_length=WORDS, min_length=WORDS - 1)

    def said() -> list[list[int]]:
        return [row[0].tokens for row in generate(head, view, settings, bos=1, eos=2)]

    same = said() == plain.texts(streams["clip"])
    second, other, ratio = race(said, lambda: plain.texts(streams["clip"]), rounds, clock)
    return {"seconds": second, "plain": other, "ratio": ratio, "same": same}


def main() -> int:
    """Print the ratios; exit 1 when one misses its aim or the results differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--clips", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    where = machine()
    print(f"{where}; batch {args.batch}, {FRAMES} frames, {VOCABULARY:,} words; {args.rounds} rounds")
    clock = (
        time.process_time if args.threads == 1 else time.perf_counter
    )  # a busy machine takes no processor time
    head, batch = setup(args.batch)
    plain = Plain(head.eval())

    def train(loss: Any) -> dict[str, Tensor]:
        head.zero_grad()
        loss().backward()
        return {name: p.grad.clone() for name, p in head.named_parameters() if p.grad is not None}

    mine, theirs = train(lambda: ours(head, batch)), train(lambda: plain.loss(batch))
    same = mine.keys() == theirs.keys() and all(
        torch.allclose(mine[n], theirs[n], atol=1e-5, rtol=1e-3) for n in mine
    )
    head.train()
    second, other, ratio = race(
        lambda: train(lambda: ours(head, batch)), lambda: train(lambda: plain.loss(batch)), args.rounds, clock
    )
    memory = peaks(peak, args.batch, args.threads)
    ok = same and ratio >= AIM_TRAINING and memory["ours"] < memory["plain"]
    print(
        f"training step: {second:.2f} s, plain {other:.2f} s, ratio {ratio:.2f} (aim {AIM_TRAINING}), same gradients "
        f"{same}; peak {memory['ours']:.0f} MiB, plain {memory['plain']:.0f} MiB"
    )
    results: dict[str, Any] = {"batch": args.batch}
    results["training"] = {
        "seconds": second,
        "plain": other,
        "ratio": ratio,
        "same": same,
        "peak MiB": memory,
    }

    head.eval()
    results["decoding"] = {}
    for clips in args.clips:
        found = decoding(head, plain, clips, args.rounds, clock)
        print(
            f"beam {BEAMS}, {clips} clips: {found['seconds']:.2f} s, plain {found['plain']:.2f} s, ratio "
            f"{found['ratio']:.1f} (aim {AIM_DECODING} with {args.clips[-1]}), same texts {found['same']}"
        )
        results["decoding"][clips] = found
        ok &= found["same"]
    ok &= found["ratio"] >= AIM_DECODING
    if args.json:
        write(args.json, results)
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
