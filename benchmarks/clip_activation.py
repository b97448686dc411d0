"""How far apart QuickGELU and GELU put the features of a CLIP with the same random weights.

python benchmarks/clip_activation.py [--model ViT-B-32] [--seed 0] [--threads 1] [--biases 0 -1 -2]

Pictures are sixteen frames of the built-in toy videos, texts are sixteen of their captions. A bias is put before
each activation: fresh weights keep what enters it near zero, where the two functions nearly agree; trained ones need
not. This says that the two differ, and not by how much they do for trained weights.
"""

from __future__ import annotations

import argparse

import open_clip
import torch
from torch import Tensor

from vidcap_core.api import Encoder
from vidcap_core.datasets.toy import Toy
from vidcap_core.encoders.open_clip import OpenClipImage, OpenClipText
from vidcap_core.video import read_frames

COUNT = 16


def inputs() -> tuple[Tensor, list[str]]:
    """A middle frame and a caption of each of the first toy clips."""
    toy = Toy(split="train", unit="clip")
    clips = list(toy.clips)[:COUNT]
    frames = [read_frames(clip.path, {"kind": "uniform", "count": 1}).values for clip in clips]
    references = toy.references()
    return torch.stack([torch.from_numpy(frame) for frame in frames]), [
        references[clip.id][0] for clip in clips
    ]


def told(name: str, quick: Tensor, plain: Tensor) -> str:
    """Cosines between the two features of one input, and between those of different inputs."""
    quick, plain = (torch.nn.functional.normalize(rows, dim=-1) for rows in (quick, plain))
    same = (quick * plain).sum(-1)
    others = (quick @ quick.T)[~torch.eye(len(quick), dtype=torch.bool)]
    return f"{name} {same.mean():.5f} (least {same.min():.5f}; different {name}: {others.mean():.3f})"


def shift(encoder: Encoder, bias: float) -> Encoder:
    """The encoder with this bias before each of its activations."""
    for name, weight in encoder.named_parameters():
        if name.endswith("mlp.c_fc.bias") and bias:
            weight.fill_(bias)
    return encoder.eval()


@torch.no_grad()
def main() -> None:
    """Print one line for pictures and one for texts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="ViT-B-32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--biases", type=float, nargs="*", default=[0, -1, -2])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    frames, texts = inputs()
    print(
        f"{args.model}, seed {args.seed}, torch {torch.__version__}, open_clip {open_clip.__version__}, "
        f"{args.threads} thread(s), {COUNT} toy frames and captions"
    )
    for bias in args.biases:
        images, words = [], []
        for quick in (True, False):
            options = {"pretrained": False, "seed": args.seed, "quick_gelu": quick}
            image = shift(OpenClipImage(args.model, frames=1, **options), bias)
            text = shift(OpenClipText(args.model, **options), bias)
            images.append(image(frames).values[:, 0])
            words.append(text(texts).values[:, 0])
        print(f"bias {bias:g}: cosine of {told('pictures', *images)}, {told('texts', *words)}")


if __name__ == "__main__":
    main()
