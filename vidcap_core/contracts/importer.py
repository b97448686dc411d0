"""The importer contract: a checkpoint as its authors publish it, turned into what a bundle holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Imported:
    """What an importer made of a checkpoint.

    config: what captioning needs of a config: method, tokenizer, head, generate; encoders, extract if there are any.
    tokenizer: the state of that tokenizer, as its `from_state` takes it.
    weights: those of the head, by its own names.
    encoders: those of the config's encoders, by stream and by their own names.
    """

    config: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    encoders: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Importer:
    """One way to read a published checkpoint; a plugin names it in `vidcap_importers`.

    convert: gets what the checkpoint holds, as plain data and tensors, and the files beside it by name.
    needs: name -> what it is, of each file without which nothing can be made of the checkpoint.
    takes: the same of those that may be given.
    """

    convert: Callable[[Mapping[str, Any], Mapping[str, Path]], Imported]
    needs: Mapping[str, str] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)
