"""Pictures of attention, and their way into a run's report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.api import Curve, Event, FrameAttention
from vidcap_core.config.files import Config
from vidcap_core.testing import tiny_config

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("changes", "branches"),
    [
        ({}, ["visual", "language"]),
        ({"vrc_concat": "seq"}, ["visual", "language"]),
        ({"lang_la_source": "caption"}, ["visual"]),
        ({"branches": "language"}, ["language"]),
    ],
)
def test_panels_show_the_weights_of_each_word(
    changes: dict[str, Any], branches: list[str], make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(**changes).eval(), make_batch(3)
    said = [[Event(0, 5, text)] for text in ("a man runs", "", "the dog sings a song")]
    shown = head.explain([_view(batch)], batch.streams, batch, said)
    assert shown[1] == []
    attention = shown[2][0]
    assert isinstance(attention, FrameAttention)
    assert attention.words == ("the", "dog", "sings", "a", "song")
    assert list(attention.weights) == branches
    assert attention.times == pytest.approx((0.5, 1.5, 2.5, 3.5, 4.5))  # clip 2 has five of the seven frames
    curves = [panel for panel in shown[2] if isinstance(panel, Curve)]
    assert len(curves) == len(branches) * (2 if changes.get("vrc_concat") == "seq" else 1)
    # the second word is said after "the": one step from the first state
    memory, state = head.start(_view(batch))
    for word in (1, head.tokenizer.encode("the")[0]):
        gates = head._gates(head._weights(), head.embed(torch.full((3,), word)), memory)
        real = torch.ones(3, dtype=torch.bool)
        state, looks = head._advance(
            head._weights(), gates, head.embed(torch.full((3,), word)), real, memory, state
        )
    for place, name in enumerate(branches):
        assert attention.weights[name][1] == pytest.approx(looks[place][2, :5].tolist(), abs=1e-5)
        share = looks[place][2, :5] / looks[place][2, :5].sum()
        effective = (-(share * share.log()).sum()).exp().item()
        assert next(c for c in curves if c.name == f"effective frames, {name} branch").y[1] == pytest.approx(
            effective, rel=1e-4
        )


def _view(batch: Any) -> Any:
    from vidcap_core.api import whole_clips

    return whole_clips(batch.streams, batch)


def test_a_run_with_its_pictures_and_its_number_of_frames(tmp_path: Path) -> None:
    """A real run on tiny clips: effective frames in the scalars, panels beside the predictions, a page of it."""
    from vidcap_core.engine import runs
    from vidcap_core.report.run_page import write_run_report

    head = {"type": "srvc_la.SRVCLAHead", "streams": {"image": 16}, "enc_heads": 2, "enc_ff": 16}
    head |= dict.fromkeys(("d_model", "rnn_size", "att_size", "emb_size"), 16)
    losses = {
        "words": {"type": "srvc_la.BranchLoss"},
        "effective_frames": {"type": "srvc_la.EffectiveFrames", "scale": 0.0},
    }
    phases = {"caption": {"epochs": 20, "losses": ["words", "effective_frames"]}}
    config = Config("test", tiny_config(head=head, losses=losses, phases=phases))
    runs.train(config, work_dir=tmp_path, device="cpu", quiet=True)
    lines = [json.loads(line) for line in (tmp_path / "scalars.jsonl").read_text().splitlines()]
    frames = [line["loss/effective_frames"] for line in lines if "loss/effective_frames" in line]
    assert len(frames) > 1
    assert all(1 <= number <= 6 for number in frames)
    panels = json.loads((tmp_path / "panels-val.json").read_text())
    assert {panel["kind"] for shown in panels.values() for panel in shown} == {"frame_attention", "curve"}
    page = write_run_report(tmp_path, "val").read_text()
    assert "effective_frames" in page
    assert "frame_attention" in page
