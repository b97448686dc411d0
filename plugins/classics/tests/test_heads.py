"""All words at once and word by word are the same text, also of clips with gaps, of one row and of none."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from vidcap_classics.clip4caption import CLIP4Caption
from vidcap_classics.s2vt import S2VT
from vidcap_classics.sgn import SGN

from vidcap_core.api import Batch, Clip, Head, Stream
from vidcap_core.testing import tiny_vocabulary

WIDTHS = {"image": 6, "motion": 5}
HEADS: dict[str, tuple[type[Head], dict[str, Any]]] = {
    "s2vt": (S2VT, {}),
    "sgn": (SGN, {}),
    "sgn, four phrases": (SGN, {"longest": 4}),
    "sgn, most phrases alike": (SGN, {"same": 0.3}),
    "clip4caption": (CLIP4Caption, {"heads": 2, "layers": 2}),
}


@pytest.mark.parametrize("name", HEADS)
def test_words_at_once_are_words_one_by_one(name: str) -> None:
    torch.manual_seed(0)
    kind, arguments = HEADS[name]
    words = tiny_vocabulary([f"word{number}" for number in range(20)])
    head = kind(streams=WIDTHS, tokenizer=words, width=16, **arguments).eval()
    batch = captioned()
    at_once = head(batch.streams, batch, {"tokens"})["tokens"].value
    one_by_one = Head.forward(head, batch.streams, batch, {"tokens"})["tokens"].value
    assert torch.isfinite(at_once).all()
    torch.testing.assert_close(at_once, one_by_one, rtol=1e-5, atol=1e-6)


def captioned() -> Batch:
    """Clips with all rows, with gaps, with one row, and with none; nine words each."""
    real = torch.tensor([[1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]]).bool()
    streams = {name: Stream(torch.randn(4, 4, width), real) for name, width in WIDTHS.items()}
    tokens = torch.randint(4, 20, (4, 10))
    clips = tuple(Clip(f"clip{row}") for row in range(4))
    return Batch(
        clips, streams, texts=("text",) * 4, tokens=tokens, token_mask=torch.ones_like(tokens).bool()
    )
