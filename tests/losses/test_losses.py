"""Losses against sums worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from vidcap_core.contracts.head import Output
from vidcap_core.contracts.types import Batch, Clip, Named
from vidcap_core.errors import UserError
from vidcap_core.losses.binary import BinaryLoss
from vidcap_core.losses.contrastive import InfoNCE
from vidcap_core.losses.token import TokenLoss

THREE = Batch(clips=(Clip("a"), Clip("b"), Clip("a")))  # rows 0 and 2 are captions of one clip


def words(probabilities, target, mask):
    return Output(tokens=Named(torch.tensor(probabilities).log(), torch.tensor(target), torch.tensor(mask)))


# two rows, two words, three in the vocabulary; the last word of row 1 is padding
PROBABILITIES = [[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], [[0.2, 0.2, 0.6], [0.9, 0.05, 0.05]]]
OUTPUT = words(PROBABILITIES, [[0, 1], [2, 0]], [[True, True], [True, False]])
SUM = -(math.log(0.5) + math.log(0.8) + math.log(0.6))


def test_token_loss_is_a_sum_over_words_that_count():
    total, weight = TokenLoss()(OUTPUT, THREE)
    assert (total.item(), weight.item()) == (pytest.approx(SUM), 3)
    total, weight = TokenLoss(reduce="clip")(OUTPUT, THREE)
    assert (total.item(), weight.item()) == (pytest.approx(SUM), 2)


def test_a_row_without_words_does_not_count():
    output = words(PROBABILITIES, [[0, 1], [2, 0]], [[True, True], [False, False]])
    total, weight = TokenLoss(reduce="clip")(output, THREE)
    assert (total.item(), weight.item()) == (pytest.approx(-math.log(0.4), rel=1e-5), 1)


def test_smoothing_spreads_probability():
    """.9 on the target, .1 over all three words alike."""
    total, _ = TokenLoss(smoothing=0.1)(OUTPUT, THREE)
    logs = [PROBABILITIES[0][0], PROBABILITIES[0][1], PROBABILITIES[1][0]]
    spread = -sum(math.log(p) for row in logs for p in row) / 3
    assert total.item() == pytest.approx(0.9 * SUM + 0.1 * spread, rel=1e-5)


def test_any_target_under_padding():
    output = words(PROBABILITIES, [[0, 1], [2, -7]], [[True, True], [True, False]])
    assert TokenLoss()(output, THREE)[0].item() == pytest.approx(SUM)


def test_another_output():
    loss = TokenLoss(output="tokens_visual")
    assert loss.reads == {"tokens_visual"}
    with pytest.raises(UserError, match="'tokens_visual', the head gave tokens"):
        loss(OUTPUT, THREE)
    with pytest.raises(UserError, match="no target"):
        TokenLoss()(Output(tokens=Named(torch.zeros(1, 1, 3))), THREE)


VIDEO = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
TEXT = torch.tensor([[0.8, 0.6], [0.0, 1.0], [1.0, 0.0]])
# v_i . t_j:      [[.8, 0, 1], [.6, 1, 0], [.96, .8, .6]]
SCORES = [[0.8, 0.0, 1.0], [0.6, 1.0, 0.0], [0.96, 0.8, 0.6]]


def nce(scores, kept):
    """-log softmax of the diagonal, over the columns that are kept."""
    return sum(
        -scores[i][i] / 0.5 + math.log(sum(math.exp(scores[i][j] / 0.5) for j in kept[i])) for i in range(3)
    )


ALL = [[0, 1, 2]] * 3
MASKED = [[0, 1], [0, 1, 2], [1, 2]]
TURNED = [list(column) for column in zip(*SCORES, strict=True)]


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_contrastive_on_three_rows(masked, symmetric, scale):
    """Vectors three times as long change nothing, because they are normalised."""
    loss = InfoNCE(temperature=0.5, symmetric=symmetric, mask_same_clip=masked)
    total, weight = loss(Output(video=Named(scale * VIDEO), text=Named(scale * TEXT)), THREE)
    kept = MASKED if masked else ALL
    want = nce(SCORES, kept)
    if symmetric:
        want = (want + nce(TURNED, kept)) / 2
    assert (total.item(), weight.item()) == (pytest.approx(want, rel=1e-5), 3)


def test_contrastive_without_normalising():
    loss = InfoNCE(temperature=0.5, symmetric=False, mask_same_clip=False, normalize=False)
    total, _ = loss(Output(video=Named(2 * VIDEO), text=Named(TEXT)), THREE)
    assert total.item() == pytest.approx(nce([[2 * s for s in row] for row in SCORES], ALL), rel=1e-5)


def test_contrastive_says_what_it_reads_and_that_it_gathers():
    assert InfoNCE().reads == {"video", "text"}
    assert InfoNCE().gathers
    assert not InfoNCE(gather=False).gathers


LOGITS = torch.tensor([[0.0, math.log(3.0), -math.log(3.0)], [0.0, 0.0, 0.0]])  # p = .5 .75 .25 | .5 .5 .5
LABELS = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
FIRST, SECOND = -math.log(0.5) - 2 * math.log(0.75), -3 * math.log(0.5)


@pytest.mark.parametrize(
    ("per", "want", "count"),
    [("positive", FIRST / 2 + SECOND / 1, 2), ("row", FIRST + SECOND, 2), ("label", FIRST + SECOND, 6)],
)
def test_binary_loss(per, want, count):
    total, weight = BinaryLoss(per=per)(Output(attributes=Named(LOGITS, LABELS)), THREE)
    assert (total.item(), weight.item()) == (pytest.approx(want, rel=1e-5), count)


def test_binary_loss_of_rows_that_count():
    for mask in (torch.tensor([True, False]), torch.tensor([[True] * 3, [False] * 3])):
        total, weight = BinaryLoss()(Output(attributes=Named(LOGITS, LABELS, mask)), THREE)
        assert (total.item(), weight.item()) == (pytest.approx(FIRST / 2, rel=1e-5), 1)


def test_binary_loss_clamped():
    """p = sigmoid(-10) counts as .01, without a gradient."""
    logits = torch.tensor([[-10.0, 0.0]], requires_grad=True)
    total, _ = BinaryLoss(clamp=0.01)(Output(attributes=Named(logits, torch.tensor([[1.0, 0.0]]))), THREE)
    assert total.item() == pytest.approx(-math.log(0.01) - math.log(0.5), rel=1e-5)
    total.backward()
    assert logits.grad[0, 0] == 0
    assert logits.grad[0, 1] == pytest.approx(0.5)
