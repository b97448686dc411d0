"""What alignment is worth on the toy: clips that find their captions, and the captions written after it.

python plugins/mffcl/benchmarks/toy_alignment.py SWEEP [--json FILE]

SWEEP is the folder of the command in `plugins/mffcl/configs/_toy_grid.py`. R@1 is measured with the weights kept at
the end of the alignment, on the split that the sweep scored: each clip against the first captions of all clips, and
the other way. A caption that several clips share counts as found with any of them. Beside it stands the same for the
weights before training, and chance, 1 / clips. Scores of captions are those of the sweep, by row and seed.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import normalize

from vidcap_core.config.files import config_from_json
from vidcap_core.config.validate import validate
from vidcap_core.engine.data import Collate
from vidcap_core.engine.training import Training
from vidcap_core.saved import checkpoint
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing.measured import write

SCORES = ("CIDEr-D", "BLEU-4", "METEOR", "ROUGE-L")


@torch.no_grad()
def vectors(run: Training, dataset: Any) -> tuple[torch.Tensor, torch.Tensor, list[str]]:
    """Of each clip and of its first caption, scaled to length one, and those captions."""
    collate, references = Collate(run.tokenizer), dataset.references()
    video, text, said = [], [], []
    for index in range(len(dataset)):
        batch = collate([dataset.get(index, np.random.default_rng([0, index]))])
        caption = references[batch.clips[0].id][0]
        batch = type(batch)(batch.clips, batch.streams, batch.inputs, texts=(caption,))
        output = run.captioner.head(run.captioner.streams(batch), batch, frozenset({"video", "text"}))
        video.append(output["video"].value)
        text.append(output["text"].value)
        said.append(caption)
    return normalize(torch.cat(video), dim=-1), normalize(torch.cat(text), dim=-1), said


def recall(run: Training, dataset: Any) -> dict[str, float]:
    """R@1 from clip to caption and from caption to clip."""
    run.captioner.eval()
    video, text, said = vectors(run, dataset)
    best = (video @ text.T).argmax(1).tolist()
    back = (text @ video.T).argmax(1).tolist()
    hits = {"clip to caption": best, "caption to clip": back}
    return {
        way: statistics.fmean(said[i] == said[j] for i, j in enumerate(found)) for way, found in hits.items()
    }


def retrieval(folder: Path) -> dict[str, Any] | None:
    """R@1 before and after the alignment of one run, or None of a run without one."""
    kept = folder / "checkpoints" / "keep-align.pt"
    recipe = validate(config_from_json((folder / "config.json").read_text(), folder.name))
    if recipe.phases[0].losses != ("contrastive",) or not kept.is_file():
        return None
    torch.manual_seed(recipe.seed)
    run = Training(recipe, RunFolder(folder))
    dataset = run.evaluation_dataset(run.evaluate.split)
    before = recall(run, dataset)
    run.captioner.load_state_dict(checkpoint.load(kept)["weights"])
    return {
        "clips": dataset.coverage(),
        "chance": 1 / len(dataset),
        "before": before,
        "after": recall(run, dataset),
    }


def main() -> int:
    """Print both tables; exit 1 when alignment does not lift R@1 above ten times chance in every run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sweep", type=Path)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    found: dict[str, Any] = {"R@1": {}, "captions": {}}
    for folder in sorted(path.parent for path in args.sweep.glob("*/done.json")):
        scores = next(folder.glob("scores-*.json"))
        values = json.loads(scores.read_text())["values"]
        found["captions"][folder.name] = {name: values[name] for name in SCORES}
        told = "  ".join(f"{name} {values[name]:.3f}" for name in SCORES)
        if (held := retrieval(folder)) is not None:
            found["R@1"][folder.name] = held
            told += f"  R@1 {held['after']['clip to caption']:.3f} (before {held['before']['clip to caption']:.3f}, "
            told += f"chance {held['chance']:.4f}, {held['clips']} clips)"
        print(f"{folder.name}: {told}")
    if (args.sweep / "table.json").is_file():
        table = json.loads((args.sweep / "table.json").read_text())
        found["table"] = table | {
            "rows": {
                row: {k: v for k, v in cells.items() if k != "_clips"} for row, cells in table["rows"].items()
            }
        }
    if args.json:
        write(args.json, found)
    lifted = [run["after"]["clip to caption"] >= 10 * run["chance"] for run in found["R@1"].values()]
    return 0 if lifted and all(lifted) else 1


if __name__ == "__main__":
    raise SystemExit(main())
