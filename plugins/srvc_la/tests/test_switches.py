"""What the switches refuse, and inputs that are unusual or wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from vidcap_srvc_la.losses import BranchLoss

from vidcap_core.api import ConfigError, DataError, GenerateSettings, Stream, UserError, View, whole_clips
from vidcap_core.decoding.generate import generate

Make = Callable[..., Any]
TOKENS = frozenset({"tokens"})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pos_enc": False}, "all padding is zeros, which"),
        ({"pos_enc": False, "pad_type": "noise"}, "all padding is zeros at evaluation, which"),
        ({"d_model": 18, "enc_heads": 4}, "head.d_model=24"),
        ({"branches": "visual", "la_query": "joint"}, "head.branches='both'"),
        ({"branches": "language", "fusion": "concat_hidden"}, "needs both branches"),
        ({"fusion_lambda": 1.2}, "between 0 and 1, not 1.2"),
        ({"streams": {}}, "at least one stream"),
        *(
            ({name: value}, f"head.{name} must be at least 1, not {value}")
            for name in ("d_model", "rnn_size", "att_size", "emb_size", "enc_layers", "enc_heads", "enc_ff")
            for value in (0, -128)
        ),
        *(
            ({name: value}, f"head.{name} is at least 0 and below 1, not {value}")
            for name in ("enc_dropout", "out_dropout")
            for value in (1.5, 1.0, -0.1)
        ),
    ],
)
def test_settings_that_contradict_each_other(changes: dict[str, Any], told: str, make_head: Make) -> None:
    with pytest.raises(ConfigError, match="head") as error:
        make_head(**changes)
    assert told in str(error.value)


def test_no_places_and_no_padding_is_fine(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(pos_enc=False, vrc_concat="none"), make_batch(2)
    assert torch.isfinite(head(batch.streams, batch, TOKENS).logits).all()


def test_a_stream_of_another_width_or_name(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(streams={"image": 12}), make_batch(2)
    with pytest.raises(UserError, match=r"head\.streams\.image=10"):
        head(batch.streams, batch, TOKENS)
    with pytest.raises(UserError, match="reads the stream 'motion'"):
        make_head(streams={"motion": 10})(batch.streams, batch, TOKENS)


def test_streams_of_different_lengths(make_head: Make, make_batch: Make) -> None:
    batch = make_batch(2)
    streams = {**batch.streams, "motion": make_batch(2, length=5).streams["image"]}
    with pytest.raises(UserError, match="image 7, motion 5"):
        make_head(streams={"image": 10, "motion": 10})(streams, batch, TOKENS)


def test_a_clip_without_a_frame_is_named(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(), make_batch(3)
    stream = batch.streams["image"]
    empty = {"image": Stream(stream.values, stream.mask & (torch.arange(3) != 1)[:, None])}
    with pytest.raises(UserError, match="the clip 'clip1' has no frame in image"):
        head(empty, batch, TOKENS)
    with pytest.raises(UserError, match="number 2 of the batch"):
        head.start(whole_clips(empty, batch))


def test_a_stream_that_a_clip_lacks_counts_as_zeros(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(streams={"image": 10, "motion": 10}).eval(), make_batch(3)
    image, motion = batch.streams["image"], make_batch(3, seed=5).streams["image"]
    gone = torch.tensor([True, False, True])[:, None]
    garbage = torch.where(gone.unsqueeze(-1), motion.values, torch.nan)
    lacking = {"image": image, "motion": Stream(garbage, motion.mask & gone)}
    zeros = {"image": image, "motion": Stream(torch.where(gone.unsqueeze(-1), motion.values, 0), motion.mask)}
    told, expected = head(lacking, batch, TOKENS).logits, head(zeros, batch, TOKENS).logits
    torch.testing.assert_close(told, expected)


@pytest.mark.parametrize("norm", ["softmax", "sparsemax", "entmax15"])
@pytest.mark.parametrize("concat", ["channel", "seq", "none"])
def test_one_frame(concat: str, norm: str, make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(vrc_concat=concat, attn_norm=norm), make_batch(3, length=3)
    stream = batch.streams["image"]
    one = replace(batch, streams={"image": Stream(stream.values[:, :1], stream.mask[:, :1])})
    loss = BranchLoss(sparse_loss_weight=0.1)
    total, weight = loss(head(one.streams, one, loss.reads), one)
    (total / weight).backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters() if p.grad is not None)
    assert torch.isfinite(total)


@pytest.mark.parametrize("source", ["vrc", "caption"])
def test_a_prompt_is_read_and_its_padding_is_not(source: str, make_head: Make, make_batch: Make) -> None:
    """With the prompt "<bos> a man" the next scores are those that teacher forcing gives after "a man"."""
    head, batch = make_head(lang_la_source=source).eval(), make_batch(2)
    ids = head.tokenizer.encode("a man")
    prompt = torch.tensor([[0, 0, 1, *ids], [0, 0, 1, *ids]])
    view = whole_clips(batch.streams, batch)
    asked = View(view.streams, view.clips, view.spans, prompt, prompt > 0)
    memory, state = head.start(asked)
    told, _ = head.step(prompt[:, -1], memory, state)
    tokens = torch.tensor([[1, *ids, 2]] * 2)
    forced = replace(batch, tokens=tokens, token_mask=tokens >= 0)
    torch.testing.assert_close(told, head(batch.streams, forced, TOKENS).logits[:, 2])


@pytest.mark.parametrize("changes", [{}, {"lang_la_source": "caption"}, {"vrc_concat": "seq"}], ids=str)
def test_beams_of_a_batch_are_those_of_single_clips(
    changes: dict[str, Any], make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(**changes).eval(), make_batch(5)
    settings = GenerateSettings(mode="beam", beam=4, n_best=4, max_length=6)
    view = whole_clips(batch.streams, batch)
    together = generate(head, view, settings, bos=1, eos=2)
    assert len({tuple(row[0].tokens) for row in together}) > 1
    for row in range(5):
        stream = batch.streams["image"]
        one = View({"image": Stream(stream.values[[row]], stream.mask[[row]])}, (0,), (None,))
        alone = generate(head, one, settings, bos=1, eos=2)[0]
        assert [hyp.tokens for hyp in alone] == [hyp.tokens for hyp in together[row]]


def test_word_vectors_from_a_file(tmp_path: Path, make_head: Make, make_batch: Make) -> None:
    file = tmp_path / "vectors.txt"
    file.write_text("dog " + " ".join(["0.5"] * 20) + "\nzebra " + " ".join(["1"] * 20) + "\n")
    head = make_head(glove_path=str(file))
    place = head.tokenizer.words.index("dog")
    assert torch.equal(head.embed.weight[place], torch.full((20,), 0.5))
    assert not torch.equal(head.embed.weight[place + 1], torch.full((20,), 0.5))
    file.write_text("dog 1 2 3\n")
    with pytest.raises(DataError, match=r"vectors.txt:1.*\n.*head\.emb_size=3"):
        make_head(glove_path=str(file))
    file.write_text("zebra " + " ".join(["1"] * 20) + "\n")
    with pytest.raises(DataError, match="knows none of the"):
        make_head(glove_path=str(file))


def test_a_line_of_word_vectors_for_several_words_is_none_for_the_first(
    tmp_path: Path, make_head: Make
) -> None:
    file = tmp_path / "vectors.txt"
    numbers = {word: " ".join([value] * 20) for word, value in (("a", "0.5"), ("dog", "0.25"))}
    file.write_text(f"a name@domain.com {numbers['dog']}\na {numbers['a']}\ndog {numbers['dog']} \r\n")
    head = make_head(glove_path=str(file))
    for word, value in (("a", 0.5), ("dog", 0.25)):
        assert torch.equal(head.embed.weight[head.tokenizer.words.index(word)], torch.full((20,), value))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"dog " + b"1 " * 19 + b"one", r"'one', of the word 'dog', is no number"),
        (b"d\xf6g " + b"1 " * 20, "is not UTF-8"),
        (b"dog " + b"1 " * 30, r"30 numbers for 'dog'.*\n.*head\.emb_size=30"),
        (b"a name@domain.com 1 2 3\ndog 1 2 3", r"3 numbers for 'dog'.*\n.*head\.emb_size=3"),
        (b"dog", "0 numbers for 'dog'"),
    ],
)
def test_a_broken_line_of_word_vectors_is_named(
    line: bytes, told: str, tmp_path: Path, make_head: Make
) -> None:
    file = tmp_path / "vectors.txt"
    file.write_bytes(b"zebra " + b"1 " * 20 + b"\n" + line + b"\n")
    with pytest.raises(DataError, match=rf"vectors\.txt:{2 + line.count(10)}: .*{told}"):
        make_head(glove_path=str(file))


def test_only_training_needs_the_file_of_word_vectors(
    tmp_path: Path, make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(glove_path=str(tmp_path / "gone.txt")), make_batch(2)
    assert torch.isfinite(head.eval()(batch.streams, batch, TOKENS).logits).all()
    with pytest.raises(UserError, match=r"gone\.txt"):
        head.train()(batch.streams, batch, TOKENS)


def test_noise_is_for_training_only(make_head: Make, make_batch: Make) -> None:
    head, batch = make_head(pad_type="noise"), make_batch(2)

    def same() -> bool:
        first, second = (head(batch.streams, batch, TOKENS).logits for _ in range(2))
        return torch.equal(first, second)

    assert not same()
    head.eval()
    assert same()


def test_padding_differs_from_clip_to_clip_in_training(make_head: Make, make_batch: Make) -> None:
    head, stream = make_head(enc_dropout=0.3), make_batch(4).streams["image"]
    padding = head.context(stream.values, stream.mask).values[..., 16:]
    assert not torch.allclose(padding[0], padding[3], atol=1e-3)


def test_a_branch_that_hears_no_words_says_the_same_for_all_of_them(
    make_head: Make, make_batch: Make
) -> None:
    head, batch = make_head(word_in_visual_branch=False, branches="visual").eval(), make_batch(2)
    other = replace(batch, tokens=torch.where(batch.tokens > 3, 5, batch.tokens))
    assert torch.equal(head(batch.streams, batch, TOKENS).logits, head(batch.streams, other, TOKENS).logits)


def test_scheduled_sampling_hears_written_words_at_first_and_the_models_own_in_the_end(
    make_head: Make, make_batch: Make
) -> None:
    """At a share of 1 nothing that was written beyond the first word reaches the branches; at 0 all of it does."""
    written = make_batch()
    head, forced = make_head(scheduled_sampling=1.0).train(), make_head().train()
    other = replace(written, tokens=written.tokens.clone())
    other.tokens[:, 2:-1] = written.tokens[:, 2:-1].flip(0)

    def scores(head: Any, batch: Any, progress: float) -> torch.Tensor:
        torch.manual_seed(3)
        return head(batch.streams, replace(batch, progress=progress), TOKENS).logits

    torch.testing.assert_close(scores(head, written, 0.0), scores(forced, written, 0.0))
    assert not torch.equal(scores(head, written, 0.0), scores(head, other, 0.0))
    torch.testing.assert_close(scores(head, written, 1.0), scores(head, other, 1.0), rtol=0, atol=0)
    torch.testing.assert_close(scores(head.eval(), written, 1.0), scores(forced.eval(), written, 1.0))
    with pytest.raises(ConfigError, match=r"head\.scheduled_sampling lies between 0 and 1, not 1\.5"):
        make_head(scheduled_sampling=1.5)
