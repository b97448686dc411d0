"""The head: what learns, what is left out, what it plans, and its edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from vidcap_wsdvc_mask.losses import MaskDiversity, RowTokenLoss
from vidcap_wsdvc_mask.masks import mask

from vidcap_core.api import Batch, ConfigError, Hyp, Rows, Stream, Timeline, UserError, View, component_of

Make = Callable[..., Any]
TokenLoss = component_of("losses", {"type": "TokenLoss"}).target
ALL = frozenset({"full", "positive", "negative", "masks", "spans"})
IMPROVED = {"mended": True}
PLACES = pytest.mark.parametrize("place", ["query", "frames"])
BOTH = pytest.mark.parametrize("switches", [{}, IMPROVED], ids=["parity", "improved"])


def give(head: Any, batch: Batch, *want: str) -> Any:
    return head(batch.streams, batch, frozenset(want))


@BOTH
def test_every_text_has_its_rows_and_labels(
    switches: dict[str, Any], make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(**switches), make_batch()
    output = give(head, batch, *ALL)
    script, sentences = head.prompts, batch.targets["sentences"]
    wanted = {
        "full": [script.paragraph(one) for one in sentences],
        "positive": [script.event(text) for one in sentences for text in one],
        "negative": [script.others(one, k) for one in sentences if len(one) > 1 for k in range(len(one))],
    }
    for name, rows in wanted.items():
        told = sorted(one for row in rows for one in row.ids[1:])
        assert sorted(output[name].target.tolist()) == told
        assert output[name].value.shape == (len(told), len(head.prompts.tokenizer))
    assert output["masks"].value.shape == (4, 4, 8)
    assert output["masks"].mask.sum(1).tolist() == [3, 2, 1, 4]


@BOTH
def test_captions_teach_where_events_are(switches: dict[str, Any], make_head: Make, make_batch: Make) -> None:
    """(i) Centre and width get gradients from what is inside, and from what is outside."""
    for name in ("positive", "negative"):
        head = make_head(**switches)
        output = give(head, make_batch(), name, "masks")
        total, _ = TokenLoss(output=name)(output, make_batch())
        total.backward()
        for part in head.localiser.last():
            assert float(part.grad.abs().max()) > 0
    real = output["masks"].value[output["masks"].mask]
    assert bool(((real > 0) & (real <= 1)).all())


@pytest.mark.parametrize("masking", ["scale", "attention", "both"])
@pytest.mark.parametrize("blank", [False, True])
def test_what_a_mask_takes_away_cannot_be_read(
    masking: str, blank: bool, make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(masking=masking, blank=blank).eval(), make_batch(length=8)
    frames = head._frames(
        {"image": Stream(batch.streams["image"].values, torch.ones(4, 8, dtype=torch.bool))}
    )
    gone = torch.ones(4, 8)
    gone[:, 3:] = 0
    other = frames.clone()
    other[:, 3:] = torch.randn_like(other[:, 3:])
    assert not torch.allclose(head.encoder(frames), head.encoder(other), atol=1e-2)
    torch.testing.assert_close(head.encoder(frames, gone), head.encoder(other, gone), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("masking", ["scale", "attention", "both"])
def test_a_mask_of_ones_is_no_mask_and_eval_is_train(masking: str, make_head: Make, make_batch: Make) -> None:
    head = make_head(masking=masking)
    frames = head._frames(make_batch().streams)
    one = head.encoder(frames, torch.full((4, 8), 0.7))
    torch.testing.assert_close(head.encoder(frames), head.encoder(frames, torch.ones(4, 8)))
    with torch.no_grad():
        again = head.eval().encoder(frames, torch.full((4, 8), 0.7))
    torch.testing.assert_close(again, one.detach(), atol=1e-5, rtol=1e-5)


@BOTH
def test_step_says_what_forward_taught(switches: dict[str, Any], make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(**{**switches, "length_groups": 1}).eval(), make_batch()
    with torch.no_grad():
        output = give(head, batch, "positive", "positive_rows", "masks")
        masks, owner = output["masks"].value[output["masks"].mask], output["masks"].mask.nonzero()[:, 0]
        stream = batch.streams["image"]
        view = View(
            {"image": Stream(stream.values[owner], stream.mask[owner])},
            tuple(owner.tolist()),
            (None,) * len(owner),
            extras={"masks": masks},
        )
        memory, state = head.start(view)
        rows = [head.prompts.event(text) for one in batch.targets["sentences"] for text in one]
        lines = head.prompts.lines(rows)
        looped = []
        for place in range(lines.ids.shape[1] - 1):
            scores, state = head.step(lines.ids[:, place], memory, state)
            looped.append(scores)
    for row in range(len(rows)):
        fast = output["positive"].value[output["positive_rows"].value == row].log_softmax(-1)
        slow = torch.stack(looped, 1)[row, : len(fast)].log_softmax(-1)
        torch.testing.assert_close(fast, slow, atol=1e-4, rtol=1e-4)


def test_length_groups_change_nothing(make_head: Make, make_batch: Make) -> None:
    found = []
    for groups in (1, 3, 50):
        output = give(make_head(length_groups=groups), make_batch(), "negative", "negative_rows")
        losses = TokenLoss(output="negative"), RowTokenLoss(output="negative")
        found.append([loss(output, make_batch())[0].item() for loss in losses])
    torch.testing.assert_close(
        torch.tensor(found[1:]), torch.tensor(found[:1]).expand(2, 2), rtol=1e-5, atol=1e-4
    )


def test_a_loss_of_one_text_runs_no_other(make_head: Make, make_batch: Make) -> None:
    assert set(give(make_head(), make_batch(), "full")) == {"full"}
    with pytest.raises(UserError, match="a loss reads tokens"):
        give(make_head(), make_batch(), "tokens")


@BOTH
def test_lone_events_have_no_negative(switches: dict[str, Any], make_head: Make, make_batch: Make) -> None:
    """(v) N = 1: no row, no crash, a loss of 0 and finite gradients."""
    head, batch = make_head(**switches), make_batch([("A man runs.",), ("A dog sleeps.",)])
    output = give(head, batch, "negative", "masks")
    loss = [
        TokenLoss(output="negative")(output, batch),
        RowTokenLoss(output="negative")(give(head, batch, "negative", "negative_rows"), batch),
        MaskDiversity()(output, batch),
    ]
    assert [float(weight) for _, weight in loss] == [0, 0, 0]
    sum(total for total, _ in loss).backward()
    grads = [p.grad for p in head.parameters() if p.grad is not None]
    assert grads
    assert all(bool((g == 0).all()) for g in grads)


def test_forty_sentences_and_none(make_head: Make, make_batch: Make) -> None:
    """(v) More events than are used, and a clip without any."""
    forty = tuple(f"A dog {k} runs." for k in range(40))
    model = {key: value for key, value in make_head().lm.config.to_dict().items() if key[0] != "_"}
    output = give(make_head(lm={**model, "n_positions": 512}), make_batch([forty, ()]), *ALL)
    assert output["masks"].mask.sum(1).tolist() == [12, 1]  # "None." stands for no sentence
    batch = make_batch([(), ("A man runs.", "A dog sleeps.")])
    improved = make_head(**IMPROVED)
    output = give(improved, batch, *ALL)
    assert output["masks"].mask.sum(1).tolist() == [0, 2]
    assert bool(torch.isfinite(output["masks"].value).all())
    total = sum(TokenLoss(output=name)(output, batch)[0] for name in ("full", "positive", "negative"))
    (total + MaskDiversity()(output, batch)[0]).backward()
    assert all(bool(torch.isfinite(p.grad).all()) for p in improved.parameters() if p.grad is not None)
    output = give(improved, make_batch([(), ()]), *ALL)
    assert len(output["positive"].target) == 0


def test_a_long_paragraph_fits_into_the_language_model(make_head: Make, make_batch: Make) -> None:
    head = make_head()
    output = give(head, make_batch([("A man runs and runs. " * 60, "A dog sleeps.")]), "full", "full_rows")
    assert len(output["full"].target) == 128 - 8 - 1


@PLACES
def test_spans_of_more_and_fewer_events_and_at_their_floor(
    place: str, make_head: Make, make_batch: Make
) -> None:
    head = make_head(**IMPROVED, place=place)
    assert head.localiser.min_width == 1 / 8
    with torch.no_grad():
        head.localiser.last()[-1].normal_(std=1e6)
        spans = head.localiser(head._frames(make_batch().streams), [16, 1, 2, 3], None)
    widths = spans.width[spans.real]
    assert float(widths.min()) >= 1 / 8
    assert bool(torch.isfinite(mask(spans, 8)).all())


@pytest.mark.parametrize("inside", [False, True])
def test_the_uniform_prior_is_equal_segments(inside: bool, make_head: Make, make_batch: Make) -> None:
    head = make_head(mended=True, inside=inside, place="query")
    spans = head.localiser(head._frames(make_batch().streams), [4, 2, 1, 3], None)
    torch.testing.assert_close(spans.centre[0], torch.tensor([0.125, 0.375, 0.625, 0.875]), atol=0.02, rtol=0)
    torch.testing.assert_close(spans.width[0], torch.full((4,), 0.25))
    assert spans.centre[2, 0].item() == pytest.approx(0.5)


def test_frames_that_know_nothing_belong_to_equal_segments(make_head: Make, make_batch: Make) -> None:
    head = make_head(mended=True, frames=64, masking="scale")
    with torch.no_grad():
        head.localiser.asks.weight.zero_()
        spans = head.localiser(head._frames(make_batch().streams), [4, 2, 1, 3], None)
    torch.testing.assert_close(spans.centre[0], torch.tensor([0.125, 0.375, 0.625, 0.875]), atol=0.03, rtol=0)
    torch.testing.assert_close(spans.width[0], torch.full((4,), 0.25), atol=0.03, rtol=0)
    torch.testing.assert_close(spans.width[2, 0], torch.tensor(1.0))


def test_every_frame_belongs_to_the_event_that_asks_for_it(make_head: Make) -> None:
    """By the formula: p_k(t) = softmax_k, c its mean moment, w its share of the clip; also where order is not."""
    localiser = make_head(mended=True, frames=8, prior="none", inside=False).localiser
    seen, memory = torch.randn(1, 3, 16), torch.randn(1, 8, 16)
    real = torch.tensor([[True, True, False]])
    centre, width = localiser._shared(seen, memory, torch.tensor([2]), real)
    score = (seen @ localiser.asks.weight.T) @ (memory @ localiser.tells.weight.T).transpose(1, 2) / 4
    has = score[0, :2].softmax(0)
    torch.testing.assert_close(width[0, :2], has.mean(1).clamp_min(1 / 8))
    torch.testing.assert_close(centre[0, :2], (has * torch.linspace(0, 1, 8)).sum(1) / has.sum(1))


@PLACES
def test_inside_cuts_no_interval(place: str, make_head: Make, make_batch: Make) -> None:
    head = make_head(mended=True, inside=True, place=place)
    with torch.no_grad():
        for part in head.localiser.last():
            part.normal_(std=3)
        spans = head.localiser(head._frames(make_batch().streams), [4, 2, 1, 3], None)
    assert float((spans.centre - spans.width / 2)[spans.real].min()) >= -1e-6
    assert float((spans.centre + spans.width / 2)[spans.real].max()) <= 1 + 1e-6
    assert float(spans.centre[spans.real].std()) > 0.1


def test_text_conditions_queries_only_when_asked(make_head: Make, make_batch: Make) -> None:
    swapped = [tuple(reversed(one)) for one in make_batch().targets["sentences"]]
    for switches, changes in (({"query_cond": "index"}, False), ({"query_cond": "text"}, True)):
        head = make_head(**switches).eval()
        first = give(head, make_batch(), "masks")["masks"].value
        other = give(head, make_batch(swapped), "masks")["masks"].value
        assert (not torch.allclose(first, other, atol=1e-5)) is changes


@BOTH
def test_it_plans_a_view_an_event_in_time(
    switches: dict[str, Any], make_head: Make, make_batch: Make, make_captioner: Make
) -> None:
    head, batch = make_head(**switches), make_batch()
    for prediction in make_captioner(head).predict(batch, panels=True):
        assert 1 <= len(prediction.events) <= 12
        assert all(0 <= e.start <= e.end <= 20 for e in prediction.events)
        [timeline] = prediction.extras["panels"]
        assert isinstance(timeline, Timeline)
        assert timeline.predicted == prediction.events
        assert len(timeline.masks) == len(prediction.events)
        assert timeline.masks[0].x[-1] == 20


@pytest.mark.parametrize(("count_from", "wanted"), [("sentences", 2), ("number", 3)])
def test_how_many_events_is_asked_of_what_was_written(
    count_from: str, wanted: int, make_head: Make, make_batch: Make
) -> None:
    """Full mode says three and tells two: parity counts sentences, the mend reads the number."""
    head, batch = make_head(count_from=count_from, separator="sep").eval(), make_batch()
    written = head.prompts.paragraph(["A man runs.", "A dog sleeps."]).ids[1:-1]
    three = head.prompts.prompt(head.prompts.full, 3)[1:]
    said = three + written[len(head.prompts.prompt(head.prompts.full, 2)) - 1 :]
    seen: list[View] = []

    def decode(view: View) -> Rows:
        seen.append(view)
        return [[Hyp(said, 0.0, [])] for _ in view.clips]

    [view] = head.plan(batch.streams, batch, decode)
    assert (seen[0].kind, view.kind) == ("count", "event")
    assert seen[0].prompt.tolist() == [[head.prompts.full]] * 4
    assert view.clips == tuple(clip for clip in range(4) for _ in range(wanted))
    assert view.prompt[0].tolist() == head.prompts.prompt(head.prompts.mask, 1)
    ends = [
        [[Hyp(one, 0.0, [])] for _ in range(4)]
        for one in ([], head.prompts.prompt(head.prompts.full, 99)[1:])
    ]
    for nothing, events in zip(ends, (1, 12 if count_from == "number" else 1), strict=True):
        [view] = head.plan(batch.streams, batch, lambda _, nothing=nothing: nothing)
        assert len(view.clips) == 4 * events


def test_masked_mode_writes_no_separator(make_head: Make, make_batch: Make, make_captioner: Make) -> None:
    head = make_head(mended=True)
    captioner = make_captioner(head)
    with torch.no_grad():  # a language model that would write nothing else
        head.lm.get_output_embeddings().weight.zero_()
        head.lm.get_output_embeddings().weight[head.prompts.sep] = 5
        head.lm.transformer.ln_f.bias.fill_(1)
    tokens = {
        token
        for p in captioner.predict(make_batch())
        for said in p.extras["words"]
        for token in said["tokens"]
    }
    assert "<SEP>" in tokens
    captioner.kinds["event"] = replace(captioner.kinds["event"], banned=("<SEP>",))
    tokens = {
        token
        for p in captioner.predict(make_batch())
        for said in p.extras["words"]
        for token in said["tokens"]
    }
    assert "<SEP>" not in tokens


def test_parity_counts_with_the_weights_of_stage_1(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(), make_batch()
    give(head, batch, "full")
    assert not bool(head.stage1.there)
    before = head.encoder.positions.detach().clone()
    give(head, batch, "positive")  # the first masks end stage 1
    assert bool(head.stage1.there)
    with torch.no_grad():
        head.encoder.positions.add_(1)
        head.localiser.queries.add_(1)
    queries = head.localiser.queries.detach().clone()
    give(head, batch, "positive")
    with head.stage1.instead_of(head._captioning()):
        assert torch.equal(head.encoder.positions, before)
        assert torch.equal(head.localiser.queries, queries)
    torch.testing.assert_close(head.encoder.positions.detach(), before + 1)
    other = make_head()
    other.load_state_dict(head.state_dict())
    assert bool(other.stage1.there)
    assert make_head(count_weights="final").stage1 is None


@pytest.mark.parametrize("place", ["query", "frames"])
def test_spans_and_masks_are_float32_under_bfloat16_always_under_float16_when_asked(
    make_head: Make, make_batch: Make, place: str
) -> None:
    cases = [
        (torch.bfloat16, True, torch.float32),
        (torch.bfloat16, False, torch.float32),
        (torch.float16, True, torch.float32),
    ]
    if place == "query":  # frames are shared out by a softmax, which is float32 in any case
        cases.append((torch.float16, False, torch.float16))
    for kind, float32, wanted in cases:
        head = make_head(float32=float32, place=place, min_width=None)
        with torch.autocast("cpu", dtype=kind):
            made = give(head, make_batch(), "spans", "masks")
            assert made["spans"].value.dtype == made["masks"].value.dtype == wanted, (kind, float32)


def test_similarity_reads_sentence_features(make_head: Make, make_batch: Make) -> None:
    vectors = [torch.randn(len(one), 10).numpy() for one in make_batch().targets["sentences"]]
    head = make_head()
    inside = give(head, make_batch(sentence_features=vectors), "inside")["inside"]
    assert inside.value.shape == inside.target.shape == (4, 4, 10)
    inside.value.sum().backward()
    assert head.localiser.centre.weight.grad is not None
    with pytest.raises(UserError, match="sentence_features"):
        give(head, make_batch(), "inside")


@pytest.mark.parametrize("length", [1, 3, 8, 30])
def test_any_number_of_frames(length: int, make_head: Make, make_batch: Make) -> None:
    batch = make_batch([("A man runs.", "A dog sleeps.")], length=length)
    assert bool(torch.isfinite(give(make_head(), batch, "positive")["positive"].value).all())


def test_bad_input_says_what_and_where(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(), make_batch()
    stream = batch.streams["image"]
    with pytest.raises(UserError, match="'sentences'"):
        give(head, replace(batch, targets={}), "full")
    none = stream.mask.clone()
    none[2] = False
    with pytest.raises(UserError, match="nothing for clip2"):
        give(head, replace(batch, streams={"image": Stream(stream.values, none)}), "full")
    with pytest.raises(UserError, match="reads the stream 'image'"):
        give(head, replace(batch, streams={}), "full")
    clips = tuple(replace(clip, duration=None) for clip in batch.clips)
    with pytest.raises(UserError, match="no known duration"):
        head.plan(
            batch.streams, replace(batch, clips=clips), lambda view: [[Hyp([], 0.0, [])] for _ in view.clips]
        )
    pictures = tuple(replace(clip, end=None, duration=0.0) for clip in batch.clips)
    *_, views = head.plan(
        batch.streams, replace(batch, clips=pictures), lambda view: [[Hyp([], 0.0, [])] for _ in view.clips]
    )
    assert set(views.spans) == {(0.0, 0.0)}, "a picture lasts no time"
    for wrong in ({"project": False}, {"heads": 3}, {"max_events": 17}, {"frames": 1}, {"kernel": 4}):
        with pytest.raises(ConfigError):
            make_head(**wrong)
