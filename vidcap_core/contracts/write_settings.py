"""What a head gets to write with: the settings, and what the captioner around it knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.hypotheses import Hyp, Rows

if TYPE_CHECKING:
    import torch

Heard = Callable[[int, Hyp], None]
"""Hears of a row of a view what its text is so far."""


def _no_search(*_: object) -> Rows:
    raise NotImplementedError("these settings came without a search")


@dataclass(frozen=True)
class WriteSettings(GenerateSettings):
    """`Head.write` is called with these.

    bos, eos: ids that begin and end a text.
    never: ids that are never written.
    keys: of the rows of the view: chance depends on a row's key and the seed, so that a clip gets the same text
        alone and in any batch; empty: a row's index is its key.
    generator: chance comes from here instead, where it must differ from call to call.
    search: greedy, beam search or sampling over a head's `start` and `step`, as the settings say.
    heard: somebody listens. A head calls it, with the row and its text so far, as often as it has new words, where
        it writes one text a row and changes no word again; texts that come whole need not be told of.
    """

    bos: int = 0
    eos: int = 0
    never: tuple[int, ...] = ()
    keys: tuple[str | int, ...] = ()
    generator: torch.Generator | None = None
    search: Callable[[Any, Any, Any], Rows] = _no_search
    heard: Heard | None = None

    @classmethod
    def of(cls, settings: GenerateSettings, **known: Any) -> WriteSettings:
        """The settings, and what is known besides."""
        plain = {field.name: getattr(settings, field.name) for field in fields(GenerateSettings)}
        return cls(**plain, **known)
