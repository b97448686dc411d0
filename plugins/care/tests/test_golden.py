"""Parity with the authors' code: tensors within their README's tolerance, and texts equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from vidcap_care.importers import care, nacf
from vidcap_care.losses import LengthLoss
from vidcap_care.refine import Plan

from vidcap_core.api import Batch, Clip, GenerateSettings, Named, Output, build_component
from vidcap_core.decoding.generate import generate
from vidcap_core.losses.binary import BinaryLoss
from vidcap_core.losses.token import TokenLoss

CARE, NACF = 5e-5, 2e-5
"""Tolerances that the goldens' READMEs state."""
LETTERS = {"base": "ami", "care": "amir", "cabase": "ami", "arb": "mi", "nacf": "mi"}
HeadOf = Callable[[str, str], Any]
PARADIGMS = {"mp": "mask_predict", "ef": "easy_first", "l2r": "left_to_right"}
"""Short names of the goldens."""


@pytest.fixture(scope="module")
def head_of(golden: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Any]:
    """`head_of(repository, model)`: the head that an import makes of a checkpoint, anew for each call."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def make(repository: str, model: str) -> Any:
        files = {"words": golden.write_words(folder)}
        if model == "nacf":
            files["teacher"] = golden.write(folder, repository, "arb")
        importer = nacf if model == "nacf" else care
        made = importer.convert(golden.checkpoint(repository, model), files)
        head = build_component("heads", made.config["head"], tokenizer=golden.vocabulary)
        head.load_state_dict(made.weights)
        if model == "nacf":
            head.length_beam = 3  # as in the goldens; the authors' options say 6
        return head.eval()

    return make


def near(ours: Tensor, theirs: Tensor, tolerance: float) -> None:
    assert ours.shape == theirs.shape
    assert float((ours - theirs).abs().max()) <= tolerance


@pytest.mark.parametrize("model", ["base", "care", "cabase", "arb"])
@torch.no_grad()
def test_words_of_care_and_its_relatives(golden: Any, head_of: HeadOf, model: str) -> None:
    numbers, head = golden.numbers["care"], head_of("care", model)
    memory = head.network.encode(golden.view("care", LETTERS[model]).streams, "test")
    ids, out = numbers["in.ar.input_ids"], f"out.{model}."
    near(memory.states, numbers[f"{out}encoder_hidden_states"], CARE)
    near(head.network.words(ids, 0, memory.shared), numbers[f"{out}dec_embeddings"], CARE)
    hidden, _ = head.network.left_to_right(ids, memory)
    real = ids != 0  # the authors hide padding from padding; nothing reads it
    near(hidden[real], numbers[f"{out}hidden_states"][real], CARE)
    near(head.network.classify(hidden)[real], numbers[f"{out}logits"][real], CARE)
    if memory.guidance is not None:
        near(memory.guidance.logits.sigmoid(), numbers[f"{out}preds_attr"], CARE)
        assert torch.equal(memory.guidance.best, numbers[f"{out}semantic_labels"])
        near(memory.guidance.states, numbers[f"{out}semantic_embs"], CARE)


@pytest.mark.parametrize("model", ["base", "care", "cabase", "arb"])
@torch.no_grad()
def test_losses_of_care_and_its_relatives(golden: Any, head_of: HeadOf, model: str) -> None:
    numbers, head = golden.numbers["care"], head_of("care", model)
    start, labels = numbers["in.ar.input_ids"], numbers["in.ar.labels"]
    tokens = torch.cat([start, labels[:, -1:]], 1)
    texts = ("a man is cooking food in the kitchen", "a dog running fast")
    batch = Batch(
        clips=(Clip("a"), Clip("b")),
        streams=golden.view("care", LETTERS[model]).streams,
        texts=texts,
        tokens=tokens,
        token_mask=torch.cat([torch.ones(2, 1, dtype=torch.bool), labels != 0], 1),
    )
    want = {"tokens"} if head.network.concepts is None else {"tokens", "concepts"}
    output = head(batch.streams, batch, want)
    total, weight = TokenLoss(reduce="clip")(output, batch)
    assert abs(float(total / weight - numbers[f"out.{model}.loss.Lang_Loss"])) < CARE
    if "concepts" in want:
        labels_attr = numbers["in.labels_attr"][:, :60]
        named = Named(output["concepts"].value, labels_attr)
        loss = BinaryLoss(output="concepts", per="positive", clamp=0.01)
        total, weight = loss(Output(concepts=named), batch)
        assert abs(float(total / weight - numbers[f"out.{model}.loss.V-Attr"])) < CARE


@pytest.mark.parametrize("model", ["base", "care", "cabase", "arb"])
@pytest.mark.parametrize(("beam", "alpha", "top"), [(1, 1.0, 1), (5, 1.0, 1), (5, 0.7, 1), (5, 1.0, 3)])
def test_greedy_and_beam_texts(
    golden: Any, head_of: HeadOf, model: str, beam: int, alpha: float, top: int
) -> None:
    numbers, name = golden.numbers["care"], f"{model}.beam{beam}_alpha{alpha}_topk{top}"
    settings = GenerateSettings(
        mode="beam",
        beam=beam,
        length="hf",
        alpha=alpha,
        stop="n_finished",
        max_length=11,
        n_best=top,
        unknown=True,
    )
    rows = generate(head_of("care", model), golden.view("care", LETTERS[model]), settings, bos=2, eos=3)
    for row, texts in enumerate(golden.results[name]):
        ours = [golden.vocabulary.decode(hyp.tokens) for hyp in rows[row]]
        assert ours[: len(texts)] == texts  # where fewer texts ended, ours go on with unfinished ones
        for index in range(len(texts)):
            theirs = float(numbers[f"out.{name}.scores"][row, index])
            assert abs(rows[row][index].score - theirs) < CARE


@pytest.mark.parametrize(("beam", "top"), [(1, 1), (5, 1), (5, 3)])
def test_greedy_and_beam_ids_of_the_other_layout(golden: Any, head_of: HeadOf, beam: int, top: int) -> None:
    numbers, name = golden.numbers["nacf"], f"out.arb.beam{beam}_alpha1.0_topk{top}"
    settings = GenerateSettings(
        mode="beam", beam=beam, length="hf", stop="n_finished", max_length=11, n_best=top, unknown=True
    )
    rows = generate(head_of("nacf", "arb"), golden.view("nacf", "mi"), settings, bos=2, eos=3)
    for row, theirs in enumerate(numbers[f"{name}.ids"].tolist()):
        for index, ids in enumerate(theirs):
            if not any(ids):  # they drop what did not end
                continue
            ended = ids[: ids.index(3)] if 3 in ids else [number for number in ids if number]
            assert rows[row][index].tokens == ended
            assert abs(rows[row][index].score - float(numbers[f"{name}.scores"][row, index])) < NACF


@torch.no_grad()
def test_words_of_arb_in_the_other_layout(golden: Any, head_of: HeadOf) -> None:
    numbers, head = golden.numbers["nacf"], head_of("nacf", "arb")
    memory = head.network.encode(golden.view("nacf", "mi").streams, "test")
    tokens = numbers["in.ar.tokens"][:, :-1]
    near(memory.states, numbers["out.arb.enc_output"], NACF)
    hidden, _ = head.network.left_to_right(tokens, memory)
    logs = head.network.classify(hidden).log_softmax(-1)
    near(logs[tokens != 0], numbers["out.arb.logprobs.0"][tokens != 0], NACF)


@pytest.mark.parametrize("repository", ["care", "nacf"])
@torch.no_grad()
def test_words_and_lengths_of_nacf(golden: Any, head_of: HeadOf, repository: str) -> None:
    numbers, head = golden.numbers[repository], head_of(repository, "nacf")
    tolerance = CARE if repository == "care" else NACF
    memory = head.network.encode(golden.view(repository, "mi").streams, "test")
    for index, kind in enumerate(("vis", "mlm")):
        tokens = numbers[f"in.na.input_ids.{kind}"]
        logits = head.network.classify(head.network.at_once(tokens, tokens != 0, memory))
        if repository == "care":
            near(logits, numbers[f"out.nacf.logits.{index}"], tolerance)
        else:
            near(logits.log_softmax(-1), numbers[f"out.nacf.logprobs.{index}"], tolerance)
    name = "out.nacf.preds_length" if repository == "care" else "out.nacf.pred_length"
    near(head.length(memory.mean).log_softmax(-1), numbers[name], tolerance)
    assert torch.equal(head.candidate_lengths(memory, 4, 11), numbers["out.nacf.length_beam"])


@pytest.mark.parametrize("repository", ["care", "nacf"])
@torch.no_grad()
def test_losses_of_nacf(golden: Any, head_of: HeadOf, repository: str) -> None:
    numbers, head = golden.numbers[repository], head_of(repository, "nacf")
    tolerance = CARE if repository == "care" else NACF
    memory = head.network.encode(golden.view(repository, "mi").streams, "test")
    total = 0.0
    batch = Batch(clips=(Clip("a"), Clip("b")))
    for kind, scale in (("vis", 0.8), ("mlm", 1.0)):
        tokens, labels = numbers[f"in.na.input_ids.{kind}"], numbers[f"in.na.labels.{kind}"]
        logits = head.network.classify(head.network.at_once(tokens, tokens != 0, memory))
        output = Output(tokens=Named(logits, labels, labels != 0))
        sum_, weight = TokenLoss(reduce="clip")(output, batch)
        total += scale * float(sum_ / weight)
    name = "Lang_Loss" if repository == "care" else "Cap_Loss"
    assert abs(total - float(numbers[f"out.nacf.loss.{name}"])) < tolerance
    logs = head.length(memory.mean).log_softmax(-1)
    loss = LengthLoss(reduce="clip" if repository == "care" else "class")
    sum_, weight = loss(Output(length=Named(logs, numbers["in.na.length_target"])), batch)
    assert abs(float(sum_ / weight) - float(numbers["out.nacf.loss.Length_Loss"])) < tolerance


CASES = [
    (repository, short, template, judged)
    for repository in ("care", "nacf")
    for short in PARADIGMS
    for template in ("ct", "noct")
    for judged in ("alone", "teacher", "teacher_masking")
    if short == "mp" or judged != "teacher_masking"
]


@pytest.mark.parametrize(("repository", "short", "template", "judged"), CASES)
@torch.no_grad()
def test_texts_that_are_written_at_once(
    golden: Any, head_of: HeadOf, repository: str, short: str, template: str, judged: str
) -> None:
    numbers, head = golden.numbers[repository], head_of(repository, "nacf")
    name = f"out.nacf.{short}.{template}.{judged}"
    head.refinement = Plan(PARADIGMS[short], template == "ct", 4, 2, 2)
    head.teacher_masks = judged == "teacher_masking"
    if judged == "alone":
        head.teacher = None
    given = golden.view(repository, "mi")
    memory = head.network.encode(given.streams, "test")
    lengths = head.candidate_lengths(memory, 4, 11)
    tokens, logs = head.candidates(given, memory, lengths)
    best = head.best(logs, lengths)
    assert torch.equal(tokens[[0, 1], best], numbers[f"{name}.ids"].view(2, -1))
    if repository == "care":
        near(logs[[0, 1], best], numbers[f"{name}.logprobs"].view(2, -1), CARE)
        rows = generate(head, given, GenerateSettings(max_length=12, unknown=True), bos=2, eos=3)
        texts = [golden.vocabulary.decode(row[0].tokens) for row in rows]
        assert [[text] for text in texts] == golden.results[f"nacf.{short}.{template}.{judged}"]
