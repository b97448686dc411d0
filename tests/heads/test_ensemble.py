"""Several heads that write together."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from vidcap_core.api import Batch, Clip, Stream, build_component, whole_clips
from vidcap_core.errors import ConfigError
from vidcap_core.testing import tiny_vocabulary

GRU = {"type": "MeanPoolGRU", "width": 8}
WORDS = tiny_vocabulary(["a man plays a guitar", "a cat runs"])


def ensemble(head: dict[str, Any] = GRU, members: int = 3) -> Any:
    torch.manual_seed(0)
    spec = {"type": "Ensemble", "head": head, "streams": {"image": 6}, "members": members}
    return build_component("heads", spec, tokenizer=WORDS).eval()


@torch.no_grad()
def test_it_says_the_mean_of_its_members() -> None:
    head = ensemble()
    stream = Stream(torch.randn(2, 4, 6), torch.tensor([[True] * 4, [True, True, False, False]]))
    view = whole_clips({"image": stream}, Batch((Clip("a"), Clip("b")), {"image": stream}))
    memory, state = head.start(view)
    alone = [member.start(view) for member in head.members]
    states = [own for _, own in alone]
    for token in (1, 5, 6):
        given = torch.tensor([token, token])
        logits, state = head.step(given, memory, state)
        steps = [m.step(given, own, s) for m, (own, _), s in zip(head.members, alone, states, strict=True)]
        states = [own for _, own in steps]
        torch.testing.assert_close(logits, torch.stack([own for own, _ in steps]).mean(0))
    assert not torch.allclose(steps[0][0], steps[1][0]), "members differ"


def test_what_cannot_write_together_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs members"):
        ensemble(members=0)
    with pytest.raises(ConfigError, match="word by word"):
        ensemble({"type": "masked_writer:MaskPredict"})
