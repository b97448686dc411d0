"""Members side by side in one head: their mean, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vidcap_core.api import Batch, Clip, Stream, build_component, whole_clips
from vidcap_core.config.files import Config
from vidcap_core.testing import tiny_captioner, tiny_vocabulary

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@torch.no_grad()
def test_what_ships_says_the_mean_of_its_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from members import together

    words = tiny_vocabulary(["a man plays a guitar", "a cat runs"])
    streams = {"image": 6}
    part = {"type": "MSVDPart", "streams": {"image": "/somewhere/store"}}
    head = {"type": "MeanPoolGRU", "streams": streams, "width": 5}
    data = {"head": head, "data": {"train": part, "val": part, "test": part}}
    torch.manual_seed(0)
    members = [
        tiny_captioner(build_component("heads", head, tokenizer=words), words).eval() for _ in range(2)
    ]
    made = together(members, Config("members", data))
    clips = (Clip("a"), Clip("b"))
    stream = Stream(torch.randn(2, 4, 6), torch.tensor([[True] * 4, [True, True, False, False]]))
    view = whole_clips({"image": stream}, Batch(clips, {"image": stream}))
    given = torch.tensor([1, 1])
    steps = [one.head.step(given, *one.head.start(view))[0] for one in (made, *members)]
    torch.testing.assert_close(steps[0], torch.stack(steps[1:]).mean(0))
    assert not torch.allclose(steps[1], steps[2])


def test_no_path_of_a_machine_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from members import ensemble_config

    part = {"type": "MSVDPart", "streams": {"image": "/somewhere/store"}}
    data = {"head": {"type": "MeanPoolGRU", "streams": {"image": 6}}, "start_from": {"run": "/somewhere"}}
    made = ensemble_config(
        Config("members", {**data, "data": dict.fromkeys(("train", "val", "test"), part)}), 2
    )
    assert "/somewhere" not in made.to_json()
    assert part["streams"] == {"image": "/somewhere/store"}, "the config that was given stays"
