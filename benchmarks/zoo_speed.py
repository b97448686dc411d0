"""The zoo's newer methods against the same networks written the usual way: a training step, and texts of a batch.

python benchmarks/zoo_speed.py [--only care ...] [--rounds 21] [--json benchmarks/results/zoo_speed.json]

The other form has the same weights and plain modules: nn.TransformerDecoder for CARE, NACF and CLIP4Caption, nn.LSTM
for S2VT, a loop over words for SA-LSTM and SGN, all positions of video and text through each layer for SwinBERT; beams
are searched clip by clip, with the whole prefix at each word. Losses and texts must be the same before anything is
timed. Processor seconds of one thread, in alternation; the ratio is the median over rounds, of texts over a fifth of
them.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from contests import WORDS, Contest
from plain_recurrent import s2vt, sa_lstm, sgn
from plain_transformers import care, clip4caption, nacf, swinbert
from torch import Tensor
from torch.nn.functional import cross_entropy
from vidcap_swinbert.head import SwinBERTHead

from vidcap_core.api import GenerateSettings, View
from vidcap_core.decoding.generate import generate
from vidcap_core.losses.token import TokenLoss
from vidcap_core.testing.contest import race
from vidcap_core.testing.measured import write
from vidcap_core.tokenizers.vocabulary import Vocabulary

BEAMS, SIZE, AIM = 5, 8, 1.0
CONTESTS = {
    "care": care,
    "nacf": nacf,
    "swinbert": swinbert,
    "s2vt": s2vt,
    "sa_lstm": sa_lstm,
    "sgn": sgn,
    "clip4caption": clip4caption,
}


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
    gap = abs(our_loss(contest).item() - contest.loss(contest.batch).item())
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
        lambda: our_texts(contest), lambda: plain_texts(contest), max(3, rounds // 5), time.process_time
    )
    keys = ("ours_s", "plain_s", "ratio")
    return {"training": dict(zip(keys, steps, strict=True)), "texts": dict(zip(keys, texts, strict=True))}


def main() -> None:
    """Print the ratios; write them as data."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(CONTESTS), default=list(CONTESTS))
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    results: dict[str, Any] = {
        "clips": SIZE,
        "beams": BEAMS,
        "words": WORDS,
        "rounds": args.rounds,
        "clock": "processor seconds",
    }
    for name in args.only:
        results[name] = measure(name, args.rounds)
        said = ", ".join(f"{job} {one['ratio']:.2f}x" for job, one in results[name].items())
        print(f"{name}: {said} (aim {AIM}x)", flush=True)
    if args.json:
        write(args.json, results)


if __name__ == "__main__":
    main()
