"""What a processor made of single clips, as one batch: texts padded on the left, pictures one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

Inputs = Mapping[str, Tensor]
TEXT = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids")
"""Inputs with a column a token."""


def joined(rows: Sequence[Inputs], pad_id: int, left: bool = True) -> dict[str, Tensor]:
    """Rows side by side. Whatever is no text is padded with zeros where sizes differ, as processors do."""
    names = dict.fromkeys(name for row in rows for name in row)
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


def with_words(row: Inputs, words: Tensor) -> dict[str, Tensor]:
    """Inputs [1, L] whose text goes on with more words [W]."""
    count = len(words)
    made = dict(row)
    made["input_ids"] = torch.cat([row["input_ids"], words[None].to(row["input_ids"])], 1)
    for name, fill in (("attention_mask", 1), ("token_type_ids", 0), ("mm_token_type_ids", 0)):
        if name in row:
            made[name] = pad(row[name], (0, count), value=fill)
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
