"""What cannot work is refused with the reason; what only looks odd works."""

from __future__ import annotations

import re

import films
import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel
from vidcap_mffcl.head import MFFCLHead

from vidcap_core.api import ConfigError, GenerateSettings, UserError, build_component
from vidcap_core.datasets.jsonl import Jsonl
from vidcap_core.engine import runs
from vidcap_core.testing import collate


def folder(path, **keys):
    GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=1, n_head=4, n_positions=64, **keys)).save_pretrained(path)
    return str(path)


def built(tokenizer, lm):
    return MFFCLHead(
        streams={"video": 8},
        tokenizer=tokenizer,
        lm=lm,
        width=16,
        heads=2,
        feed=16,
        layers=1,
        sequence=2,
        prompt_length=4,
    )


def test_a_model_without_padding_learns_eos_and_never_padding(small, shared_data, tmp_path):
    tokenizer = build_component(
        "tokenizers", {"type": "HFTokenizer", "name": str(shared_data / "tokenizers" / "gpt2")}
    )
    assert tokenizer.pad_id == tokenizer.eos_id  # GPT-2 has no padding of its own
    made = small(lm=folder(tmp_path, vocab_size=50257), tokenizer=tokenizer)
    texts = ["a man is playing the guitar", "a dog", "two people talk"]
    batch = made.batch(3, texts)
    lengths = batch.token_mask.sum(1)
    assert lengths.tolist() == [8, 4, 5]
    _, weight = made.captioner(batch, ["tokens"])["tokens"]
    assert weight == (lengths - 1).sum()
    assert batch.tokens[1, :4].tolist()[-1] == tokenizer.eos_id  # which is learnt; what follows is not
    longer = made.batch(3, [texts[0] + " in a park with a dog", *texts[1:]])
    one = made.output("tokens", batch=batch)["tokens"]
    other = made.output("tokens", batch=longer)["tokens"]
    assert torch.equal(other.mask[1].nonzero(), one.mask[1].nonzero())
    assert torch.allclose(one.value[1:, :4], other.value[1:, :4], atol=1e-5)


def test_another_models_tokenizer_is_refused(small, tmp_path):
    tokenizer = small().tokenizer
    size = len(tokenizer)
    with pytest.raises(ConfigError, match=f"has {size} tokens, the language model rows for {size + 40}"):
        built(tokenizer, folder(tmp_path / "more", vocab_size=size + 40))
    with pytest.raises(ConfigError, match=f"has {size} tokens, the language model rows for {size - 2}"):
        built(tokenizer, folder(tmp_path / "fewer", vocab_size=size - 2, eos_token_id=tokenizer.eos_id))
    with pytest.raises(
        ConfigError, match=rf"ends a text with token {tokenizer.eos_id}, the language model with 9"
    ):
        built(tokenizer, folder(tmp_path / "end", vocab_size=size, eos_token_id=9))
    built(tokenizer, folder(tmp_path / "fits", vocab_size=size, eos_token_id=tokenizer.eos_id))


def test_a_caption_longer_than_the_context_is_refused_with_its_length(small):
    lm = {"model_type": "gpt2", "n_embd": 32, "n_layer": 1, "n_head": 4, "n_positions": 10}
    made = small(lm=lm, prompt_length=8, generate={"mode": "greedy", "max_length": 8, "min_length": 6})
    with pytest.raises(
        UserError, match=r"text of 3 tokens need 12 positions, .* has 10\n  try: .*max_length"
    ):
        made.output("tokens")
    with pytest.raises(UserError, match=r"prompt and words need 11 positions"):
        made.captioner.predict(made.batch())
    with pytest.raises(UserError, match=r"a prompt of 10, with 0 tokens of head.lead, leaves no room"):
        small(lm=lm, prompt_length=10)


def test_a_missing_language_model_says_what_to_put_where(small, tmp_path):
    with pytest.raises(UserError, match=r"no folder .*/nowhere with a language model"):
        built(small().tokenizer, str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"config\.json and model\.safetensors missing"):
        built(small().tokenizer, str(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"heads": 0}, "head.heads must be at least 1, not 0"),
        ({"prompt_length": -3}, "head.prompt_length must be at least 1, not -3"),
        ({"prompt_length": 0}, "head.prompt_length must be at least 1, not 0"),
        ({"sequence": 0}, "head.sequence must be at least 1, not 0"),
        ({"width": 0}, "head.width must be at least 1, not 0"),
        ({"feed": 0}, "head.feed must be at least 1, not 0"),
        ({"layers": 0}, "head.layers must be at least 1, not 0"),
        ({"contrast": 0}, "head.contrast must be at least 1, not 0"),
        ({"temporal": -1}, "head.temporal must be at least 0, not -1"),
        ({"dropout": -0.1}, "head.dropout must be at least 0, not -0.1"),
        ({"dropout": 1.0}, "head.dropout must be below 1, not 1.0"),
        ({"text": {"text": 16, "more": 16}}, "reads one stream, not 2: head.text"),
        ({"text": {}}, "reads one stream, not 0: head.text"),
        ({"streams": {"image": 64, "motion": 64}}, "reads one stream, not 2: head.streams"),
        ({"width": 33, "heads": 2}, "head.width=33 must be a multiple of head.heads=2"),
        ({"width": 63, "heads": 7, "temporal": 1}, "head.width=63 must be even with head.temporal"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_key(small, changes, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        small(**changes)


def trained(made, tmp_path):
    made.config.data["phases"] = {
        "align": {"steps": 1, "losses": ["contrastive"], "best": False},
        "caption": {"steps": 1, "losses": ["tokens"]},
    }
    return runs.train(made.config, work_dir=tmp_path / "run", device="cpu", quiet=True)


@pytest.mark.parametrize(("length", "most"), [(30, 17), (18, 17), (47, 17)])
def test_a_prompt_that_leaves_no_room_for_the_longest_text_is_refused_before_alignment(
    small, tmp_path, length, most
):
    made = small(prompt_length=length, generate={"mode": "greedy", "max_length": 30})
    said = rf"need {length + 31} positions, .* has 48\n  try: --set head\.prompt_length={most}$"
    with pytest.raises(ConfigError, match=said):
        trained(made, tmp_path)
    assert not (tmp_path / "run").exists()


def test_a_prompt_that_just_leaves_room_trains(small, tmp_path):
    trained(small(prompt_length=17, generate={"mode": "greedy", "max_length": 30}), tmp_path)


def test_a_text_as_long_as_the_context_is_the_text_to_shorten(small, tmp_path):
    with pytest.raises(ConfigError, match=r"try: --set generate\.max_length=N"):
        trained(small(generate={"mode": "greedy", "max_length": 48}), tmp_path)


def test_patches_that_the_encoder_does_not_give_are_asked_for_before_alignment(small, tmp_path):
    with pytest.raises(UserError, match=r"try: --set encoders\.video\.patches=True"):
        trained(small(live=True, mapper_input="patches"), tmp_path)
    made = small(live=True, patches=True, mapper_input="patches")
    made.head.check({}, GenerateSettings(max_length=8), made.tokenizer)


def test_one_stream_is_read_and_a_clip_without_it_is_captioned(small):
    made = small(temporal=1, streams={"image": 64})
    batch = made.batch()
    batch.streams["image"].mask[0] = False
    assert len(made.captioner.predict(batch)) == 4
    assert torch.isfinite(made.output("tokens", batch=batch).logits).all()


@pytest.mark.parametrize("count", [1, 3])
def test_a_film_with_fewer_frames_than_asked_for_is_captioned(small, tmp_path, count):
    films.make(tmp_path / "short.mp4", count=count)
    (tmp_path / "train.jsonl").write_text('{"video": "short.mp4", "captions": ["a dog runs"]}\n')
    clips = Jsonl(path=str(tmp_path / "train.jsonl"), unit="clip", frames={"count": 6, "short_side": 48})
    made = small(live=True)
    batch = collate(made.tokenizer, [clips.get(0, np.random.default_rng(0))])
    assert torch.isfinite(made.output("tokens", batch=batch).logits).all()
    assert len(made.captioner.predict(batch)) == 1
