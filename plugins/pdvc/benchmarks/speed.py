"""A training step and the captions of a batch, against their plain form: the same weights, losses, gradients and texts.

python plugins/pdvc/benchmarks/speed.py [--captioner looking|light] [--batch 4] [--rounds 5] [--threads 1] [--json FILE]

The plain form samples each level by `grid_sample`, and captions one layer and one clip after the other, as the public
code does. Times are of the processor with one thread, of the clock otherwise; both sides alternate.
"""

from __future__ import annotations

import argparse
import copy
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import grid_sample
from vidcap_pdvc.captioners import Found, LookingCaptioner
from vidcap_pdvc.deformable import DeformableAttention, Places, Pyramid
from vidcap_pdvc.head import PDVCHead
from vidcap_pdvc.losses import EventCountLoss, EventScoreLoss, EventSpanLoss, EventTokenLoss

from vidcap_core.api import Batch, Clip, Event, Named, Stream
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.saved.provenance import machine
from vidcap_core.testing.contest import race
from vidcap_core.testing.measured import write
from vidcap_core.tokenizers.vocabulary import Vocabulary

AIM = 1.0
WORDS, ROWS, EVENTS, LONG = 800, 100, 4, 12
SCALES = {"scores": 2.0, "spans": 4.0, "count": 0.5, "tokens": 2.0}


def sampled(values: Tensor, places: Tensor, lengths: tuple[int, ...], outside: str) -> Tensor:
    """Values [N, S, D] at places [N, Q, levels, points]: [N, D, Q, levels, points], level by level."""
    levels, first = [], 0
    for level, length in enumerate(lengths):
        rows = values[:, first : first + length].transpose(1, 2)[:, :, None]
        across = 2 * places[:, :, level] - 1
        grid = torch.stack([across, torch.zeros_like(across)], -1)
        levels.append(grid_sample(rows, grid, padding_mode=outside, align_corners=False))
        first += length
    return torch.stack(levels, -2)


class PlainAttention(DeformableAttention):
    """The same by `grid_sample`."""

    def forward(self, queries: Tensor, places: Places, pyramid: Pyramid) -> Tensor:
        value = self.value(pyramid.values).masked_fill(~pyramid.real[..., None], 0)
        value = value.unflatten(-1, (self.heads, -1)).transpose(1, 2).flatten(0, 1)
        at = self.offsets.places(queries, places).transpose(1, 2).flatten(0, 1)
        found = sampled(value, at, pyramid.lengths, "zeros").flatten(3)
        weights = self.weights(queries).unflatten(-1, (self.heads, -1)).softmax(-1)
        mixed = (found * weights.transpose(1, 2).flatten(0, 1)[:, None]).sum(-1)
        mixed = mixed.unflatten(0, (-1, self.heads)).permute(0, 3, 1, 2).flatten(2)
        return self.out(mixed)


class PlainCaptioner(LookingCaptioner):
    """The same by `grid_sample`, with keys made of what was sampled, for each word anew."""

    def _seen(self, found: Found, hidden: Tensor) -> Tensor:
        looked = found.looked
        assert looked is not None
        asks = torch.cat([hidden, found.query], -1)[:, None]
        at = self.offsets.places(asks, Places(found.centre, found.reach))[:, 0]
        rows = sampled(looked.values[found.clip], at, looked.lengths, "border").flatten(2).transpose(1, 2)
        weights = self.weigh((self.key(rows) + self.asks(hidden)[:, None]).tanh()).softmax(1)
        return (weights * rows).sum(1)


class PlainHead(PDVCHead):
    """Texts of one layer and one clip at a time, with logits of each word in its turn."""

    def _texts(self, layers: Any, memory: Pyramid, goal: Any) -> Named:
        whole, looked = [], self.captioner.look(memory)
        for number, layer in enumerate(layers):
            places, texts = Places.of(layer.before, memory, self.points), []
            for clip in range(len(layer.scores)):
                own = (goal.clip == clip).nonzero()[:, 0]
                query = goal.query[number][own]
                found = Found(
                    layer.found.flatten(0, 1)[query],
                    places.centre.flatten(0, 1)[query][:, None],
                    places.reach.flatten(0, 1)[query][:, None],
                    goal.clip[own],
                    looked,
                )
                state, words = self.captioner.begin(found.query), []
                for ids in goal.words[own].T[:-1]:
                    hidden, state = self.captioner.step(ids, found, state)
                    words.append(self.captioner.logits(hidden))
                texts.append(torch.stack(words, 1))
            whole.append(torch.cat(texts))
        words, real = (part.expand(len(layers), *part.shape) for part in (goal.words, goal.real))
        return Named(torch.stack(whole), words[..., 1:], real[..., 1:] & goal.mask[..., None])


def plain(captioner: Captioner) -> Captioner:
    """A copy in its plain form."""
    made = copy.deepcopy(captioner)
    made.head.__class__ = PlainHead
    for part in made.head.modules():
        if type(part) is DeformableAttention:
            part.__class__ = PlainAttention
        elif type(part) is LookingCaptioner:
            part.__class__ = PlainCaptioner
    return made


def setup(args: argparse.Namespace) -> tuple[Captioner, Batch]:
    """PDVC of the paper's depth at half its width, and clips with events."""
    torch.manual_seed(0)
    words = Vocabulary()
    words.fit([f"word{number}" for number in range(WORDS)])
    head = PDVCHead(
        streams={"image": 500},
        tokenizer=words,
        frames=ROWS,
        width=256,
        feed=256,
        word_width=256,
        hidden=256,
        attend=256,
        captioner=args.captioner,
        dropout=0.0,
        word_dropout=0.0,
    )
    with torch.no_grad():  # at first places lie on rows, where the slope of a straight line is either side's
        for parameter in head.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    losses: dict[str, Any] = {
        "scores": EventScoreLoss(),
        "spans": EventSpanLoss(),
        "count": EventCountLoss(),
        "tokens": EventTokenLoss(),
    }
    stream = Stream(torch.randn(args.batch, ROWS, 500), torch.ones(args.batch, ROWS, dtype=torch.bool))
    text = " ".join(f"word{number}" for number in range(LONG))
    events = tuple(Event(20.0 * k, 20.0 * k + 15, text) for k in range(EVENTS))
    clips = tuple(Clip(f"clip{number}", duration=100.0) for number in range(args.batch))
    settings = GenerateSettings(max_length=LONG)
    return Captioner(head, words, losses=losses, generate=settings), Batch(
        clips, {"image": stream}, events=(events,) * args.batch
    )


def step(captioner: Captioner, batch: Batch) -> float:
    """All losses, and their gradients."""
    captioner.zero_grad()
    parts = captioner(batch, list(SCALES)).items()
    loss = torch.stack([SCALES[name] * total / weight for name, (total, weight) in parts]).sum()
    loss.backward()
    return float(loss.detach())


def captions(captioner: Captioner, batch: Batch, alone: bool) -> list[Any]:
    """Events of all clips, side by side or one clip after the other."""
    untold = replace(batch, events=None)
    if not alone:
        return [one.events for one in captioner.predict(untold)]
    rows = [
        replace(untold, clips=(clip,), streams={"image": batch.streams["image"].rows([row])})
        for row, clip in enumerate(batch.clips)
    ]
    return [captioner.predict(one)[0].events for one in rows]


def main() -> int:
    """Print the ratios; exit 1 when one misses its aim or the results differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captioner", choices=["looking", "light"], default="looking")
    parser.add_argument("--batch", type=int, default=4, help="clips")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    clock = time.process_time if args.threads == 1 else time.perf_counter
    ours, batch = setup(args)
    theirs = plain(ours)
    gap = abs(step(ours, batch) - step(theirs, batch))
    far = [
        name
        for (name, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True)
        if a.grad is None or b.grad is None or not torch.allclose(a.grad, b.grad, atol=1e-4, rtol=1e-3)
    ]
    texts = captions(ours.eval(), batch, False), captions(theirs.eval(), batch, True)
    alike = [[e.text for e in row] for row in texts[0]] == [[e.text for e in row] for row in texts[1]]
    same = gap < 1e-4 and not far and alike
    if not same:
        print(
            f"losses differ by {gap:.2g}, texts alike: {alike}, other gradients: {', '.join(far) or 'none'}"
        )
    trained = race(lambda: step(ours, batch), lambda: step(theirs, batch), args.rounds, clock)
    written = race(
        lambda: captions(ours, batch, False), lambda: captions(theirs, batch, True), args.rounds, clock
    )
    print(f"{machine()}; {args.captioner}, {args.batch} clips, {args.rounds} rounds; same results: {same}")
    for name, (mine, other, ratio) in (("step", trained), ("captions", written)):
        print(f"{name}: {mine:.3f} s, plain {other:.3f} s, ratio {ratio:.2f} (aim {AIM})")
    if args.json:
        found = {
            name: dict(zip(("seconds", "plain_seconds", "ratio"), values, strict=True))
            for name, values in (("step", trained), ("captions", written))
        }
        write(
            args.json,
            {"captioner": args.captioner, "clips": args.batch, "rounds": args.rounds, "same": same, **found},
        )
    return 0 if same and min(trained[2], written[2]) >= AIM else 1


if __name__ == "__main__":
    raise SystemExit(main())
