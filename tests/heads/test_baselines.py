"""The heads of the core: parallel = looped, masks, prompts, errors, and they learn."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.head import Head, whole_clips
from vidcap_core.contracts.types import Stream, View
from vidcap_core.decoding.generate import generate
from vidcap_core.errors import UserError
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.heads.transformer import SmallTransformer
from vidcap_core.losses.token import TokenLoss

STREAMS = {"image": 8, "audio": 4}
HEADS = [MeanPoolGRU, SmallTransformer]


@pytest.fixture(params=[*HEADS, "tied"], ids=lambda kind: getattr(kind, "__name__", kind))
def head(request, tokens):
    torch.manual_seed(0)
    if request.param == "tied":
        return MeanPoolGRU(streams=STREAMS, tokenizer=tokens, width=32, tied=True).eval()
    return request.param(streams=STREAMS, tokenizer=tokens, width=32).eval()


def test_a_tied_classifier_is_the_embeddings(tokens):
    plain, tied = (MeanPoolGRU(streams=STREAMS, tokenizer=tokens, width=32, tied=t) for t in (False, True))
    fewer = sum(w.numel() for w in plain.parameters()) - sum(w.numel() for w in tied.parameters())
    assert fewer == 32 * len(tokens)
    word = torch.tensor([5])
    assert torch.equal(tied.words(word), tied.classify.weight[word] * 32**0.5)


def log_probs(head, batch):
    with torch.no_grad():
        return head(batch.streams, batch, {"tokens"}).logits.log_softmax(-1)


def test_forward_is_looped_step(head, batch):
    with torch.no_grad():
        slow = Head.forward(head, batch.streams, batch, {"tokens"})["tokens"]
    far = (log_probs(head, batch) - slow.value.log_softmax(-1)).abs().amax(-1)
    assert far[slow.mask].max() < 1e-5
    assert slow.mask.sum() == 7 + 5 + 6 + 3 - 4


def test_masked_frames_change_nothing(head, batch):
    longer = {}
    for name, stream in batch.streams.items():
        noise = torch.full((4, 3, stream.values.shape[-1]), 1e3)
        values = torch.where(stream.mask[..., None], stream.values, torch.nan)
        off = torch.zeros(4, 3, dtype=torch.bool)
        longer[name] = Stream(torch.cat([values, noise], 1), torch.cat([stream.mask, off], 1))
    far = (log_probs(head, batch) - log_probs(head, replace(batch, streams=longer))).abs().amax(-1)
    assert far[batch.token_mask[:, 1:]].max() < 1e-5


def test_no_word_sees_later_words(head, batch):
    other = batch.tokens.clone()
    other[:, 3] = 16 - other[:, 3] // 2
    far = (log_probs(head, batch) - log_probs(head, replace(batch, tokens=other))).abs().amax(-1)
    assert far[:, :3].max() < 1e-6
    assert far[:2, 3].min() > 1e-6


@pytest.mark.parametrize("settings", [{}, {"mode": "beam", "beam": 3}])
def test_a_left_padded_prompt_is_the_prompt_alone(head, batch, settings):
    prompt = torch.tensor([[0, 0, 1, 5], [1, 4, 5, 6], [0, 1, 7, 8], [0, 0, 0, 1]])
    mask = prompt > 0
    clips = whole_clips(batch.streams, batch)
    plain = GenerateSettings(max_length=6, **settings)
    together = generate(head, replace(clips, prompt=prompt, prompt_mask=mask), plain, bos=1, eos=2)
    for row in range(4):
        one = {
            name: Stream(s.values[row : row + 1], s.mask[row : row + 1]) for name, s in batch.streams.items()
        }
        alone = View(one, (0,), (None,), prompt[row : row + 1, mask[row]])
        text = generate(head, alone, plain, bos=1, eos=2)[0][0]
        assert text.tokens == together[row][0].tokens
        assert text.score == pytest.approx(together[row][0].score, abs=1e-4)


def test_a_prompt_of_bos_is_no_prompt(head, batch):
    clips, settings = whole_clips(batch.streams, batch), GenerateSettings(max_length=6)
    bos = replace(clips, prompt=torch.ones((4, 1), dtype=torch.long))
    assert generate(head, bos, settings, bos=1, eos=2) == generate(head, clips, settings, bos=1, eos=2)


def test_every_parameter_learns(head, batch):
    total, weight = TokenLoss()(head(batch.streams, batch, {"tokens"}), batch)
    (total / weight).backward()
    dead = [name for name, p in head.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # a key's bias shifts all scores of a query alike, which softmax does not see: its gradient may be 0
    assert [name for name in dead if "in_proj_bias" not in name] == []


@pytest.mark.parametrize("kind", HEADS)
def test_overfits(tokens, batch, kind):
    torch.manual_seed(0)
    head = kind(streams=STREAMS, tokenizer=tokens, width=32, dropout=0.0)  # attention's own dropout too
    optimizer = torch.optim.Adam(head.parameters(), lr=5e-3)
    for _ in range(120):
        total, weight = TokenLoss()(head(batch.streams, batch, {"tokens"}), batch)
        optimizer.zero_grad()
        (total / weight).backward()
        optimizer.step()
    assert (total / weight).item() < 0.05
    head.eval()
    rows = generate(head, whole_clips(batch.streams, batch), GenerateSettings(max_length=10), bos=1, eos=2)
    want = [row[mask].tolist()[1:-1] for row, mask in zip(batch.tokens, batch.token_mask, strict=True)]
    assert [row[0].tokens for row in rows] == want


def test_errors_name_stream_and_widths(head, batch, tokens):
    wide = {**batch.streams, "image": Stream(torch.randn(4, 6, 9), batch.streams["image"].mask)}
    with pytest.raises(UserError, match=r"'image' with width 8, but got width 9"):
        head(wide, batch, {"tokens"})
    with pytest.raises(UserError, match=r"'image' \(width 8\), which is not there; there is: audio"):
        head({"audio": batch.streams["audio"]}, batch, {"tokens"})
    with pytest.raises(UserError, match="at least one stream"):
        type(head)(streams={}, tokenizer=tokens)
    with pytest.raises(UserError, match="a loss reads video_text"):
        head(batch.streams, batch, {"tokens", "video_text"})
    with pytest.raises(UserError, match="needs captions"):
        head(batch.streams, replace(batch, tokens=None), {"tokens"})


def test_width_and_heads_must_fit(tokens):
    with pytest.raises(UserError, match=r"head.width=30"):
        SmallTransformer(streams=STREAMS, tokenizer=tokens, width=30, heads=4)
