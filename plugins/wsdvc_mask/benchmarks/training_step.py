"""A training step of wsdvc_mask against the layout of the public code: one padded batch a pass, logits everywhere.

python plugins/wsdvc_mask/benchmarks/training_step.py [--lm small|distilgpt2] [--batch 8] [--rounds 3] [--threads N]
    [--groups 4] [--data FOLDER] [--json FILE]

Both take two passes a batch, of all positive and of all negative rows, with the same weights, masks, sentences (of
ActivityNet's training split, so in its lengths; features are random) and GPT-2's own pieces of words, and must give
the same loss and gradients first. Peak memory is that of a process of its own for each, above what it held before.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from vidcap_wsdvc_mask.head import MaskHead
from vidcap_wsdvc_mask.masks import Spans
from vidcap_wsdvc_mask.sentences import prepared

from vidcap_core.api import Batch, Clip, Stream
from vidcap_core.datasets.files import read_json
from vidcap_core.datasets.folders import find_file
from vidcap_core.losses.token import TokenLoss
from vidcap_core.saved.provenance import machine
from vidcap_core.testing.contest import high_water, peaks, race
from vidcap_core.testing.measured import write
from vidcap_core.tokenizers.hf import HFTokenizer

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
AIM_SPEED, AIM_MEMORY = 1.3, 0.7
FRAMES = 32
SIZES = {
    "small": {"n_embd": 192, "n_layer": 3, "n_head": 4},
    "distilgpt2": {"n_embd": 768, "n_layer": 6, "n_head": 12},
}
NO_DROPOUT = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
IGNORED = -100


def setup(args: argparse.Namespace) -> tuple[MaskHead, Batch]:
    """The head of `parity` with random weights, and a batch of clips."""
    torch.manual_seed(0)
    words = HFTokenizer(str(args.data / "tokenizers" / "gpt2"), specials=["<PAD>", "<FULL>", "<MASK>"])
    size = SIZES[args.lm]
    head = MaskHead(
        streams={"image": size["n_embd"]},
        tokenizer=words,
        lm={"model_type": "gpt2", **size, **NO_DROPOUT},
        frames=FRAMES,
        heads=size["n_head"],
        dropout=0.0,
        count_weights="final",
        length_groups=args.groups,
        layers=size["n_layer"],
    )
    told = read_json(find_file(args.data / "activitynet", ("train.json",), "annotations of ActivityNet"))
    chosen = np.random.default_rng(0).choice(sorted(told), args.batch, replace=False)
    values = torch.randn(args.batch, FRAMES, size["n_embd"])
    stream = Stream(values, torch.ones(args.batch, FRAMES, dtype=torch.bool))
    clips = tuple(Clip(str(name), duration=1.0) for name in chosen)
    return head, Batch(
        clips, {"image": stream}, targets={"sentences": [tuple(told[c]["sentences"]) for c in chosen]}
    )


def ours(head: MaskHead, batch: Batch) -> float:
    """Both passes as the engine runs them, with their gradients."""
    total = 0.0
    for name in ("positive", "negative"):
        loss, weight = TokenLoss(output=name)(head(batch.streams, batch, {name}), batch)
        (loss / weight).backward()
        total += float((loss / weight).detach())
    return total


def plain(head: MaskHead, batch: Batch) -> float:
    """Both passes with one padded batch of rows each and logits at all positions, labels that do not count too."""
    total = 0.0
    for name in ("positive", "negative"):
        said = [prepared(tuple(one), 12, "capitalize", "None.") for one in batch.targets["sentences"]]
        frames = batch.streams["image"].values
        spans: Spans = head.localiser(frames, [len(one) for one in said])
        masks, owner = head._masks(spans)[spans.real], spans.real.nonzero()[:, 0]
        places = [(clip, k) for clip, one in enumerate(said) for k in range(len(one))]
        rows = [
            head.prompts.event(said[clip][k]) if name == "positive" else head.prompts.others(said[clip], k)
            for clip, k in places
        ]
        prefix = head.encoder(frames[owner], masks if name == "positive" else 1 - masks)
        lines = head.prompts.lines(rows)
        whole = torch.cat([prefix, head.embed(lines.ids)], 1)
        seen = torch.cat([torch.ones_like(prefix[..., 0], dtype=torch.bool), lines.real], 1)
        labels = torch.cat(
            [torch.full(prefix.shape[:2], IGNORED), lines.ids.masked_fill(~lines.taught, IGNORED)], 1
        )
        logits: Tensor = head.lm(inputs_embeds=whole, attention_mask=seen, use_cache=False).logits
        loss = cross_entropy(
            logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=IGNORED
        )
        loss.backward()
        total += float(loss.detach())
    return total


STEPS = {"ours": ours, "plain": plain}


def peak(which: str, args: argparse.Namespace, result: Any) -> None:
    """Peak memory of one training step in MiB, above what was there before it."""
    torch.set_num_threads(args.threads)
    head, batch = setup(args)
    for parameter in head.parameters():
        parameter.grad = torch.zeros_like(parameter)
    before = high_water()
    STEPS[which](head, batch)
    result.put(high_water() - before)


def main() -> int:
    """Print the ratios; exit 1 when both miss their aims or the results differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lm", choices=sorted(SIZES), default="distilgpt2")
    parser.add_argument("--batch", type=int, default=8, help="clips")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--groups", type=int, default=4, help="of rows of alike lengths")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--data", type=Path, default=DATA, help="holds activitynet/ and tokenizers/gpt2/")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    where = machine()
    clock = (
        time.process_time if args.threads == 1 else time.perf_counter
    )  # a busy machine takes no processor time
    head, batch = setup(args)
    rows = sum(len(one) for one in batch.targets["sentences"])
    print(f"{where}; {args.lm}, {args.batch} clips, {rows} rows a pass, {args.rounds} rounds")

    def step(which: str) -> tuple[float, dict[str, Tensor]]:
        head.zero_grad()
        loss = STEPS[which](head, batch)
        return loss, {name: p.grad.clone() for name, p in head.named_parameters() if p.grad is not None}

    (mine, grads), (theirs, others) = step("ours"), step("plain")
    same = grads.keys() == others.keys() and all(
        torch.allclose(grads[name], others[name], atol=1e-5, rtol=1e-3) for name in grads
    )
    del grads, others
    second, other, ratio = race(lambda: step("ours"), lambda: step("plain"), args.rounds, clock)
    memory = peaks(peak, args)
    share = memory["ours"] / memory["plain"]
    ok = same and (ratio >= AIM_SPEED or share <= AIM_MEMORY)
    print(
        f"loss {mine:.5f} and {theirs:.5f}, same gradients {same}\nstep: {second:.2f} s, plain {other:.2f} s, ratio "
        f"{ratio:.2f} (aim {AIM_SPEED})\npeak: {memory['ours']:.0f} MiB, plain {memory['plain']:.0f} MiB, share "
        f"{share:.2f} (aim {AIM_MEMORY}); one of the two aims is met: {ok}"
    )
    if args.json:
        found = {
            "lm": args.lm,
            "clips": args.batch,
            "rows": rows,
            "groups": args.groups,
            "rounds": args.rounds,
            "same": same,
            "seconds": second,
            "plain_seconds": other,
            "ratio": ratio,
            "peak_mib": memory["ours"],
            "plain_peak_mib": memory["plain"],
            "share": share,
        }
        write(args.json, found)
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
