"""The concept investigation unit: which attributes a clip has (VTAI), and what follows from them (AEB, CFB)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from vidcap_spectrum.attributes import Attributes
from vidcap_spectrum.feature_encoders import EPS

CfbMode = Literal["attr", "topic"]


class AttributePredictor(nn.Module):
    """VTAI: z = [mean of each stream];  logits = W2 Dropout(ReLU(W1 z + b1)) + b2;  Pr = sigmoid(logits)."""

    def __init__(
        self, streams: int, width: int, hidden: Sequence[int], attributes: int, dropout: float
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        size = streams * width
        for inner in hidden:
            layers += [nn.Linear(size, inner), nn.ReLU(), nn.Dropout(dropout)]
            size = inner
        self.layers = nn.Sequential(*layers, nn.Linear(size, attributes))

    def forward(self, encoded: Iterable[Tensor]) -> Tensor:
        """Encoded streams, each [B, slots, width] -> logits [B, K]."""
        logits: Tensor = self.layers(torch.cat([rows.mean(1) for rows in encoded], -1))
        return logits


class AttributeEmbedding(nn.Module):
    """AEB: A = Dropout(LayerNorm(E_att[top N of Pr] + E_rank)).

    by_probability multiplies each row by its probability; least_emotional slots are kept for emotional words.
    """

    def __init__(
        self,
        attributes: Attributes,
        count: int,
        width: int,
        dropout: float,
        by_probability: bool,
        least_emotional: int,
    ) -> None:
        super().__init__()
        self.universal = len(attributes.universal)
        self.count = min(count, len(attributes.words))
        self.least_emotional = min(least_emotional, len(attributes.emotional), self.count)
        self.by_probability = by_probability
        self.embed = nn.Embedding(len(attributes.words), width)
        self.rank = nn.Embedding(self.count, width)
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.dropout = nn.Dropout(dropout)

    def choose(self, probability: Tensor) -> Tensor:
        """The attributes that are embedded [B, N], the most probable first."""
        rating = probability.detach()
        if self.least_emotional:
            reserved = rating[:, self.universal :].topk(self.least_emotional, -1).indices + self.universal
            rating = rating.scatter_add(1, reserved, torch.ones_like(reserved, dtype=rating.dtype))
        chosen = rating.topk(self.count, -1).indices
        order = probability.detach().gather(1, chosen).sort(dim=-1, descending=True, stable=True).indices
        return chosen.gather(1, order)

    def forward(self, probability: Tensor) -> Tensor:
        """Pr [B, K] -> [B, N, width]."""
        chosen = self.choose(probability)
        rows = self.norm(self.embed(chosen) + self.rank.weight)
        if self.by_probability:
            rows = rows * probability.gather(1, chosen)[..., None]
        out: Tensor = self.dropout(rows)
        return out


class Theme(nn.Module):
    """One branch of CFB: attributes weighted into one vector.

    attr: l = (W p + b)^T M, with W = 1 and b = 0 at first.  topic: l = softmax(W p)^T M, over a few topics.
    """

    def __init__(
        self, attributes: int, width: int, mode: CfbMode, topics: int, start: Tensor | None = None
    ) -> None:
        super().__init__()
        self.mode = mode
        rows = attributes if mode == "attr" else topics
        self.weigh = nn.Linear(attributes, rows, bias=mode == "attr")
        self.latent = nn.Parameter(torch.empty(rows, width))
        self._start = start

    def reset(self) -> None:
        """First values: W = 1 (attr), or the table of words and categories where one is given (topic)."""
        nn.init.xavier_uniform_(self.latent)
        if self.mode == "attr":
            nn.init.eye_(self.weigh.weight)
            nn.init.zeros_(self.weigh.bias)
        elif self._start is not None:
            with torch.no_grad():
                self.weigh.weight.copy_(self._start)

    def weights(self, probability: Tensor) -> Tensor:
        """How much of each latent row [B, rows]."""
        scores: Tensor = self.weigh(probability)
        return scores if self.mode == "attr" else scores.softmax(-1)

    def forward(self, probability: Tensor) -> Tensor:
        """[B, attributes] -> [B, width]."""
        return self.weights(probability) @ self.latent


class CoarseToFine(nn.Module):
    """CFB: l_UN of the universal attributes, l_EM of the emotional ones."""

    def __init__(
        self,
        attributes: Attributes,
        width: int,
        mode: CfbMode,
        topics: int,
        from_categories: bool,
        detach: bool,
    ) -> None:
        super().__init__()
        self.universal, self.detach = len(attributes.universal), detach
        self.categories = sorted({name for names in attributes.categories for name in names})
        branches = {}
        if attributes.universal:
            branches["universal"] = Theme(len(attributes.universal), width, mode, topics)
        if attributes.emotional:
            start = self._table(attributes) if from_categories else None
            branches["emotional"] = Theme(len(attributes.emotional), width, mode, len(self.categories), start)
        self.branches = nn.ModuleDict(branches)

    def split(self, probability: Tensor) -> dict[str, Tensor]:
        """The probabilities of each branch."""
        both = {"universal": probability[:, : self.universal], "emotional": probability[:, self.universal :]}
        return {name: both[name] for name in self.branches}

    def forward(self, probability: Tensor) -> Tensor:
        """Pr [B, K] -> l_UN, l_EM [B, branches, width]."""
        given = self.split(probability.detach() if self.detach else probability)
        return torch.stack([self.branches[name](part) for name, part in given.items()], 1)

    def _table(self, attributes: Attributes) -> Tensor:
        """1 where a word belongs to a category [categories, words]."""
        rows = [[float(name in names) for names in attributes.categories] for name in self.categories]
        return torch.tensor(rows)
