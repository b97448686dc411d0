"""SwinBERT as the authors' code writes: a text that does not end in time has its last word overwritten by the end."""

from __future__ import annotations

from dataclasses import replace

from vidcap_core.api import Hyp, Rows, View, WriteSettings
from vidcap_swinbert.head import SwinBERTHead


class PublishedSwinBERT(SwinBERTHead):
    """SwinBERTHead, whose texts of `max_length` words without an end lose the last one, which still counts in scores.

    Keys: those of SwinBERTHead.
    """

    def write(self, view: View, settings: WriteSettings) -> Rows:
        """Greedy, beam search or sampling, and the end put where the room ends."""
        rows = settings.search(self, view, settings)
        return [[_ended(text, settings.max_length) for text in texts] for texts in rows]


def _ended(text: Hyp, longest: int) -> Hyp:
    if text.end is not None or len(text.tokens) < longest:
        return text
    return replace(text, tokens=text.tokens[:-1], log_probs=text.log_probs[:-1], end=text.log_probs[-1])
