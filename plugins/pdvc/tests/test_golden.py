"""Parity with the authors' code: tensors and losses within their README's tolerance, texts and events equal."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from vidcap_pdvc.importers import pdvc
from vidcap_pdvc.losses import EventCountLoss, EventScoreLoss, EventSpanLoss, EventTokenLoss
from vidcap_pdvc.pyramid import nearest
from vidcap_pdvc.targets import taught

from vidcap_core.api import Batch, GenerateSettings, build_component
from vidcap_core.captioner.captioner import Captioner

TOLERANCE = 5e-5
"""That of the goldens' README."""
CASES = [("standard", "v0"), ("standard", "v1pad"), ("light", "both")]
LOSSES = {"scores": "ce", "spans": "giou", "count": "counter", "tokens": "caption"}
SCALES = {"scores": 2.0, "spans": 4.0, "count": 0.5, "tokens": 2.0}
CaptionerOf = Callable[..., Captioner]


@pytest.fixture(scope="module")
def captioner_of(golden: Any, tmp_path_factory: pytest.TempPathFactory) -> CaptionerOf:
    """`captioner_of("light", text_weight=1.0)`: what an import makes of a checkpoint."""

    def make(name: str, **changes: Any) -> Captioner:
        files = golden.write(tmp_path_factory.mktemp("files"), name)
        made = pdvc.convert(golden.checkpoint(name), files)
        vocabulary = build_component("tokenizers", made.config["tokenizer"]).from_state(made.tokenizer)
        # the goldens' batches are padded, which `frames` would undo
        head = build_component(
            "heads", {**made.config["head"], "frames": None, **changes}, tokenizer=vocabulary
        )
        head.load_state_dict(made.weights)
        losses = {
            "scores": EventScoreLoss(),
            "spans": EventSpanLoss(),
            "count": EventCountLoss(),
            "tokens": EventTokenLoss(),
        }
        return Captioner(head, vocabulary, {}, losses, GenerateSettings(max_length=8, unknown=True)).eval()

    return make


@pytest.fixture(scope="module")
def rates(shared_data: Path) -> list[float]:
    """Shares of ActivityNet's training videos by their number of events: the authors wrote them down as numbers."""
    path = shared_data / "activitynet" / "train.json.gz"
    if not path.is_file():
        pytest.skip(
            "the counter's loss needs ActivityNet's training annotations (../shared/data/activitynet)"
        )
    videos = json.loads(gzip.decompress(path.read_bytes()))
    counts = Counter(len(video["sentences"]) for video in videos.values())
    return [counts[number] / counts.total() for number in range(max(counts) + 1)]


def near(ours: Tensor, theirs: Tensor) -> None:
    assert ours.shape == theirs.shape
    assert bool(((ours - theirs).abs() <= TOLERANCE).all())


def own(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    stream = batch.streams["image"]
    return stream.values, stream.mask, torch.tensor([float(clip.duration or 0) for clip in batch.clips])


@pytest.mark.parametrize(("name", "which"), CASES)
@torch.no_grad()
def test_levels_and_positions(golden: Any, captioner_of: CaptionerOf, name: str, which: str) -> None:
    head: Any = captioner_of(name).head
    pyramid, positions = head.network.pyramid(*own(golden.batch(which)))
    first = 0
    for level, length in enumerate(pyramid.lengths):
        rows = slice(first, first + length)
        near(pyramid.values[:, rows].transpose(1, 2), golden.out(name, which, "match", f"level{level}.src"))
        without = positions[:, rows] - head.network.pyramid.level[level]
        near(without.transpose(1, 2), golden.out(name, which, "match", f"level{level}.pos"))
        assert torch.equal(~pyramid.real[:, rows], golden.out(name, which, "match", f"level{level}.mask"))
        first += length
    near(pyramid.shares, golden.out(name, which, "match", "valid_ratios"))


@pytest.mark.parametrize(("name", "which"), CASES)
@torch.no_grad()
def test_memory_and_what_each_layer_finds(
    golden: Any, captioner_of: CaptionerOf, name: str, which: str
) -> None:
    head: Any = captioner_of(name).head
    memory = head.network.encode(*own(golden.batch(which)))
    near(memory.values, golden.out(name, which, "match", "memory"))
    for number, layer in enumerate(head.network.propose(memory)):
        near(layer.found, golden.out(name, which, "match", "hs")[number])
        near(layer.spans, golden.out(name, which, "match", "pred_boxes")[number])
        near(layer.spans, golden.out(name, which, "match", "inter_references")[number])
        near(layer.scores, golden.out(name, which, "match", "pred_logits")[number, ..., 0])
        near(layer.count, golden.out(name, which, "match", "pred_count")[number])
    near(layer.spans, golden.out(name, which, "infer", "pred_boxes"))


@pytest.mark.parametrize(("name", "which"), CASES)
@torch.no_grad()
def test_pairs_and_words(golden: Any, captioner_of: CaptionerOf, name: str, which: str) -> None:
    """The same query learns the same event, and says the same of it."""
    captioner, batch = captioner_of(name), golden.batch(which)
    head: Any = captioner.head
    memory, counts = head._memory(batch.streams, batch)
    layers = head.network.propose(memory)
    goal = taught(layers, batch, head.tokenizer, 6, True, counts, head.streams)
    ids = golden.numbers[f"out.batch.{which}.cap_tensor"]
    assert torch.equal(goal.words, ids)  # events stand in their order here and there
    words = head._texts(layers, memory, goal).value.log_softmax(-1)
    for layer in range(len(layers)):
        order, first = [], 0
        for row in range(len(batch)):
            query, target = (
                golden.out(name, which, "match", f"match.layer{layer}.video{row}.{what}")
                for what in ("query", "target")
            )
            ours = goal.query[layer][first : first + len(target)][target] - row * layers[0].scores.shape[1]
            assert torch.equal(ours, query)
            order += (target + first).tolist()
            first += len(target)
        near(words[layer][order], golden.out(name, which, "match", f"caption_logprobs.layer{layer}"))


@pytest.mark.parametrize(("name", "which"), CASES)
@torch.no_grad()
def test_losses(golden: Any, captioner_of: CaptionerOf, rates: list[float], name: str, which: str) -> None:
    captioner, batch = captioner_of(name), golden.batch(which)
    counter: Any = captioner.losses["count"]
    counter.rates = rates
    parts = captioner(batch, list(LOSSES))
    ours = {key: float(total / weight) for key, (total, weight) in parts.items()}
    for key, theirs in LOSSES.items():
        layers = sum(
            float(golden.out(name, which, "match", f"loss.loss_{theirs}{layer}")) for layer in ("", "_0")
        )
        assert abs(ours[key] - layers) <= TOLERANCE
    whole = sum(SCALES[key] * value for key, value in ours.items())
    assert abs(whole - float(golden.out(name, which, "match", "loss_weighted_sum"))) <= 4 * TOLERANCE


@pytest.mark.parametrize(("name", "which"), CASES)
@torch.no_grad()
def test_texts_of_all_queries(golden: Any, captioner_of: CaptionerOf, name: str, which: str) -> None:
    captioner, batch = captioner_of(name), golden.batch(which)
    [view] = captioner.head.plan(batch.streams, batch, lambda view: captioner.write(view, batch))
    rows = captioner.write(view, batch)
    ids = golden.out(name, which, "infer", "sampled_ids").flatten(0, 1).tolist()
    logs = golden.out(name, which, "infer", "sampled_logprobs").flatten(0, 1)
    for [text, *_], theirs, log in zip(rows, ids, logs, strict=True):
        ended = theirs[: theirs.index(0)] if 0 in theirs else theirs
        assert text.tokens == ended
        near(torch.tensor(text.log_probs), log[: len(ended)])


@pytest.mark.parametrize("alpha", [1.0, 0.3])
@pytest.mark.parametrize(("name", "which"), CASES)
def test_events_that_are_kept(
    golden: Any, captioner_of: CaptionerOf, name: str, which: str, alpha: float
) -> None:
    """Times, texts, scores and their number, as after the authors' reranking."""
    captioner = captioner_of(name, text_weight=alpha)
    batch = golden.batch(which)
    theirs = golden.meta["inference"][f"{name}.cuda.{which}.infer.events_reranked_alpha{alpha}"]
    for prediction in captioner.predict(batch):
        expected = theirs[prediction.clip.id]
        assert [event.text + "." * bool(event.text) for event in prediction.events] == [
            one["sentence"] for one in expected
        ]
        for event, one in zip(prediction.events, expected, strict=True):
            assert [event.start, event.end] == pytest.approx(one["timestamp"], abs=TOLERANCE * 60)
            assert event.score == pytest.approx(one["joint_score"], abs=TOLERANCE)


def test_rows_of_other_lengths_are_the_nearest(golden: Any) -> None:
    tables = golden.meta["nearest_rescale_indices"]
    for name, rows in tables.items():
        count, frames = map(int, name.split("->"))
        assert nearest(frames, torch.tensor([[count]]))[0].tolist() == rows
    assert tables


@torch.no_grad()
def test_the_fallback_without_a_kernel_is_the_edge(golden: Any, captioner_of: CaptionerOf) -> None:
    """On a CPU the authors' code sees more of the last row outside of a level; published models did not."""
    head: Any = captioner_of("standard").head
    for part in (*head.network.encoder, *head.network.decoder):
        part.attention.outside = "edge"
    memory = head.network.encode(*own(golden.batch("v0")))
    near(memory.values, golden.numbers["out.standard.cpu.v0.match.memory"])
    last = head.network.propose(memory)[-1]
    near(last.spans, golden.numbers["out.standard.cpu.v0.infer.pred_boxes"])
