"""Texts of a batch: one or several a clip, encoded as one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.contracts.types import Stream


def flatten_texts(texts: Sequence[Any]) -> tuple[list[str], list[int]]:
    """All texts, and how many belong to each clip; a clip's texts are a string or a list of them."""
    groups = [[clip] if isinstance(clip, str) else list(clip) for clip in texts]
    return [text for group in groups for text in group], [len(group) for group in groups]


def regroup_texts(values: Tensor, counts: Sequence[int]) -> Stream:
    """Rows of all texts -> a stream with one row a text."""
    rows = nn.utils.rnn.pad_sequence(list(torch.split(values, list(counts))), batch_first=True)
    lengths = torch.tensor(counts, device=values.device)
    return Stream(rows, torch.arange(rows.shape[1], device=values.device) < lengths[:, None])
