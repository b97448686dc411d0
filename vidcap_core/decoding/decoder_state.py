"""Rows of a pytree: what decoding does to the memory and the state of any head."""

from __future__ import annotations

import dataclasses
from typing import Any

from torch import Tensor


def select_rows(tree: object, index: Tensor, rows: int, where: str = "state") -> Any:
    """The rows `index` of every tensor in a tree that has `rows` rows.

    Knows tensors, tuples, named tuples, lists, dicts, dataclasses, and caches of Hugging Face models (through
    their `reorder_cache`, in place). None, numbers and tensors without a dimension have no rows and stay.
    """
    if isinstance(tree, Tensor):
        if tree.dim() == 0:
            return tree
        if tree.shape[0] != rows:
            raise ValueError(f"{where} has shape {tuple(tree.shape)}: {rows} rows must come first")
        return tree.index_select(0, index)
    if hasattr(tree, "reorder_cache"):
        tree.reorder_cache(index)
        return tree
    if isinstance(tree, dict):
        return type(tree)(
            (key, select_rows(item, index, rows, f"{where}[{key!r}]")) for key, item in tree.items()
        )
    if isinstance(tree, (list, tuple)):
        items = [select_rows(item, index, rows, f"{where}[{i}]") for i, item in enumerate(tree)]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        changed = {
            field.name: select_rows(getattr(tree, field.name), index, rows, f"{where}.{field.name}")
            for field in dataclasses.fields(tree)
            if field.init
        }
        return dataclasses.replace(tree, **changed)
    return tree
