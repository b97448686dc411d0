"""Trains the towers of PictureWords on captioned pictures, and on clips of MSVD beside them.

python plugins/default_alignment/benchmarks/train.py --stores STORES --out FOLDER
    [--pictures-only | --clips-only] [--hold 16] [--fold 0] [--members 3] [--smoothing 0.1] [--json FILE]

STORES holds what `vidcap features extract` made: flickr8k_lite0, flickr8k_lite2 and msvd_lite2 (all with crop=1.0); the
Lite0 features of the clips come with `msvd_part`. Sentence vectors are made once and kept there too. Every 16th picture
(--hold) and the test clips are not learnt from. Each member minimises InfoNCE both ways over batches of 512 pairs.
--fold F chooses settings: of what is learnt from, a fifth of the pictures and of the clips is held out in their stead.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from evaluate import both_ways
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from vidcap_core.datasets.flickr8k import Flickr8k
from vidcap_core.datasets.folded import FOLDS
from vidcap_core.datasets.msvd import MSVDPart
from vidcap_core.datasets.stores import open_store
from vidcap_core.encoders.hf_text import HFText
from vidcap_core.encoders.picture_words import (
    ABOUT,
    SENTENCES,
    WEIGHTS,
    PictureTower,
    TextTower,
    below,
    small,
    whole,
    words_of,
)
from vidcap_core.saved.provenance import machine

BATCH, STEPS, RATE, DECAY, WARMUP = 512, 600, 1e-3, 0.2, 60
DROP_INPUT, DROP_HIDDEN, DROP_SENTENCE, DROP_WORDS = 0.1, 0.5, 0.1, 0.1
CLIPS_A_BATCH = 64
MIN_COUNT = 8
TEMPERATURE, SMOOTHING = 0.05, 0.1


@dataclass
class Clips:
    """Pictures or clips: rows of features each, and the numbers of their captions."""

    ids: list[str]
    rows: list[np.ndarray]  # [T, 2560] of each
    captions: list[np.ndarray]

    def some(self, chosen: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, np.ndarray]:
        """The mean of random rows of each, and one of its captions."""
        means = []
        for index in chosen:
            rows = self.rows[index]
            count = int(rng.integers(1, len(rows) + 1))
            means.append(rows[rng.choice(len(rows), count, replace=False)].mean(0, dtype=np.float32))
        texts = [rng.choice(self.captions[index]) for index in chosen]
        return torch.from_numpy(np.stack(means)), np.array(texts)

    def means(self) -> Tensor:
        """The mean of all rows of each."""
        return torch.from_numpy(np.stack([rows.mean(0, dtype=np.float32) for rows in self.rows]))


class Texts:
    """Every caption once: its sentence vector and its known words."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.vectors = torch.zeros(0)

    def number(self, text: str) -> int:
        """The number of a text, a new one for a new text."""
        return self.numbers.setdefault(text, len(self.numbers))

    @torch.inference_mode()
    def encode(self, kept: Path) -> None:
        """Sentence vectors of all texts; the file has those of earlier calls, and gets the new ones."""
        vectors: dict[str, np.ndarray] = {}
        if kept.is_file():
            with np.load(kept) as file:
                vectors = dict(zip(file["texts"].tolist(), file["vectors"], strict=True))
        if new := sorted(self.numbers.keys() - vectors.keys(), key=len):
            encoder = HFText(SENTENCES, pooling="mean", normalize=True).eval()
            for first in range(0, len(new), 64):
                some = new[first : first + 64]
                rows = encoder([[text] for text in some]).values[:, 0].numpy().astype(np.float16)
                vectors |= zip(some, rows, strict=True)
            np.savez(kept, texts=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
        ordered = np.stack([vectors[text] for text in self.numbers])  # numbers are in the order of insertion
        self.vectors = torch.from_numpy(ordered.astype(np.float32))


def pictures(stores: Path, texts: Texts, hold: int, fold: int | None) -> tuple[Clips, Clips]:
    """Those learnt from, and every `hold`-th of the sorted names; or of the others, those of a fold."""
    small, large = (
        open_store(stores / "flickr8k_lite0", "flickr8k"),
        open_store(stores / "flickr8k_lite2", "flickr8k"),
    )
    references = {**Flickr8k("train").references(), **Flickr8k("val").references(), **_test_pictures()}
    parts = (Clips([], [], []), Clips([], [], []))
    for number, name in enumerate(sorted(references)):
        if fold is not None and number % hold == 0:
            continue
        part = parts[number % hold == 0 if fold is None else number % FOLDS == fold]
        part.ids.append(name)
        part.rows.append(np.concatenate([small[name], large[name]], -1))
        part.captions.append(np.array([texts.number(text) for text in references[name]]))
    return parts


def _test_pictures() -> dict[str, list[str]]:
    """The official test split, which is empty where there are no split files."""
    split = Flickr8k("test")
    return split.references() if len(split) else {}


def clips(stores: Path, texts: Texts, split: str, fold: int | None) -> Clips:
    """Clips of MSVD; the 20 rows of one network are read at the moments of the 16 of the other."""
    data = MSVDPart(split, fold, streams=["image"], unit="clip")
    large, part = open_store(stores / "msvd_lite2", "msvd_part"), Clips([], [], [])
    references = data.references()
    for index, clip in enumerate(data.clips):
        rows = large[clip.id]
        small = data[index].streams["image"]
        moments = ((np.arange(len(rows)) + 0.5) / len(rows) * len(small)).astype(int)
        part.ids.append(clip.id)
        part.rows.append(np.concatenate([small[moments].astype(np.float16), rows], -1))
        part.captions.append(np.array([texts.number(text) for text in references[clip.id]]))
    return part


def batch(sets: list[Clips], rng: np.random.Generator) -> tuple[Tensor, np.ndarray]:
    """512 pairs: all of one set, or 448 pictures and 64 clips."""
    counts = [BATCH] if len(sets) == 1 else [BATCH - CLIPS_A_BATCH, CLIPS_A_BATCH]
    chosen = [
        part.some(rng.choice(len(part.ids), min(count, len(part.ids)), replace=False), rng)
        for part, count in zip(sets, counts, strict=True)
    ]
    return torch.cat([rows for rows, _ in chosen]), np.concatenate([numbers for _, numbers in chosen])


def train(
    sets: list[Clips],
    texts: Texts,
    ids: Tensor,
    words: list[str],
    hidden: int,
    width: int,
    smoothing: float,
    seed: int,
) -> tuple[PictureTower, TextTower, float]:
    """One member of each tower, and its last loss."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    picture, text = PictureTower(1, hidden, width), TextTower(1, width, words)
    with torch.no_grad():
        for table in text.words:
            table.weight.normal_(std=0.02)
            table.weight[0] = 0
    scale = nn.Parameter(torch.tensor(1 / TEMPERATURE).log())
    weights = [*picture.parameters(), *text.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": weights, "weight_decay": DECAY}, {"params": [scale], "weight_decay": 0.0}], lr=RATE
    )
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min(1, (s + 1) / WARMUP) * (0.5 + 0.5 * float(np.cos(np.pi * min(1, s / STEPS))))
    )
    drop = functional.dropout
    loss = torch.zeros(())
    for _ in range(STEPS):
        rows, numbers = batch(sets, rng)
        x = drop(picture.standardise(rows), DROP_INPUT)
        u = functional.normalize(
            picture.second[0](drop(functional.gelu(picture.first[0](x)), DROP_HIDDEN)), dim=-1
        )
        known = ids[numbers]
        v = text(drop(texts.vectors[numbers], DROP_SENTENCE), known * (torch.rand(known.shape) > DROP_WORDS))
        logits, same = u @ v.T * scale.exp().clamp(max=100), torch.arange(len(u))
        ways = [functional.cross_entropy(x, same, label_smoothing=smoothing) for x in (logits, logits.T)]
        loss = (ways[0] + ways[1]) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rates.step()
    return picture.eval(), text.eval(), float(loss.detach())


def joined(members: list[nn.Module], whole: nn.Module) -> nn.Module:
    """The members' weights in one tower; what pictures were standardised by is nearly the same, and averaged."""
    state = whole.state_dict()
    for name, value in state.items():
        parts = name.split(".")
        if parts[1].isdigit():
            state[name] = members[int(parts[1])].state_dict()[".".join([parts[0], "0", *parts[2:]])]
        else:
            state[name] = (
                torch.stack([member.state_dict()[name].float() for member in members]).mean(0).to(value.dtype)
            )
    whole.load_state_dict(state)
    return whole.eval()


@torch.inference_mode()
def measure(part: Clips, picture: nn.Module, text: nn.Module, texts: Texts, ids: Tensor) -> dict[str, Any]:
    """Both ways, as `evaluate.py` does from files."""
    u = picture(part.means())
    owner = torch.tensor([index for index, numbers in enumerate(part.captions) for _ in numbers])
    numbers = np.concatenate(part.captions)
    v = text(texts.vectors[numbers], ids[numbers])
    return both_ways(v, u, owner)


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stores", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--hold", type=int, default=16)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--smoothing", type=float, default=SMOOTHING)
    parser.add_argument("--min-count", type=int, default=MIN_COUNT)
    parser.add_argument("--fold", type=int, choices=range(FOLDS))
    parser.add_argument("--json", type=Path)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--pictures-only", action="store_true")
    only.add_argument("--clips-only", action="store_true")
    args = parser.parse_args()
    texts = Texts()
    learnt, held = pictures(args.stores, texts, args.hold, args.fold)
    filmed = clips(args.stores, texts, "train", args.fold)
    test = clips(args.stores, texts, "test" if args.fold is None else "val", args.fold)
    texts.encode(args.stores / "sentences.npz")
    sets = [filmed] if args.clips_only else [learnt] if args.pictures_only else [learnt, filmed]
    by_number = sorted(texts.numbers, key=texts.numbers.__getitem__)
    counts = Counter(
        word
        for part in sets
        for numbers in part.captions
        for n in numbers
        for word in set(words_of(by_number[n]))
    )
    words = sorted(word for word, count in counts.items() if count >= args.min_count)
    ids = TextTower(1, args.width, words).ids(by_number)
    pairs: list[tuple[PictureTower, TextTower]] = []
    for seed in range(args.members):
        started = time.monotonic()
        one, other, loss = train(sets, texts, ids, words, args.hidden, args.width, args.smoothing, seed)
        pairs.append((one, other))
        print(f"member {seed}: loss {loss:.3f}, {time.monotonic() - started:.0f} s", flush=True)
    picture = joined([one for one, _ in pairs], PictureTower(args.members, args.hidden, args.width))
    text = joined([other for _, other in pairs], TextTower(args.members, args.width, words))
    weights = {f"picture.{name}": value for name, value in picture.state_dict().items()}
    weights |= {f"text.{name}": value for name, value in text.state_dict().items()}
    stored = small(weights)
    for prefix, tower in (("picture.", picture), ("text.", text)):  # what is measured is what is stored
        tower.load_state_dict(below(prefix, whole(stored)))
    row = {
        "learnt from": {
            "pictures": 0 if args.clips_only else len(learnt.ids),
            "clips": 0 if args.pictures_only else len(filmed.ids),
        },
        "members": args.members,
        "hidden": args.hidden,
        "width": args.width,
        "words": len(words),
        "smoothing": args.smoothing,
        "fold": args.fold,
        "held-out pictures": measure(held, picture, text, texts, ids),
        "test clips": measure(test, picture, text, texts, ids),
    }
    print(json.dumps(row, indent=1))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        save_file(stored, str(args.out / WEIGHTS))
        about = {"members": args.members, "hidden": args.hidden, "width": args.width, "words": words}
        (args.out / ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")
    if args.json:
        known = json.loads(args.json.read_text(encoding="utf-8")) if args.json.is_file() else {"rows": []}
        content = {"machine": machine(), "rows": [*known["rows"], row]}
        args.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
