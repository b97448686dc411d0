"""Which query learns which event: the cheapest pairs of each clip, by the Hungarian method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn.functional import logsigmoid

from vidcap_pdvc.spans import overlaps

ALPHA, GAMMA = 0.25, 2.0
"""Of the focal loss, in costs as in the loss."""
SCORE, OVERLAP = 2.0, 4.0
"""How much a query's score and its overlap weigh in the cost."""
NONE = -1


def costs(scores: Tensor, spans: Tensor, events: Tensor) -> Tensor:
    """What it costs to give each event [B, E, 2] to each query [B, Q]: [B, Q, E].

    2 (alpha (1 - p)^gamma (-log p) - (1 - alpha) p^gamma (-log (1 - p))) - 4 GIoU
    """
    p = scores.sigmoid()
    hit = ALPHA * (1 - p) ** GAMMA * -logsigmoid(scores)
    miss = (1 - ALPHA) * p**GAMMA * -logsigmoid(-scores)
    return SCORE * (hit - miss)[..., None] - OVERLAP * overlaps(spans[:, :, None], events[:, None])


def cheapest_pairs(costs: np.ndarray, counts: Sequence[int]) -> list[list[int]]:
    """The query of each event of each clip, of costs [B, Q, E]; NONE where there are more events than queries."""
    pairs = []
    for cost, count in zip(costs, counts, strict=True):
        of_event = [NONE] * count
        for query, event in zip(*linear_sum_assignment(cost[:, :count]), strict=True):
            of_event[event] = int(query)
        pairs.append(of_event)
    return pairs
