"""Generation against Hugging Face's `generate` and against beam search in Python lists, in one run.

python benchmarks/generation.py [--clips 8] [--rounds 3] [--threads N] [--device cuda] [--json FILE]

All decode the same clips to the same length (EOS is banned until the last word), and their texts are compared
before anything is timed. With --threads 1 on a CPU, seconds are CPU seconds of this process, which a busy machine
changes least; else they are those of the wall clock. Rounds alternate between the contestants; the ratio is the
median of the rounds' ratios, theirs / ours.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from vidcap_core.api import Head, Stream, View
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.decoding.generate import generate
from vidcap_core.heads.causal_lm import CausalLMHead, nothing
from vidcap_core.heads.layers import by_clip
from vidcap_core.saved.provenance import machine
from vidcap_core.testing.contest import race
from vidcap_core.testing.measured import write

BEAMS, WORDS, PROMPT = 5, 20, 50
AIM_HF, AIM_LISTS = 0.95, 6.0


class GPT2(CausalLMHead):
    """GPT-2 small, randomly initialised, without a visual prefix."""

    def prefix(self, view: View) -> Stream:
        return nothing(len(view.clips), self.lm)


class LSTM(Head):
    """The usual recurrent captioner: additive attention over 30 frames, LSTM 512, 10,000 words."""

    def __init__(self, width: int = 512, vocabulary: int = 10_000) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.keys, self.query, self.score = (
            nn.Linear(width, width),
            nn.Linear(width, width),
            nn.Linear(width, 1),
        )
        self.cell = nn.LSTMCell(2 * width, width)
        self.classify = nn.Linear(width, vocabulary)

    def start(self, view: View) -> tuple[Any, Any]:
        frames = view.streams["image"].values
        zero = frames.new_zeros(len(frames), frames.shape[-1])
        return (frames, self.keys(frames)), (zero, zero)

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        frames, keys = memory
        hidden, cell = state
        query = by_clip(self.query(hidden), len(frames))  # [B, K, D]
        weights = self.score(torch.tanh(keys[:, None] + query[:, :, None])).squeeze(-1).softmax(-1)
        seen = (weights @ frames).flatten(0, 1)
        hidden, cell = self.cell(torch.cat([self.embed(tokens), seen], -1), (hidden, cell))
        return self.classify(hidden), (hidden, cell)


@torch.no_grad()
def lists(head: Head, view: View, bos: int, eos: int, together: bool) -> list[list[int]]:
    """Beam search as captioning repositories write it: clip by clip, hypotheses in a Python list.

    Each hypothesis has its own state and its own call of the decoder; `together` stacks those of a clip into
    one call, which some repositories do.
    """
    texts = []
    for row in range(len(view.clips)):
        streams = {k: Stream(s.values[row : row + 1], s.mask[row : row + 1]) for k, s in view.streams.items()}
        memory, state = head.start(View(streams, (0,), (None,)))
        live: list[tuple[float, list[int], Any]] = [(0.0, [bos], state)]
        finished: list[tuple[float, list[int]]] = []
        for position in range(WORDS):
            candidates = []
            for (total, words, _), (logits, after) in zip(
                live, decoded(head, memory, live, together), strict=True
            ):
                log_probs = logits.log_softmax(-1)[0]
                if position < WORDS - 1:
                    log_probs[eos] = -torch.inf
                values, ids = log_probs.topk(BEAMS)
                for value, word in zip(values.tolist(), ids.tolist(), strict=True):
                    candidates.append((total + value, [*words, word], after))
            candidates.sort(key=lambda item: -item[0])
            live = []
            for total, words, state in candidates[:BEAMS]:
                if words[-1] == eos or position == WORDS - 1:
                    finished.append((total, words))
                else:
                    live.append((total, words, state))
        best = max(finished, key=lambda item: item[0])[1][1:]
        texts.append([word for word in best if word != eos])
    return texts


def decoded(
    head: Head, memory: Any, live: list[tuple[float, list[int], Any]], together: bool
) -> list[tuple[Tensor, Any]]:
    """Logits [1, V] and next state of every hypothesis of a clip."""
    device = memory[0].device
    if not together:
        return [head.step(torch.tensor(words[-1:], device=device), memory, state) for _, words, state in live]
    tokens = torch.tensor([words[-1] for _, words, _ in live], device=device)
    states = tuple(torch.cat(parts) for parts in zip(*(state for _, _, state in live), strict=True))
    logits, after = head.step(tokens, memory, states)
    return [(logits[i : i + 1], tuple(part[i : i + 1] for part in after)) for i in range(len(live))]


def main() -> int:
    """Print the ratios; exit 1 when one misses its aim or the texts differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    cuda = args.device.startswith("cuda")
    synchronise = torch.cuda.synchronize if cuda else lambda: None
    print(f"{machine(args.device)}, transformers {transformers.__version__}")
    print(f"{args.clips} clips, {WORDS} words, {args.rounds} rounds")
    clock = time.process_time if args.threads == 1 and not cuda else time.perf_counter
    torch.manual_seed(0)
    results: dict[str, Any] = {"transformers": transformers.__version__, "clips": args.clips}
    ok = True

    head = GPT2({"model_type": "gpt2"}).to(args.device).eval()
    prompt = torch.randint(50_000, (args.clips, PROMPT), device=args.device)
    view = View(
        {}, tuple(range(args.clips)), (None,) * args.clips, prompt, torch.ones_like(prompt, dtype=torch.bool)
    )
    for beams in (1, BEAMS):
        settings = GenerateSettings(
            mode="beam", beam=beams, length="hf", max_length=WORDS, min_length=WORDS - 1
        )
        ours = lambda s=settings: generate(head, view, s, bos=50256, eos=50256)  # noqa: E731
        theirs = lambda k=beams: head.lm.generate(  # noqa: E731
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            num_beams=k,
            do_sample=False,
            max_new_tokens=WORDS,
            min_new_tokens=WORDS - 1,
            pad_token_id=50256,
            eos_token_id=50256,
        )
        same = [row[0].tokens for row in ours()] == [
            [word for word in row if word != 50256] for row in theirs()[:, PROMPT:].tolist()
        ]
        mine, other, ratio = race(ours, theirs, args.rounds, clock, synchronise)
        ok &= same and ratio >= AIM_HF
        name = "greedy" if beams == 1 else f"beam {beams}"
        print(
            f"GPT-2, {name}: {mine:.2f} s, Hugging Face {other:.2f} s, ratio {ratio:.2f} (aim {AIM_HF}), same {same}"
        )
        results[f"gpt2 {name}"] = {"seconds": mine, "hugging face": other, "ratio": ratio, "same": same}

    lstm = LSTM().to(args.device).eval()
    frames = torch.randn(args.clips, 30, 512, device=args.device)
    mask = torch.ones(args.clips, 30, dtype=torch.bool, device=args.device)
    view = View({"image": Stream(frames, mask)}, tuple(range(args.clips)), (None,) * args.clips)
    settings = GenerateSettings(mode="beam", beam=BEAMS, stop="cap", max_length=WORDS, min_length=WORDS - 1)
    mine_texts = [row[0].tokens for row in generate(lstm, view, settings, bos=1, eos=2)]
    for together, name in ((False, "a call a hypothesis"), (True, "a call a clip")):
        same = mine_texts == lists(lstm, view, 1, 2, together)
        mine, other, ratio = race(
            lambda: generate(lstm, view, settings, bos=1, eos=2),
            lambda together=together: lists(lstm, view, 1, 2, together),  # type: ignore[misc]
            args.rounds,
            clock,
            synchronise,
        )
        ok &= same and (together or ratio >= AIM_LISTS)
        aim = "no aim" if together else f"aim {AIM_LISTS}"
        print(
            f"LSTM, beam {BEAMS}: {mine:.2f} s, lists, {name} {other:.2f} s, ratio {ratio:.1f} ({aim}), same {same}"
        )
        results[f"lstm, {name}"] = {"seconds": mine, "lists": other, "ratio": ratio, "same": same}
    if args.json:
        write(args.json, results, args.device)
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
