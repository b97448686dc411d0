"""A word of decoding through torch.compile: one graph, and the same scores."""

from __future__ import annotations

import pytest
import torch

from vidcap_core.api import whole_clips


@pytest.mark.slow
def test_a_word_is_one_graph(small):
    made = small()
    head, batch = made.head.eval(), made.batch(3)
    with torch.no_grad():
        memory, state = head.start(whole_clips(made.captioner.streams(batch), batch))
        step = torch.compile(head.step, backend="aot_eager", fullgraph=True)  # a break would raise
        tokens = torch.tensor([4, 5, 6])
        _, before = head.step(tokens, memory, state)  # the first word takes the prompt along
        plain = head.step(tokens, memory, before)[0]
        compiled = step(tokens, memory, before)[0]
    assert torch.allclose(compiled, plain, atol=1e-5)
