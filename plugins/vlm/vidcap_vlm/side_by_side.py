"""What a processor made of single clips, as one batch: texts padded on the left, pictures one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

Inputs = Mapping[str, Any]
"""Tensors by name, and what the head notes beside them."""
TEXT = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids")
"""Inputs with a column a token."""


def joined(rows: Sequence[Inputs], pad_id: int, left: bool = True) -> dict[str, Tensor]:
    """Rows side by side. Whatever is no text is padded with zeros where sizes differ, as processors do."""
    names = dict.fromkeys(name for row in rows for name, value in row.items() if isinstance(value, Tensor))
    longest = max(row["input_ids"].shape[1] for row in rows)
    made: dict[str, Tensor] = {}
    for name in names:
        parts = [row[name] for row in rows if name in row]
        if name in TEXT:
            fill = pad_id if name == "input_ids" else 0
            parts = [_widened(part, longest, fill, left) for part in parts]
        elif len({part.shape[1:] for part in parts}) > 1:
            parts = _of_one_size(parts)
        made[name] = torch.cat(parts)
    return made


def with_words(row: Inputs, words: Tensor, mask: Tensor, kind: int = 0) -> dict[str, Any]:
    """Inputs [1, L] whose text goes on with more words [W] of a kind; the mask [W] says which are real."""
    made = dict(row)
    for name, more in (("input_ids", words), ("attention_mask", mask)):
        made[name] = torch.cat([row[name], more[None].to(row[name])], 1)
    for name, value in (("token_type_ids", kind), ("mm_token_type_ids", 0)):
        if name in row:
            made[name] = pad(row[name], (0, len(words)), value=value)
    return made


def _widened(part: Tensor, width: int, fill: int, left: bool) -> Tensor:
    room = width - part.shape[1]
    return pad(part, (room, 0) if left else (0, room), value=fill)


def _of_one_size(parts: Sequence[Tensor]) -> list[Tensor]:
    sizes = [max(part.shape[axis] for part in parts) for axis in range(1, parts[0].ndim)]
    return [
        pad(
            part,
            [
                room
                for size, own in zip(sizes[::-1], part.shape[:0:-1], strict=True)
                for room in (0, size - own)
            ],
        )
        for part in parts
    ]
