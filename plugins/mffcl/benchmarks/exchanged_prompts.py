"""Whether a captioner of mffcl looks at the clip: word loss behind the clip's own prompt, and behind another clip's.

python plugins/mffcl/benchmarks/exchanged_prompts.py RUN ... [--json FILE]

RUN is a finished run folder; the weights it was judged by are asked, on the clips that it scored. A clip's first five
references are read behind its own prompt and behind that of the next clip; a captioner that does not look loses nothing
by the exchange. Nats a token, means over clips; in brackets the 95 % bootstrap interval of the difference. Beside it:
how many different captions the run said of its clips, and its scores.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch

from vidcap_core.config.validate import validate
from vidcap_core.engine.data import Collate
from vidcap_core.engine.sweep_table import difference
from vidcap_core.engine.training import Training
from vidcap_core.saved.checkpoint import best_weights
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing.measured import write

CAPTIONS = 5
SCORES = ("BLEU-4", "METEOR", "ROUGE-L", "CIDEr-D")


@torch.no_grad()
def losses(run: Training, dataset: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Each clip's nats a token behind its own prompt, and behind the next clip's."""
    run.captioner.eval()
    collate, references = Collate(run.tokenizer), dataset.references()
    samples = [dataset.get(index, np.random.default_rng([0, index])) for index in range(len(dataset))]
    own: dict[str, float] = {}
    other: dict[str, float] = {}
    for place, sample in enumerate(samples):
        texts = references[sample.clip.id][:CAPTIONS]
        for found, shown in ((own, sample), (other, samples[(place + 1) % len(samples)])):
            batch = collate([replace(shown, text=text) for text in texts])
            total, weight = run.captioner(batch, ["tokens"])["tokens"]
            found[sample.clip.id] = float(total / weight)
    return own, other


def looks(folder: RunFolder) -> dict[str, Any]:
    """What one run does."""
    run = Training(validate(folder.resolved()), folder)
    run.captioner.load_state_dict(best_weights(folder)[0])
    split = run.evaluate.split
    dataset = run.evaluation_dataset(split)
    own, other = losses(run, dataset)
    said = {clip["text"] for clip in json.loads(folder.predictions(split).read_text())}
    values = folder.read(folder.scores(split))["values"]
    return {
        "clips": dataset.coverage(),
        "own": fmean(own.values()),
        "other": fmean(other.values()),
        **difference(own, other),
        "different captions": len(said),
        **{name: values[name] for name in SCORES},
    }


def main() -> None:
    """A line a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    found = {}
    for path in args.runs:
        one = found[path.name] = looks(RunFolder(path))
        print(
            f"{path.name}: own {one['own']:.3f}, another's {one['other']:.3f}, "
            f"{one['difference']:+.3f} [{one['difference_low']:+.3f}, {one['difference_high']:+.3f}]; "
            f"{one['different captions']} captions of {one['clips']} clips, CIDEr-D {one['CIDEr-D']:.3f}",
            flush=True,
        )
    if args.json:
        write(args.json, found)


if __name__ == "__main__":
    main()
