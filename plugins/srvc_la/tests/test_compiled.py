"""A word of decoding through torch.compile: one graph, and the same scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from vidcap_core.api import Batch, whole_clips


@pytest.mark.slow
def test_a_word_is_one_graph(make_head: Callable[..., Any], make_batch: Callable[..., Batch]) -> None:
    head, batch = make_head().eval(), make_batch(3)
    with torch.no_grad():
        memory, state = head.start(whole_clips(batch.streams, batch))
        step = torch.compile(head.step, backend="aot_eager", fullgraph=True)  # a break would raise
        tokens = torch.tensor([4, 5, 6])
        plain, later = head.step(tokens, memory, state)
        compiled, later_too = step(tokens, memory, state)
        assert torch.allclose(compiled, plain, atol=1e-5)
        again, again_too = head.step(tokens, memory, later)[0], step(tokens, memory, later_too)[0]
    assert torch.allclose(again_too, again, atol=1e-5)
