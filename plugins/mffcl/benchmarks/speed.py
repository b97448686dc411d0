"""MFFCL at paper size against the same model written with Hugging Face's modules, loss and `generate`; kept features.

python plugins/mffcl/benchmarks/speed.py [--batch 8] [--clips 4] [--rounds 5] [--layers 12] [--threads N] [--json FILE]

Both share every weight and start from the clips' vectors: TimeSformer is Hugging Face's module in both and would only
hide the difference. Loss, gradients and texts must be the same before anything is timed. With --threads 1 seconds are
those of this process's CPU time, which a busy machine changes least. Rounds alternate; a ratio is the median of the
rounds' ratios, theirs / ours. Peak memory is that of a process of its own for each, above what it held before.
The last part trains the toy's caption phase for an epoch each time, from videos and from features kept in the run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import transformers
from torch import Tensor
from vidcap_mffcl.head import MFFCLHead

from vidcap_core.api import Batch, Clip, Stream, load_recipe, whole_clips
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.decoding.generate import generate
from vidcap_core.engine import feature_cache
from vidcap_core.engine.data import Order, training_loader
from vidcap_core.engine.training import Training
from vidcap_core.losses.token import TokenLoss
from vidcap_core.saved.provenance import machine
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing.contest import high_water, peaks, race
from vidcap_core.testing.measured import write

VOCABULARY, END, BEAMS, WORDS = 50_257, 50_256, 5, 20
AIM = 1.0  # of each ratio; peak memory must not be higher
Contest = tuple[str, bool, float, float, float, dict[str, float]]
"""Name, whether both gave the same, our and their seconds, the ratio, both peaks."""


class Words:
    """A tokenizer of GPT-2's size."""

    pad_id = bos_id = eos_id = END

    def __len__(self) -> int:
        return VOCABULARY

    def encode_raw(self, text: str) -> list[int]:
        return []  # there is no lead


class Plain:
    """The model as one writes it with Hugging Face, with the weights of a head."""

    def __init__(self, head: MFFCLHead) -> None:
        self.lm, mapper = head.lm, head.mapper
        self.feed, self.queries, self.layers = mapper.enter.feed, mapper.mix.queries, mapper.mix.layers

    def prompt(self, clips: Tensor) -> Tensor:
        sequence = self.feed(clips).view(len(clips), 10, 768)
        queries = self.queries.expand(len(clips), -1, -1)
        return self.layers(torch.cat([sequence, queries], 1))[:, -len(self.queries) :]  # type: ignore[no-any-return]

    def loss(self, batch: Batch) -> Tensor:
        tokens, mask = batch.tokens, batch.token_mask
        prompt = self.prompt(batch.streams["video"].values[:, 0])
        labels = tokens.masked_fill(~mask, -100)  # type: ignore[union-attr, operator]
        labels[:, 0] = -100  # the word that begins
        silent = labels.new_full(prompt.shape[:2], -100)
        return self.lm(  # type: ignore[no-any-return]
            inputs_embeds=torch.cat([prompt, self.lm.get_input_embeddings()(tokens)], 1),
            attention_mask=torch.cat([torch.ones_like(silent), mask.long()], 1),  # type: ignore[union-attr]
            labels=torch.cat([silent, labels], 1),
            use_cache=False,
        ).loss

    @torch.no_grad()
    def texts(self, clips: Tensor, beams: int) -> list[list[int]]:
        first = self.lm.get_input_embeddings()(torch.full((len(clips), 1), END))
        inputs = torch.cat([self.prompt(clips), first], 1)
        said = self.lm.generate(  # type: ignore[operator]
            inputs_embeds=inputs,
            attention_mask=torch.ones(inputs.shape[:2], dtype=torch.long),
            num_beams=beams,
            do_sample=False,
            max_new_tokens=WORDS,
            min_new_tokens=WORDS - 1,
            pad_token_id=END,
            eos_token_id=END,
        )
        return [[word for word in row if word != END] for row in said.tolist()]


def setup(batch: int, layers: int) -> tuple[MFFCLHead, Batch]:
    """The full head on random weights, and random captions of 6 to 20 words."""
    torch.manual_seed(0)
    head = MFFCLHead(streams={"video": 768}, tokenizer=Words(), lm={"model_type": "gpt2", "n_layer": layers})
    lengths = torch.randint(6, WORDS + 1, (batch,))
    place = torch.arange(WORDS + 2)
    tokens = torch.randint(0, END, (batch, WORDS + 2)).masked_fill(place == lengths[:, None] + 1, END)
    tokens[:, 0] = END
    stream = Stream(torch.randn(batch, 1, 768), torch.ones(batch, 1, dtype=torch.bool))
    clips = tuple(Clip(f"clip{row}") for row in range(batch))
    return head.eval(), Batch(
        clips, {"video": stream}, tokens=tokens, token_mask=place <= lengths[:, None] + 1
    )


def ours(head: MFFCLHead, batch: Batch) -> Tensor:
    """The loss as the engine gets it."""
    total, weight = TokenLoss()(head(batch.streams, batch, {"tokens"}), batch)
    return total / weight


def said(head: MFFCLHead, batch: Batch, beams: int) -> list[list[int]]:
    """Our texts."""
    settings = GenerateSettings("beam", beam=beams, length="hf", max_length=WORDS, min_length=WORDS - 1)
    return [
        row[0].tokens for row in generate(head, whole_clips(batch.streams, batch), settings, bos=END, eos=END)
    ]


def step(head: MFFCLHead, loss: Callable[[], Tensor]) -> dict[str, Tensor]:
    """Gradients of one step, which are also what it costs."""
    head.zero_grad()
    loss().backward()
    return {name: p.grad for name, p in head.named_parameters() if p.grad is not None}


def peak(which: str, what: str, size: int, layers: int, threads: int, result: Any) -> None:
    """Peak memory in MiB, above what was there before."""
    torch.set_num_threads(threads)
    head, batch = setup(size, layers)
    plain = Plain(head)
    for parameter in head.parameters():
        parameter.grad = torch.zeros_like(parameter) if what == "step" else None
    before = high_water()
    if what == "step":
        (ours(head, batch) if which == "ours" else plain.loss(batch)).backward()
    elif which == "ours":
        said(head, batch, BEAMS)
    else:
        plain.texts(batch.streams["video"].values[:, 0], BEAMS)
    result.put(high_water() - before)


def contests(args: argparse.Namespace, clock: Callable[[], float]) -> Iterator[Contest]:
    """Each contest, once it has been held."""
    head, batch = setup(args.batch, args.layers)
    plain = Plain(head)
    mine = {name: grad.clone() for name, grad in step(head, lambda: ours(head, batch)).items()}
    theirs = step(head, lambda: plain.loss(batch))
    same = mine.keys() == theirs.keys() and all(
        torch.allclose(mine[n], theirs[n], atol=1e-4, rtol=1e-3) for n in mine
    )
    head.train()
    first, second = (
        lambda: step(head, lambda: ours(head, batch)),
        lambda: step(head, lambda: plain.loss(batch)),
    )
    timed = race(first, second, args.rounds, clock)
    yield (
        f"training step, batch {args.batch}",
        same,
        *timed,
        peaks(peak, "step", args.batch, args.layers, args.threads),
    )
    head.eval()
    head.zero_grad()
    few = Batch(
        batch.clips[: args.clips],
        {
            "video": Stream(
                *(part[: args.clips] for part in (batch.streams["video"].values, batch.streams["video"].mask))
            )
        },
    )
    rows = few.streams["video"].values[:, 0]
    for beams in (1, BEAMS):
        same = said(head, few, beams) == plain.texts(rows, beams)
        first, second = lambda k=beams: said(head, few, k), lambda k=beams: plain.texts(rows, k)  # type: ignore[misc]
        timed = race(first, second, args.rounds, clock)
        memory = peaks(peak, "generation", args.clips, args.layers, args.threads) if beams > 1 else {}
        yield f"{f'beam {beams}' if beams > 1 else 'greedy'}, {args.clips} clips", same, *timed, memory


def kept(rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Seconds an epoch of the toy's caption phase from videos and from kept features, and of making those."""
    recipe = load_recipe("mffcl/toy")
    with tempfile.TemporaryDirectory() as folder:
        run = Training(recipe, RunFolder(Path(folder)))
        run.tracker = SimpleNamespace(say=lambda text: None)  # type: ignore[assignment]
        phase = recipe.phases[1]
        run.captioner.choose_training(phase.train, phase.freeze)
        run.captioner.train()
        start = clock()
        stored = feature_cache.dataset(run, phase)
        making = clock() - start

        def epoch(dataset: Any) -> None:
            order = Order(len(dataset), run.runtime.batch, (0, 1))
            for batch in training_loader(dataset, order, run.tokenizer, 0, recipe.decoding.max_words):
                total, weight = run.captioner(batch, ["tokens"])["tokens"]
                (total / weight).backward()

        live = run.dataset(phase)
        fast, slow, ratio = race(lambda: epoch(stored), lambda: epoch(live), rounds, clock)
    return {"clips": len(live), "kept": fast, "from videos": slow, "ratio": ratio, "making them": making}


def main() -> int:
    """Print the ratios; exit 1 when one misses its aim or the results differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--layers", type=int, default=12, help="of GPT-2; fewer for a quick look")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    clock = time.process_time if args.threads == 1 else time.perf_counter
    where = f"{machine()}, transformers {transformers.__version__}"
    print(f"{where}; GPT-2 with {args.layers} layers; {args.rounds} rounds")
    results: dict[str, Any] = {
        "layers": args.layers,
        "transformers": transformers.__version__,
        "rounds": args.rounds,
    }
    ok = True
    for name, same, mine, other, ratio, memory in contests(args, clock):
        ok &= same and ratio >= AIM and (not memory or memory["ours"] <= memory["plain"])
        used = f"; peak {memory['ours']:.0f} MiB, plain {memory['plain']:.0f} MiB" if memory else ""
        print(
            f"{name}: {mine:.2f} s, plain {other:.2f} s, ratio {ratio:.2f} (aim {AIM}), same {same}{used}",
            flush=True,
        )
        results[name] = {"seconds": mine, "plain": other, "ratio": ratio, "same": same, "peak MiB": memory}
        if args.json:  # what is known so far: the contests take minutes
            write(args.json, results)
    epoch = kept(args.rounds, clock)
    print(
        f"toy, an epoch of {epoch['clips']} clips: kept features {epoch['kept']:.2f} s, videos "
        f"{epoch['from videos']:.2f} s, ratio {epoch['ratio']:.1f}; making them {epoch['making them']:.2f} s"
    )
    results["an epoch of the toy's caption phase"] = epoch
    if args.json:
        write(args.json, results)
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
