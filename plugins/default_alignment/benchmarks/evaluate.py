"""How well captions find their pictures and clips, through the encoders themselves: from files to R@1, R@5, R@10.

python plugins/default_alignment/benchmarks/evaluate.py [--json FILE]
    [--picture '{"type": "OpenClipImage", ...}' --text '{"type": "OpenClipText", ...}']

Held-out pictures of Flickr8k (every 16th of the sorted names) and the 86 test clips of MSVD's part; no caption of them
was learnt from. A clip's direction is the mean of its frames'. Any pair of encoders with one space can be named.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vidcap_core.api import Encoder, build_component
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.flickr8k import Flickr8k
from vidcap_core.datasets.msvd import MSVDPart
from vidcap_core.saved.provenance import machine

RANKS = (1, 5, 10)


@torch.inference_mode()
def directions(encoder: Encoder, dataset: Dataset) -> Tensor:
    """One direction a clip [N, D]."""
    rows = []
    for index in range(len(dataset)):
        frames = torch.from_numpy(np.asarray(dataset[index].inputs["frames"]))
        rows.append(encoder(frames[None]).values[0].mean(0))
    return functional.normalize(torch.stack(rows), dim=-1)


@torch.inference_mode()
def text_directions(encoder: Encoder, texts: list[str]) -> Tensor:
    """One direction a text [N, D]."""
    parts = [
        encoder([[text] for text in texts[first : first + 64]]).values[:, 0]
        for first in range(0, len(texts), 64)
    ]
    return functional.normalize(torch.cat(parts), dim=-1)


def recalls(scores: Tensor, right: Tensor) -> dict[str, float]:
    """Shares of the rows whose best right column is among the first; ties count against. right: bool, as scores."""
    best = scores.masked_fill(~right, -torch.inf).amax(1, keepdim=True)
    ranks = ((scores >= best) & ~right).sum(1) + 1
    return {f"R@{k}": round(float((ranks <= k).float().mean()), 4) for k in RANKS}


def measure(picture: Encoder, text: Encoder, dataset: Dataset) -> dict[str, Any]:
    """Each caption looks for its clip, and each clip for one of its captions."""
    references = dataset.references()
    owners = [(index, caption) for index, clip in enumerate(dataset.clips) for caption in references[clip.id]]
    u, v = directions(picture, dataset), text_directions(text, [caption for _, caption in owners])
    return both_ways(v, u, torch.tensor([index for index, _ in owners]))


def both_ways(texts: Tensor, clips: Tensor, owner: Tensor) -> dict[str, Any]:
    """R@k of texts that look for their clip, and of clips that look for one of their texts."""
    right = owner[:, None] == torch.arange(len(clips))
    scores = texts @ clips.T
    return {
        "among": len(clips),
        "captions": len(texts),
        "caption to clip": recalls(scores, right),
        "clip to caption": recalls(scores.T, right.T),
    }


def main() -> None:
    """Print the table; with --json, write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--picture", type=json.loads, default={"type": "PictureWords"})
    parser.add_argument("--text", type=json.loads, default={"type": "PictureWordsText"})
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    picture, text = (
        build_component("encoders", args.picture).eval(),
        build_component("encoders", args.text).eval(),
    )
    frames = {"kind": "uniform", "short_side": picture.short_side, "crop": picture.crop}
    pictures = Flickr8k("val", unit="clip", frames={**frames, "count": 1})
    clips = MSVDPart("test", unit="clip", frames={**frames, "count": 8})
    rows = {
        "encoders": [picture.describe(), text.describe()],
        "held-out pictures": measure(picture, text, pictures),
        "test clips": measure(picture, text, clips),
        "machine": machine(),
    }
    print(json.dumps(rows, indent=1))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
