"""Words from a head: greedy, beam search and sampling over `start` and `step`, for every head alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vidcap_core.contracts.head import Head
from vidcap_core.contracts.types import View
from vidcap_core.decoding.beam import beam_search
from vidcap_core.decoding.hypotheses import Generated
from vidcap_core.decoding.sampling import uniforms
from vidcap_core.decoding.settings import GenerateSettings
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
    keys: Sequence[str | int] | None = None,
    banned: Sequence[int] = (),
) -> Generated:
    """Texts for every row of a view, all rows and beams side by side.

    Chance is drawn from `generator` if one is given; else from the seed of the settings and the row's key
    (a clip's id, say), so that a clip gets the same text alone and in any batch. Without keys a row's number
    is its key. `banned` ids are never written.
    """
    source = Source.of(head, view, bos, eos, banned)
    if settings.mode == "beam" and settings.beam > 1:
        return Generated(beam_search(source, settings))
    draws: Tensor | None = None
    if settings.mode == "sample":
        draws = uniforms(settings, len(view.clips), generator, keys).to(source.tokens.device)
    return Generated(single_path(source, settings, draws))
