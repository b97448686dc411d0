"""Makes the default model: trains `default_model/msvd_part` with several seeds and writes their ensemble as one bundle.

python plugins/default_model/benchmarks/members.py --runs RUNS --out plugins/default_model/bundles/msvd_part
    [--captions FILE]

Members stand side by side in one wider MeanPoolGRU: recurrent weights are block-diagonal, and the classifier averages
the members' logits: the wide head says exactly what the mean of their logits says. Weights are stored as float16.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import load_config
from vidcap_core.datasets.msvd import MSVDPart
from vidcap_core.engine import runs
from vidcap_core.engine.data import evaluation_batches
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.saved import bundle
from vidcap_core.saved.load import load_bundle, load_run
from vidcap_core.saved.run import RunFolder

CONFIG = "default_model/msvd_part"
SEEDS = 3


def member(folder: Path, seed: int, changes: Sequence[str] = ()) -> Captioner:
    """One trained member; what is trained already is not trained again."""
    run = RunFolder(folder)
    if not run.scores("val").is_file():
        config = load_config(CONFIG, [f"seed={seed}", "evaluate.metrics=['cider-d']", *changes])
        runs.train(config, work_dir=folder, resume=run.config.is_file(), quiet=True)
    return load_run(folder, extractors=False).eval()


@torch.no_grad()
def side_by_side(members: Sequence[Captioner]) -> Captioner:
    """One captioner whose logits are the mean of the members' logits."""
    first = members[0]
    if any(one.tokenizer.state() != first.tokenizer.state() for one in members):
        raise ValueError("the members have different words")
    heads: list[Any] = [one.head for one in members]
    width = sum(head.embed.embedding_dim for head in heads)
    wide = MeanPoolGRU(streams=heads[0].streams, tokenizer=first.tokenizer, width=width)
    wide.project.weight.copy_(torch.cat([head.project.weight for head in heads]))
    wide.project.bias.copy_(torch.cat([head.project.bias for head in heads]))
    wide.embed.weight.copy_(torch.cat([head.embed.weight for head in heads], 1))
    wide.classify.weight.copy_(torch.cat([head.classify.weight for head in heads], 1) / len(heads))
    wide.classify.bias.copy_(torch.stack([head.classify.bias for head in heads]).mean(0))
    for name, value in wide.gru.named_parameters():
        gates = zip(*(getattr(head.gru, name).chunk(3) for head in heads), strict=True)
        join = torch.block_diag if name.startswith("weight") else lambda *parts: torch.cat(parts)
        value.copy_(torch.cat([join(*parts) for parts in gates]))
    return Captioner(wide, first.tokenizer, generate=first.settings).eval()


def main() -> None:
    """Train what is missing, and write the bundle."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, help="folder of the members' runs")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder (new)")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--captions", type=Path, help="where to write what the bundle says of the test split")
    parser.add_argument("--references", type=Path, help="where to write what people said of it")
    args = parser.parse_args()
    made = side_by_side([member(args.runs / f"test-seed{seed}", seed) for seed in range(args.seeds)])
    made.head.half()
    config = load_config(CONFIG, [f"head.width={made.head.embed.embedding_dim}"])
    bundle.save(
        args.out,
        made,
        config,
        {"made by": "plugins/default_model/benchmarks/members.py", "seeds": list(range(args.seeds))},
    )
    print(f"bundle: {args.out}")
    test = MSVDPart("test", streams=["image"])
    if args.captions:
        shipped = load_bundle(bundle.open_bundle(args.out))
        batches = evaluation_batches(test, shipped.tokenizer, 64)
        said = {p.clip.id: p.text for batch in batches for p in shipped.predict(batch)}
        args.captions.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    if args.references:
        args.references.write_text(json.dumps(test.references()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
