"""Words from a head that writes word by word: greedy, beam search and sampling over `start` and `step`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.hypotheses import Rows
from vidcap_core.contracts.types import View
from vidcap_core.contracts.write_settings import Heard, WriteSettings
from vidcap_core.decoding.beam import beam_search
from vidcap_core.decoding.sampling import uniforms
from vidcap_core.decoding.single_path import single_path
from vidcap_core.decoding.step_source import Source


@torch.no_grad()
def generate(
    head: Head,
    view: View,
    settings: GenerateSettings,
    *,
    bos: int,
    eos: int,
    generator: torch.Generator | None = None,
    keys: Sequence[str | int] = (),
    banned: Sequence[int] = (),
    heard: Heard | None = None,
) -> Rows:
    """Texts for every row of a view, as its head writes them; what it cannot do is refused."""
    settings.refuse_beyond(head.decodes, type(head).__name__)
    if not view.clips:
        return []
    known = {"never": tuple(banned), "keys": tuple(keys), "generator": generator, "search": search}
    return head.write(view, WriteSettings.of(settings, bos=bos, eos=eos, heard=heard, **known))


def search(head: Head, view: View, settings: WriteSettings) -> Rows:
    """Greedy, beam search or sampling, all rows and beams side by side.

    Chance is drawn from the settings' generator if there is one; else from their seed and the row's key (a clip's id,
    say), so that a clip gets the same text alone and in any batch.
    """
    source = Source.of(head, view, settings.bos, settings.eos, settings.never)
    if settings.mode == "beam" and settings.beam > 1:
        return beam_search(source, settings)
    draws: Tensor | None = None
    if settings.mode == "sample":
        keys = settings.keys or None
        draws = uniforms(settings, len(view.clips), settings.generator, keys).to(source.tokens.device)
    return single_path(source, settings, draws)
