"""(iii) Made-up videos of prototypes over Dirichlet segments, each sentence naming its prototype, in order.

A captioner that can read masked videos must be able to tell where a sentence belongs: from equal segments, spans
that follow the gradients of L_pos and L_neg alone must find the true segments, and so must a mask generator that
learns from them, on videos that it has not seen.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from vidcap_wsdvc_mask.head import MaskHead
from vidcap_wsdvc_mask.localiser import Localiser
from vidcap_wsdvc_mask.masks import Spans, interval, mask

from vidcap_core.api import Batch, Clip, Output, Stream, component_of
from vidcap_core.testing import tiny_vocabulary

TokenLoss = component_of("losses", {"type": "TokenLoss"}).target
WORDS = ("apple.", "bird.", "cloud.", "door.", "engine.", "fire.", "glass.", "house.")
EVENTS, FRAMES, WIDTH = 3, 32, 16
LM = {
    "model_type": "gpt2",
    "n_embd": 32,
    "n_layer": 1,
    "n_head": 2,
    "n_positions": 64,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "resid_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
}


def videos(count: int, seed: int) -> tuple[Batch, Tensor]:
    """Clips with their sentences, and where these happen [count, EVENTS, 2]; the batch does not say it."""
    random, prototypes = np.random.default_rng(seed), np.random.default_rng(0).normal(size=(8, WIDTH))
    ends = np.cumsum(random.dirichlet(np.full(EVENTS, 2.0), size=count), 1)
    ends[:, -1] = 1.0
    moments = (np.arange(FRAMES) + 0.5) / FRAMES
    owner = (moments[None, :, None] >= ends[:, None]).sum(-1)
    shown = np.stack([random.permutation(8)[:EVENTS] for _ in range(count)])
    values = prototypes[np.take_along_axis(shown, owner, 1)] + 0.3 * random.normal(
        size=(count, FRAMES, WIDTH)
    )
    batch = Batch(
        tuple(Clip(f"clip{row}", duration=1.0) for row in range(count)),
        {
            "image": Stream(
                torch.tensor(values, dtype=torch.float32), torch.ones(count, FRAMES, dtype=torch.bool)
            )
        },
        targets={"sentences": [tuple(WORDS[k] for k in row) for row in shown]},
    )
    starts = np.concatenate([np.zeros((count, 1)), ends[:, :-1]], 1)
    return batch, torch.tensor(np.stack([starts, ends], -1), dtype=torch.float32)


def tiou(spans: Spans, truth: Tensor) -> Tensor:
    """Of each clip, the mean over events of the k-th span with the k-th segment."""
    start, end = interval(spans)
    shared = (torch.minimum(end, truth[..., 1]) - torch.maximum(start, truth[..., 0])).clamp_min(0)
    return (shared / (torch.maximum(end, truth[..., 1]) - torch.minimum(start, truth[..., 0]))).mean(1)


def price(head: MaskHead, batch: Batch, spans: Spans) -> Tensor:
    """L_pos + L_neg with given spans."""
    frames, said = head._frames(batch.streams), head._sentences(batch)
    masks = mask(spans, FRAMES)
    total = torch.zeros(())
    for name in ("positive", "negative"):
        output = Output(**head._masked(name, {name}, frames, masks, said))
        loss, weight = TokenLoss(output=name)(output, batch)
        total = total + loss / weight
    return total


def equal(count: int, width: float = 1.0) -> Spans:
    centre = ((torch.arange(EVENTS) + 0.5) / EVENTS).expand(count, EVENTS)
    return Spans(centre, torch.full_like(centre, width / EVENTS), torch.ones(count, EVENTS, dtype=torch.bool))


@pytest.fixture(scope="module")
def reader() -> MaskHead:
    """A captioner that learnt to read what true masks show and hide."""
    forced = ["events:", *map(str, range(1, 9))]
    tokenizer = tiny_vocabulary(WORDS, normalize="lower", specials=["<FULL>", "<MASK>"], forced=forced)
    torch.manual_seed(0)
    head = MaskHead(
        streams={"image": WIDTH},
        tokenizer=tokenizer,
        lm=LM,
        frames=FRAMES,
        project=True,
        blank=True,
        layers=1,
        heads=2,
        feed=64,
        locate_feed=64,
        dropout=0.0,
        position_std=0.02,
        casing="keep",
    )
    optimizer = torch.optim.Adam(head.parameters(), lr=5e-3)
    for step in range(150):
        batch, truth = videos(32, 100 + step)
        spans = Spans(truth.mean(-1), truth[..., 1] - truth[..., 0], torch.ones(32, EVENTS, dtype=torch.bool))
        optimizer.zero_grad()
        price(head, batch, spans).backward()
        optimizer.step()
    return head.eval().requires_grad_(False)


def test_captions_alone_lead_spans_to_their_events(reader: MaskHead) -> None:
    batch, truth = videos(96, 1)
    free = torch.zeros(2, 96, EVENTS, requires_grad=True)
    even = equal(96)

    def spans() -> Spans:
        centre, width = (even.centre.logit() + free[0]).sigmoid(), (even.width.logit() + free[1]).sigmoid()
        return Spans(centre, width, even.real)

    before = float(price(reader, batch, spans()).detach())
    optimizer = torch.optim.Adam([free], lr=0.1)
    for _ in range(40):
        optimizer.zero_grad()
        price(reader, batch, spans()).backward()
        optimizer.step()
    after = float(price(reader, batch, spans()).detach())
    assert after < 0.7 * before
    better_than_constants(spans(), truth)


def test_a_mask_generator_learns_from_captions_alone(reader: MaskHead) -> None:
    torch.manual_seed(0)
    reader.localiser = Localiser(
        width=LM["n_embd"],
        frames=FRAMES,
        queries=4,
        heads=2,
        feed=64,
        layers=1,
        dropout=0.0,
        sentences=LM["n_embd"],
        place="frames",
        order="given",
        prior="uniform",
        inside=True,
        min_width=1 / FRAMES,
        float32=True,
        half=False,
    )

    def spans(batch: Batch) -> Spans:
        said = reader._sentences(batch)
        return reader.localiser(reader._frames(batch.streams), [EVENTS] * len(said), reader._vectors(said))

    optimizer = torch.optim.Adam(reader.localiser.parameters(), lr=5e-3)
    for step in range(60):
        batch, _ = videos(32, 500 + step)
        optimizer.zero_grad()
        price(reader, batch, spans(batch)).backward()
        optimizer.step()
    batch, truth = videos(96, 1)
    with torch.no_grad():
        better_than_constants(spans(batch), truth)


def better_than_constants(spans: Spans, truth: Tensor) -> None:
    """Better over clips than equal segments of each width, by a 95 % interval."""
    found = tiou(spans, truth).detach()
    for width in (1.0, 1.25, 1.5):
        gain = found - tiou(equal(len(truth), width), truth)
        assert float(gain.mean() - 1.96 * gain.std() / len(gain) ** 0.5) > 0
