"""Whether a captioner of mffcl looks at the clip: word loss behind the clip's own prompt, and behind another clip's.

python benchmarks/mffcl_looks.py RUN ... [--json FILE]

RUN is a finished run folder; its last weights are asked, on the clips that it scored. A clip's first five references
are read behind its own prompt and behind that of the next clip; a captioner that does not look loses nothing by the
exchange. Nats a token, means over clips; in brackets the 95 % bootstrap interval of the difference. Beside it: how many
different captions the run said of its clips, and its scores.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidcap_core import config
from vidcap_core.engine import checkpoint
from vidcap_core.engine.data import Collate
from vidcap_core.engine.folder import RunFolder
from vidcap_core.engine.training import Training

CAPTIONS = 5
SCORES = ("BLEU-4", "METEOR", "ROUGE-L", "CIDEr-D")


@torch.no_grad()
def losses(run: Training, dataset: Any) -> np.ndarray:
    """[clips, 2]: nats a token behind the clip's own prompt, and behind the next clip's."""
    run.captioner.eval()
    collate, references = Collate(run.tokenizer), dataset.references()
    samples = [dataset.get(index, np.random.default_rng([0, index])) for index in range(len(dataset))]
    found = []
    for place, sample in enumerate(samples):
        texts = references[sample.clip.id][:CAPTIONS]
        pair = []
        for shown in (sample, samples[(place + 1) % len(samples)]):
            batch = collate([replace(shown, text=text) for text in texts])
            total, weight = run.captioner(batch, ["tokens"])["tokens"]
            pair.append(float(total / weight))
        found.append(pair)
    return np.array(found)


def looks(folder: Path) -> dict[str, Any]:
    """What one run does."""
    run = Training(config.from_json((folder / "config.json").read_text(), folder.name), RunFolder(folder))
    content, _ = checkpoint.latest(folder / "checkpoints")
    assert content is not None, f"{folder} has no checkpoint"
    run.captioner.load_state_dict(content["weights"])
    split = run.evaluate.split
    dataset = run.evaluation_dataset(split)
    own, other = losses(run, dataset).T
    draws = np.random.default_rng(0).integers(0, len(own), (1000, len(own)))
    low, high = np.quantile((other - own)[draws].mean(1), (0.025, 0.975))
    said = [clip["text"] for clip in json.loads((folder / f"predictions-{split}.json").read_text())]
    values = json.loads((folder / f"scores-{split}.json").read_text())["values"]
    return {
        "clips": dataset.coverage(), "own": own.mean(), "other": other.mean(),
        "difference": (other - own).mean(), "low": low, "high": high, "different captions": len(set(said)),
        **{name: values[name] for name in SCORES},
    }  # fmt: skip


def main() -> None:
    """A line a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    found = {}
    for folder in args.runs:
        one = found[folder.name] = looks(folder)
        print(
            f"{folder.name}: own {one['own']:.3f}, another's {one['other']:.3f}, "
            f"{one['difference']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]; "
            f"{one['different captions']} captions of {one['clips']} clips, CIDEr-D {one['CIDEr-D']:.3f}",
            flush=True,
        )
    if args.json:
        args.json.write_text(json.dumps(found, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
