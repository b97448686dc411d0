"""Parity with the authors' code: tensors within their README's tolerance, and texts equal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from vidcap_swinbert.importers import swinbert
from vidcap_swinbert.losses import SparsityLoss
from vidcap_swinbert.masked_words import MaskedWords
from vidcap_swinbert.pixels import chosen_frames, pixels

from vidcap_core.api import Batch, Clip, GenerateSettings, HFTokenizer, Stream, View, build_component
from vidcap_core.decoding.generate import generate
from vidcap_core.losses.token import TokenLoss

TENSORS, LOSSES = 2e-5, 1e-5
"""Tolerances that the golden's README states."""
Made = tuple[Any, Any]


@pytest.fixture(scope="module")
def made_of(golden: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Made]:
    """`made_of("soft")`: encoder and head that an import makes of the checkpoint, with a mask of this kind."""
    files = golden.files(tmp_path_factory.mktemp("beside"))

    def make(mask: str) -> Made:
        given = swinbert.convert(golden.weights, files)
        tokenizer = HFTokenizer.from_state(dict(given.tokenizer))
        head = build_component("heads", {**given.config["head"], "mask": mask}, tokenizer=tokenizer)
        kept = {name: value for name, value in given.weights.items() if mask != "full" or "mask" not in name}
        head.load_state_dict(kept)
        encoder = build_component("encoders", given.config["encoders"]["video"])
        encoder.load_state_dict(given.encoders["video"])
        return encoder.eval(), head.eval()

    return make


def near(ours: Tensor, theirs: Tensor, tolerance: float = TENSORS) -> None:
    assert ours.shape == theirs.shape
    assert float((ours - theirs).abs().max()) <= tolerance


@torch.no_grad()
def test_tokens_of_the_network_over_frames(golden: Any, made_of: Callable[[str], Made]) -> None:
    encoder, _ = made_of("soft")
    for prefix, frames in (("soft", golden.numbers["in.frames"]), ("odd", golden.numbers["in.frames_odd"])):
        video = frames.transpose(1, 2)
        states = encoder.network.patch_embed(video)
        near(states.movedim(-1, 1), golden.numbers[f"out.{prefix}.patch_embed"])
        for number, layer in enumerate(encoder.network.features):
            states = layer(states)
            halved = number % 2 == 1 or number == len(encoder.network.features) - 1
            if halved:  # the authors count a stage with the halving behind it
                near(states.movedim(-1, 1), golden.numbers[f"out.{prefix}.stage{number // 2}"])
        near(encoder.tokens(video).movedim(-1, 1), golden.numbers[f"out.{prefix}.swin"])


def video_of(golden: Any) -> Stream:
    """The tokens that the authors' network gave, row after row."""
    tokens = golden.numbers["out.soft.swin"].movedim(1, -1).flatten(1, 3)
    return Stream(tokens, torch.ones(tokens.shape[:2], dtype=torch.bool))


def given_words(golden: Any) -> MaskedWords:
    """The authors' masked captions: what is given, and which words are wanted where."""
    numbers = golden.numbers
    where = numbers["in.train.masked_pos"].bool()
    most = numbers["in.train.masked_ids"].shape[1]
    index = (~where).long().argsort(dim=1, stable=True)[:, :most]
    wanted = numbers["in.train.masked_ids"]
    return MaskedWords(numbers["in.train.input_ids"], index, wanted.clamp_min(0), wanted >= 0)


@pytest.mark.parametrize(("mask", "name"), [("soft", "soft"), ("hard", "hard"), ("full", "seq2seq")])
@torch.no_grad()
def test_hidden_words_and_losses(
    golden: Any, made_of: Callable[[str], Made], monkeypatch: pytest.MonkeyPatch, mask: str, name: str
) -> None:
    _, head = made_of(mask)
    numbers, words = golden.numbers, given_words(golden)
    monkeypatch.setattr("vidcap_swinbert.head.mask_words", lambda *_: words)
    stream = video_of(golden)
    tokens = numbers["in.train.input_ids"]
    batch = Batch(
        clips=(Clip("a"), Clip("b")), streams={"video": stream}, tokens=tokens, token_mask=tokens != 0
    )
    memory = head.network.video(stream)
    read = head._hidden_words(tokens, tokens != 0, memory)
    near(read.value[words.counts], numbers[f"out.{name}.mlm_logits"])
    if mask == "soft":
        near(head.network.project(stream.values), numbers["out.soft.fc"])
        near(head.network.embed(numbers["out.soft.fc"]), numbers["out.soft.img_embedding"])
        places = torch.arange(tokens.shape[1])
        near(head.network.words(tokens, places), numbers["out.soft.bert_embeddings"])
    states, _ = head.network.text(
        tokens, torch.arange(tokens.shape[1]), torch.full((14, 14), -1e4).triu(1), memory
    )
    near(states[tokens != 0], numbers[f"out.{name}.bert_layer1"][:, :14][tokens != 0])
    head.train()
    for part in head.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        if hasattr(part, "rate"):
            part.rate = 0.0
    want = {"tokens"} if mask == "full" else {"tokens", "sparsity"}
    output = head(batch.streams, batch, want)
    total, weight = TokenLoss()(output, batch)
    loss = float(total / weight)
    assert abs(loss - float(numbers[f"out.{name}.mlm_loss"])) < LOSSES
    if mask != "full":
        sparse, clips = SparsityLoss()(output, batch)
        assert abs(float(sparse / clips) - float(numbers[f"out.{name}.loss_sparsity"])) < LOSSES
        assert abs(loss + 0.5 * float(sparse / clips) - float(numbers[f"out.{name}.loss_total"])) < LOSSES


@torch.no_grad()
def test_each_word_of_greedy_decoding(golden: Any, made_of: Callable[[str], Made]) -> None:
    _, head = made_of("soft")
    view = View({"video": video_of(golden)}, (0, 1), (None, None))
    memory, state = head.start(view)
    ids = golden.numbers["out.greedy.ids"][:, 0]
    for position in range(ids.shape[1] - 1):
        logits, state = head.step(ids[:, position], memory, state)
        theirs = golden.numbers["out.greedy.step_logits"][:, position]
        going = (ids[:, : position + 1] != 3).all(1)
        near(logits[going], theirs[going])


@pytest.mark.parametrize(("beam", "name"), [(1, "greedy"), (3, "beam3")])
def test_texts_from_pixels(golden: Any, made_of: Callable[[str], Made], beam: int, name: str) -> None:
    encoder, head = made_of("soft")
    with torch.no_grad():
        tokens = encoder.tokens(golden.numbers["in.frames"].transpose(1, 2)).flatten(1, 3)
    stream = Stream(tokens, torch.ones(tokens.shape[:2], dtype=torch.bool))
    settings = GenerateSettings(
        mode="beam", beam=beam, length="hf", early_stopping="never", max_length=9, unknown=True
    )
    rows = generate(head, View({"video": stream}, (0, 1), (None, None)), settings, bos=2, eos=3)
    ours = [head.tokenizer.decode(row[0].tokens) for row in rows]
    assert ours == golden.meta[f"{name}_captions"]
    for row, ids in zip(rows, golden.numbers[f"out.{name}.ids"][:, 0].tolist(), strict=True):
        assert row[0].tokens == ids[1 : ids.index(3)]
    for row, theirs in zip(rows, golden.numbers[f"out.{name}.logprobs"][:, 0].tolist(), strict=True):
        assert abs(row[0].score - theirs) < TENSORS  # a mean over words and the end


def test_preparation_of_frames(golden: Any) -> None:
    ours = pixels(golden.numbers["in.raw_frames"].movedim(1, -1), 64)
    theirs = golden.numbers["out.preprocessed"]
    step = 1 / 255 / 0.224
    assert ours.shape == theirs.shape
    off = (ours - theirs).abs()
    assert (
        float(off.max()) < 2.01 * step
    )  # PIL's weights differ a little: a few bytes are rounded the other way
    assert float((off > TENSORS).float().mean()) < 0.05


def test_which_frames_are_seen(golden: Any) -> None:
    tables = golden.meta["frame_index_tables"]
    assert tables
    for name, table in tables.items():
        there, count = map(int, name.split("->"))
        frames, mask = torch.arange(there)[None], torch.ones(1, there, dtype=torch.bool)
        assert chosen_frames(frames, mask, count)[0].tolist() == table["online_decode"]


def test_a_bundle_holds_all_of_it(golden: Any, tmp_path: Path) -> None:
    from vidcap_core.cli.main import main
    from vidcap_core.saved.load import load_captioner

    file = tmp_path / "model.bin"
    torch.save(golden.weights, file)
    beside = [word for key, path in golden.files(tmp_path).items() for word in ("--file", f"{key}={path}")]
    assert main(["import", "swinbert", str(file), *beside, "-o", str(tmp_path / "bundle")]) == 0
    captioner: Any = load_captioner(str(tmp_path / "bundle"))
    with torch.no_grad():
        tokens = captioner.encoders["video"].tokens(golden.numbers["in.frames"].transpose(1, 2))
    near(tokens.movedim(-1, 1), golden.numbers["out.soft.swin"])
