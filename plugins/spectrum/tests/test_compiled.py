"""A word of decoding through torch.compile: one graph, and the same scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch


@pytest.mark.slow
def test_a_word_is_one_graph(small: Callable[..., Any], lab: Any) -> None:
    head = small()
    with torch.no_grad():
        memory, state = head.start(lab.whole(lab.streams(head.streams)))
        step = torch.compile(head.step, backend="aot_eager", fullgraph=True)  # a break would raise
        tokens = torch.tensor([4, 5, 6])
        plain, later = head.step(tokens, memory, state)
        compiled, later_too = step(tokens, memory, state)
        assert torch.allclose(compiled, plain, atol=1e-5)
        again, again_too = head.step(tokens, memory, later)[0], step(tokens, memory, later_too)[0]
    assert torch.allclose(again_too, again, atol=1e-5)
