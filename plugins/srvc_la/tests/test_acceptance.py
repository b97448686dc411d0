"""The ten tests that a build of the method must pass, in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from vidcap_srvc_la.head import SRVCLAHead
from vidcap_srvc_la.losses import BranchLoss

from vidcap_core.api import Batch, Head, Stream, whole_clips

CONCATS = ("channel", "seq", "none")
Make = Callable[..., Any]


def logits(head: Head, batch: Batch) -> torch.Tensor:
    return head(batch.streams, batch, frozenset({"tokens"}))["tokens"].value


@pytest.mark.parametrize("concat", CONCATS)
def test_1_shapes(concat: str, make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(vrc_concat=concat), make_batch(4)
    memory, state = head.start(whole_clips(batch.streams, batch))
    slots, width = {"channel": (7, 32), "seq": (14, 16), "none": (7, 16)}[concat]
    assert memory.context.values.shape == (4, slots, width)
    assert memory.context.mask.sum(1).tolist() == [real * slots // 7 for real in (7, 6, 5, 7)]
    assert [keys.shape for keys in memory.keys] == [(4, slots, 12)] * 2
    assert head.branches["visual"].cell.input_size == 20 + 16 + width
    assert head.branches["language"].cell.input_size == 20 + width
    assert [(h.shape, c.shape) for h, c in state.cells] == [((4, 24), (4, 24))] * 2
    words = batch.tokens.shape[1] - 1
    output = head(batch.streams, batch, frozenset({"tokens", "branches", "attention"}))
    assert output.logits.shape == (4, words, len(head.tokenizer))
    assert output["attention"].value.shape == (4, words, 2, 7)
    counted = int(batch.token_mask[:, 1:].sum())
    assert output["visual"].value.shape == output["language"].value.shape == (counted, len(head.tokenizer))


def test_2_padding_encoding_knows_the_length_and_not_the_video(make_head: Make, make_batch: Make) -> None:
    head = make_head().eval()
    stream = make_batch(4).streams["image"]
    context = head.context(stream.values, stream.mask)
    padding = context.values[..., 16:]
    assert torch.equal(padding[0], padding[3])  # clips 0 and 3 both have seven frames
    assert not torch.allclose(context.values[0, :, :16], context.values[3, :, :16], atol=0.1)
    assert not torch.allclose(padding[0, :5], padding[2, :5], atol=1e-4)  # another length
    gaps = torch.cdist(padding[0], padding[0]) + torch.eye(7) * 9
    assert gaps.min() > 0.1


@pytest.mark.parametrize("norm", ["softmax", "sparsemax", "entmax15"])
@pytest.mark.parametrize("concat", CONCATS)
def test_3_attention_sums_to_one_off_the_mask(
    concat: str, norm: str, make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(vrc_concat=concat, attn_norm=norm), make_batch(4)
    memory, _ = head.start(whole_clips(batch.streams, batch))
    _, looks = head._unroll(batch.tokens[:, :-1], batch.token_mask[:, :-1], memory, 0.0)
    hidden = ~memory.context.mask[:, None, None].expand_as(looks)
    assert int(hidden.sum()) > 0
    assert torch.equal(looks[hidden], torch.zeros(int(hidden.sum())))
    torch.testing.assert_close(looks.sum(-1), torch.ones(looks.shape[:-1]))


@pytest.mark.parametrize("fusion", ["prob_avg", "logprob_avg"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_4_fused_probabilities_sum_to_one(
    fusion: str, share: float, make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(fusion=fusion, fusion_lambda=share), make_batch(3)
    output = head(batch.streams, batch, frozenset({"tokens", "branches"}))
    probabilities = output.logits.exp()[batch.token_mask[:, 1:]]  # as they come: nothing is normalised here
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(len(probabilities)))
    visual, language = (output[name].value.softmax(-1) for name in ("visual", "language"))
    if fusion == "prob_avg":
        expected = share * visual + (1 - share) * language
    else:
        expected = visual**share * language ** (1 - share)
        expected = expected / expected.sum(-1, keepdim=True)
    torch.testing.assert_close(probabilities, expected)


@pytest.mark.parametrize(
    "changes",
    [
        *({"vrc_concat": concat} for concat in CONCATS),
        {"use_la": False},
        {"la_value": "latent"},
        {"la_query": "joint"},
        {"attn_norm": "sparsemax"},
        {"attn_norm": "entmax15"},
        {"lang_la_source": "caption"},
        {"lang_la_source": "caption", "use_la": False},
        {"lang_la_source": "caption", "branches": "language"},
        {"branches": "visual"},
        {"branches": "language"},
        {"word_in_visual_branch": False},
        {"fusion": "logprob_avg"},
        {"fusion": "concat_hidden"},
        {"init_state": "visual"},
        {"pad_type": "learned", "pos_enc": False},
        {"pad_type": "noise"},
        {"pad_encoder": "shared"},
        {"pad_encoder": "identity"},
        {"enc_layers": 2},
    ],
    ids=str,
)
def test_5_forward_says_what_steps_say(changes: dict[str, Any], make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(**changes).eval(), make_batch(4)
    fast = logits(head, batch)
    slow = Head.forward(head, batch.streams, batch, frozenset({"tokens"})).logits
    real = batch.token_mask[:, 1:]
    assert torch.isfinite(fast).all()
    torch.testing.assert_close(fast[real], slow[real], atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("source", ["vrc", "caption"])
def test_6_one_beam_is_greedy(source: str, make_head: Make, make_batch: Make, make_captioner: Make) -> None:
    head, batch = make_head(lang_la_source=source), make_batch(8)
    learn(head, batch, steps=30)
    head.eval()
    said = [
        [
            p.text
            for p in make_captioner(head, BranchLoss(), mode=mode, beam=beam, max_length=9).predict(batch)
        ]
        for mode, beam in (("greedy", 5), ("beam", 1))
    ]
    assert said[0] == said[1]
    assert len(set(said[0])) > 1
    assert all(said[0])


@pytest.mark.parametrize("concat", CONCATS)
@pytest.mark.parametrize(("name", "other"), [("visual", "language"), ("language", "visual")])
def test_7_each_branch_teaches_what_is_shared_and_itself(
    name: str, other: str, concat: str, make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(vrc_concat=concat), make_batch(4)
    named = head(batch.streams, batch, frozenset({"branches"}))[name]
    torch.nn.functional.cross_entropy(named.value, named.target).backward()
    reached = {key for key, p in head.named_parameters() if p.grad is not None and p.grad.abs().max() > 0}
    assert {f"branches.{name}.look.{part}.weight" for part in ("keys", "query", "score")} <= reached
    assert not {key for key in reached if key.startswith(f"branches.{other}.")}
    assert "embed.weight" in reached
    assert any(key.startswith("context.frames.") for key in reached)
    assert any(key.startswith("context.padding.") for key in reached) == (concat != "none")


def learn(head: Head, batch: Batch, steps: int, loss: BranchLoss | None = None) -> float:
    loss = loss or BranchLoss()
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    last = 0.0
    for _ in range(steps):
        total, weight = loss(head(batch.streams, batch, loss.reads), batch)
        optimizer.zero_grad()
        (total / weight).backward()
        optimizer.step()
        last = float((total / weight).detach())
    return last


@pytest.mark.parametrize("mode", ["joint", "fused_nll"])
def test_8_ten_pairs_are_learnt_by_heart(mode: str, make_head: Make, make_batch: Make) -> None:
    assert learn(make_head(), make_batch(10), 300, BranchLoss(loss_mode=mode)) < 0.02


@pytest.mark.parametrize("concat", CONCATS)
@pytest.mark.parametrize("grad", [True, False])
def test_9_masked_frames_change_nothing(concat: str, grad: bool, make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(vrc_concat=concat).eval(), make_batch(4)
    values, mask = batch.streams["image"].values, batch.streams["image"].mask
    garbage = torch.full((4, 3, 10), torch.nan)
    longer = Stream(
        torch.cat([values, garbage], 1), torch.cat([mask, torch.zeros(4, 3, dtype=torch.bool)], 1)
    )
    with torch.set_grad_enabled(grad):  # without gradients torch takes another path through its encoder
        plain, padded = logits(head, batch), logits(head, replace(batch, streams={"image": longer}))
    torch.testing.assert_close(plain, padded, atol=1e-5, rtol=1e-4)


class Words:
    """A tokenizer of a given size."""

    pad_id, bos_id, eos_id = 0, 1, 2

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size


@pytest.mark.parametrize(
    ("concat", "words", "millions"),
    [
        ("channel", 10_536, 33.79),
        ("seq", 10_536, 31.17),
        ("none", 10_536, 28.02),
        ("channel", 9_472, 32.16),
        ("seq", 9_472, 29.54),
        ("none", 9_472, 26.38),
    ],
)
def test_10_parameter_counts(concat: str, words: int, millions: float) -> None:
    with torch.device("meta"):
        head = SRVCLAHead(streams={"image": 512}, tokenizer=Words(words), vrc_concat=concat)
    assert sum(p.numel() for p in head.parameters()) / 1e6 == pytest.approx(millions, rel=0.01)
