"""Parity with the authors' code, on weights that `vidcap import wsdvc_mask` brings in."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from vidcap_wsdvc_mask.head import MaskHead
from vidcap_wsdvc_mask.losses import MaskDiversity
from vidcap_wsdvc_mask.masks import interval, seconds

from vidcap_core.api import Batch, GenerateSettings, View
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.cli.main import main
from vidcap_core.losses.token import TokenLoss
from vidcap_core.saved.load import load_captioner

CLOSE, MASKED = 1e-5, 2e-4
"""Tolerances that the goldens' README states; the second one for logits behind masks."""
OUT = "out.full_mask."
EVENT = GenerateSettings(mode="beam", beam=4, length="hf", no_repeat_ngram=4, max_length=32, min_length=4)
WHOLE = GenerateSettings(mode="beam", beam=4, length="hf", no_repeat_ngram=4, max_length=128, min_length=8)


@pytest.fixture(scope="module")
def bundle(golden: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that the command makes of the authors' file."""
    folder = tmp_path_factory.mktemp("imported")
    named = [f"--file={name}={path}" for name, path in golden.files(folder).items()]
    out = folder / "bundle"
    assert (
        main(["import", "wsdvc_mask", str(golden.folder / "weights.safetensors"), *named, "-o", str(out)])
        == 0
    )
    return out


@pytest.fixture
def head(bundle: Path) -> MaskHead:
    loaded: Any = load_captioner(str(bundle)).head
    return loaded.eval()  # type: ignore[no-any-return]


def near(ours: Tensor, theirs: Tensor, tolerance: float) -> None:
    assert ours.shape == theirs.shape
    assert bool(((ours - theirs).abs() <= tolerance).all())


def in_our_order(numbers: dict[str, Tensor], mode: str) -> tuple[Tensor, Tensor]:
    """Labels and logits of all taught words; short rows come first here."""
    labels, logits, real = (
        numbers[f"{OUT}{mode}.gpt2.{name}"] for name in ("labels", "logits", "attention_mask")
    )
    order = sorted(range(len(labels)), key=lambda row: int(real[row].sum()))
    taught = labels[order][:, 1:] != -100
    return labels[order][:, 1:][taught], logits[order][:, :-1][taught]


def test_rows_are_resampled_as_theirs(golden: Any) -> None:
    from vidcap_wsdvc_mask.frames import resampled

    for row, name in enumerate(("v_a", "v_b")):
        given = golden.numbers[f"in.raw_features.{name}"][None]
        ours = resampled(given, torch.ones(given.shape[:2], dtype=torch.bool), 8)
        near(ours[0], golden.numbers["in.video_features"][row], 1e-6)


@torch.no_grad()
def test_full_mode(golden: Any, head: MaskHead) -> None:
    batch, numbers = golden.batch(), golden.numbers
    near(head.encoder(numbers["in.video_features"]), numbers[f"{OUT}full.video_encoder"], CLOSE)
    output = head(batch.streams, batch, {"full"})
    target, logits = in_our_order(numbers, "full")
    assert torch.equal(output["full"].target, target)  # type: ignore[arg-type]
    near(output["full"].value, logits, CLOSE)
    total, weight = TokenLoss(output="full")(output, batch)
    assert abs(float(total / weight) - float(numbers[f"{OUT}full.loss_caption"])) <= CLOSE


@torch.no_grad()
def test_where_events_are(golden: Any, head: MaskHead) -> None:
    numbers, counts = golden.numbers, golden.numbers["in.num_sents"].tolist()
    spans = head.localiser(numbers["in.video_features"], counts)
    left, right = (part[spans.real][:, None] for part in interval(spans))
    near(left, numbers[f"{OUT}localize.left"], CLOSE)
    near(right, numbers[f"{OUT}localize.right"], CLOSE)
    near(head._masks(spans)[spans.real][..., None], numbers[f"{OUT}localize.mask"], CLOSE)
    clips = golden.batch().clips
    owner = [clip for clip, count in zip(clips, counts, strict=True) for _ in range(count)]
    told = [list(one) for one in seconds(spans, owner)]
    assert told == [
        pytest.approx(one) for one in golden.meta["results"]["full_mask.localize.intervals_seconds"]
    ]


@pytest.mark.parametrize(("ours", "theirs"), [("positive", "pos"), ("negative", "neg")])
@torch.no_grad()
def test_masked_mode(golden: Any, head: MaskHead, ours: str, theirs: str) -> None:
    """Losses within 1e-5; what frames under masks become is rounded to half precision, which moves logits more."""
    batch, numbers = golden.batch(), golden.numbers
    output = head(batch.streams, batch, {ours, "masks"})
    target, logits = in_our_order(numbers, theirs)
    assert torch.equal(output[ours].target, target)  # type: ignore[arg-type]
    near(output[ours].value, logits, MASKED)
    total, weight = TokenLoss(output=ours)(output, batch)
    assert abs(float(total / weight) - float(numbers[f"{OUT}{theirs}.loss_caption"])) <= CLOSE
    total, weight = MaskDiversity()(output, batch)
    assert abs(float(total / weight) - float(numbers[f"{OUT}{theirs}.loss_div"])) <= CLOSE


def ids_of(captioner: Captioner, view: View, settings: GenerateSettings, batch: Batch) -> list[list[int]]:
    return [row[0].tokens for row in captioner.write(view, batch, settings)]


def same(ours: list[list[int]], theirs: Tensor, ends: set[int]) -> None:
    """Up to the end, or the padding behind what was cut."""
    for row, ids in zip(ours, theirs.tolist(), strict=True):
        assert row == list(takewhile(lambda number: number not in ends, ids))


@torch.no_grad()
def test_texts(golden: Any, bundle: Path) -> None:
    """Beam search over 4 in both modes; the events are as many as the sentences."""
    captioner, batch, numbers = load_captioner(str(bundle)).eval(), golden.batch(), golden.numbers
    head: Any = captioner.head
    ends = {golden.meta["tokenizer"]["eos"], golden.meta["tokenizer"]["pad"]}
    prompt = torch.full((2, 1), head.prompts.full)
    whole = View(batch.streams, (0, 1), (None, None), prompt, kind="count")
    same(ids_of(captioner, whole, WHOLE, batch), numbers[f"{OUT}generate_full.ids"], ends)
    assert captioner.kinds["count"].max_length == WHOLE.max_length
    counts = numbers["in.num_sents"].tolist()
    owner = [clip for clip, count in enumerate(counts) for _ in range(count)]
    spans = head.localiser(numbers["in.video_features"], counts)
    view = View(
        {"image": batch.streams["image"].rows(owner)},
        tuple(owner),
        (None,) * len(owner),
        torch.tensor([head.prompts.prompt(head.prompts.mask, 1)] * len(owner)),
        kind="event",
        extras={"masks": head._masks(spans)[spans.real]},
    )
    assert captioner.settings == EVENT
    same(ids_of(captioner, view, EVENT, batch), numbers[f"{OUT}localize.ids"], ends)


def test_prompts_are_cut_as_theirs(golden: Any, head: MaskHead) -> None:
    for text, ids in golden.meta["results"]["prompt_ids"].items():
        mode = head.prompts.full if text.startswith("<FULL>") else head.prompts.mask
        number = text.partition(">")[2].partition(" ")[0]
        assert ([mode] if not number else head.prompts.prompt(mode, int(number))) == ids
