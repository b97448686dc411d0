"""Members side by side in one head: their mean, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vidcap_core.api import Batch, Clip, Stream, build_component, whole_clips
from vidcap_core.testing import tiny_captioner, tiny_vocabulary

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@torch.no_grad()
def test_the_wide_head_says_the_mean_of_its_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from members import side_by_side

    words = tiny_vocabulary(["a man plays a guitar", "a cat runs"])
    head = {"type": "MeanPoolGRU", "streams": {"image": 6}}
    torch.manual_seed(0)
    members = [
        tiny_captioner(build_component("heads", {**head, "width": width}, tokenizer=words), words).eval()
        for width in (5, 8, 3)
    ]
    wide = side_by_side(members)
    clips = (Clip("a"), Clip("b"))
    stream = Stream(torch.randn(2, 4, 6), torch.tensor([[True] * 4, [True, True, False, False]]))
    view = whole_clips({"image": stream}, Batch(clips, {"image": stream}))
    heads = [wide.head, *(one.head for one in members)]
    begun = [head.start(view) for head in heads]
    states = [state for _, state in begun]
    for token in (1, 5, 6):
        given = torch.tensor([token, token])
        steps = [
            head.step(given, memory, state)
            for head, (memory, _), state in zip(heads, begun, states, strict=True)
        ]
        states = [state for _, state in steps]
        mean = torch.stack([logits for logits, _ in steps[1:]]).mean(0)
        torch.testing.assert_close(steps[0][0], mean)
