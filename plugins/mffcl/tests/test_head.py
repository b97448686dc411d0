"""The head: prompt, labels, causality, gradients, and that it says what Hugging Face says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vidcap_core.api import ConfigError, Stream, UserError, whole_clips
from vidcap_core.decoding.beam import beam_search
from vidcap_core.decoding.step_source import Source

LLAMA = {
    "model_type": "llama",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 48,
}


def view(made, batch):
    return whole_clips(made.captioner.streams(batch), batch)


def test_the_prompt_has_the_papers_shape(small):
    gpt2 = {"model_type": "gpt2", "n_embd": 768, "n_layer": 1, "n_head": 12, "n_positions": 96}
    made = small(lm=gpt2, width=768, heads=8, feed=3072, layers=4, sequence=10, prompt_length=50)
    prompt = made.head.prefix(view(made, made.batch(3)))
    assert prompt.values.shape == (3, 50, 768)
    assert prompt.mask.all()
    assert made.head.mapper.enter(torch.zeros(3, 64)).values.shape == (3, 10, 768)  # Eq. 1, L = 10


@pytest.mark.parametrize("mapper", ["transformer", "ffn"])
@pytest.mark.parametrize("length", [10, 30])
def test_the_prompt_is_as_long_as_asked(small, mapper, length):
    made = small(mapper=mapper, prompt_length=length)
    assert made.head.prefix(view(made, made.batch())).values.shape == (4, length, 32)


def test_positions_of_a_prompt_differ_from_the_start(small):
    """Queries that start small leave them alike (cosine 0.9), and 200 steps then teach a frozen model little."""
    prompt = small(prompt_length=30, width=64).head.mapper.mix(
        Stream(torch.randn(4, 3, 64), torch.ones(4, 3).bool())
    )
    ways = torch.nn.functional.normalize(prompt.values, dim=-1)
    alike = (ways @ ways.transpose(1, 2))[:, ~torch.eye(30, dtype=torch.bool)]
    assert alike.mean() < 0.5


def test_patches_enter_the_mapper_in_place_of_cls(small):
    made = small(live=True, patches=True, mapper_input="patches")
    batch = made.batch()
    rows = made.head.clip_rows(made.captioner.streams(batch))
    assert rows.values.shape == (4, 1 + 6 * 36, 64)  # CLS, then 6 frames of 6 x 6 patches
    prompt = made.head.prompt(rows).values
    other_cls = torch.cat([rows.values[:, :1] + 1, rows.values[:, 1:]], 1)
    assert torch.equal(prompt, made.head.prompt(Stream(other_cls, rows.mask)).values)
    other_patch = torch.cat([rows.values[:, :1], rows.values[:, 1:] + torch.randn(64)], 1)
    assert not torch.allclose(prompt, made.head.prompt(Stream(other_patch, rows.mask)).values, atol=1e-3)


def test_patches_are_the_prompt_of_the_ffn_mapper(small):
    made = small(
        live=True,
        patches=True,
        mapper_input="patches",
        mapper="ffn",
        lm={"model_type": "gpt2", "n_embd": 32, "n_layer": 1, "n_head": 4, "n_positions": 256},
    )
    assert made.head.prefix(view(made, made.batch())).values.shape == (4, 6 * 36, 32)


def test_patches_that_are_not_there_are_asked_for(small):
    made = small(mapper_input="patches")
    with pytest.raises(UserError, match=r"encoders\.video\.patches=True"):
        made.output("tokens")


@pytest.mark.parametrize("lm", [None, LLAMA], ids=["gpt2", "llama"])
def test_loss_is_hugging_faces_and_the_prompt_has_no_label(small, lm):
    made = small(**({"lm": lm} if lm else {}))
    batch = made.batch()
    total, weight = made.captioner(batch, ["tokens"])["tokens"]
    prompt = made.head.prefix(view(made, batch))
    words = batch.tokens.masked_fill(~batch.token_mask, 0)
    # nothing is learnt at the prompt, at BOS, or behind EOS
    labels = torch.cat([torch.full(prompt.mask.shape, -100), words.masked_fill(~batch.token_mask, -100)], 1)
    labels[:, prompt.mask.shape[1]] = -100
    whole = torch.cat([prompt.values, made.head.lm.get_input_embeddings()(words)], 1)
    mask = torch.cat([prompt.mask, batch.token_mask], 1)
    with torch.no_grad():
        theirs = made.head.lm(inputs_embeds=whole, attention_mask=mask.long(), labels=labels).loss
    assert weight == (batch.token_mask.sum() - len(batch))  # words and EOS
    assert torch.allclose(total / weight, theirs, atol=1e-5)


@pytest.mark.parametrize("lm", [None, LLAMA], ids=["gpt2", "llama"])
def test_a_word_changes_only_what_follows(small, lm):
    made = small(**({"lm": lm} if lm else {}))
    batch = made.batch()
    before = made.output("tokens", batch=batch).logits
    place = 3
    tokens = batch.tokens.clone()
    tokens[:, place] = (tokens[:, place] + 1) % len(made.tokenizer)
    after = made.output("tokens", batch=replace(batch, tokens=tokens)).logits
    # logits at row l tell word l + 1, having seen words 0 .. l
    assert torch.allclose(before[:, :place], after[:, :place], atol=1e-6)
    assert not torch.allclose(before[:, place], after[:, place], atol=1e-4)


def test_a_lead_stands_between_prompt_and_caption(small):
    plain, led = small(), small(lead="a man")
    batch = plain.batch()
    with torch.no_grad():
        before, after = (made.head.prefix(view(made, batch)) for made in (plain, led))
        ids = led.tokenizer.encode("a man")
        assert torch.equal(after.values[:, :5], before.values)
        assert torch.equal(after.values[:, 5:], led.head.embed(torch.tensor(ids)).expand(4, -1, -1))
        taught = led.captioner(batch, ["tokens"])["tokens"]
        said = torch.cat([torch.tensor(ids).expand(4, -1), batch.tokens.masked_fill(~batch.token_mask, 0)], 1)
        real = torch.cat([batch.token_mask.new_ones((4, len(ids))), batch.token_mask], 1)
        logits = plain.head.teach(before, said[:, :-1], real[:, :-1])[:, len(ids) :]
        loss = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), batch.tokens[:, 1:].masked_fill(~batch.token_mask[:, 1:], -100)
        )
    assert torch.allclose(taught[0] / taught[1], loss, atol=1e-5)


@pytest.mark.parametrize("mapper", ["transformer", "ffn"])
def test_token_gradients_reach_the_mapper_and_not_a_frozen_timesformer(small, mapper):
    made = small(live=True, mapper=mapper)
    made.captioner.choose_training(None, ["encoders.video", "encoders.text", "head.contrast", "head.lm"])
    made.captioner.train()
    assert not made.captioner.encoders["video"].training
    assert not made.head.lm.training
    total, _ = made.captioner(made.batch(), ["tokens"])["tokens"]
    total.backward()
    got = {n for n, p in made.captioner.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert ("head.mapper.mix.queries" in got) == (mapper == "transformer")
    assert {"head.mapper.enter.feed.0.weight", "head.mapper.enter.feed.2.weight"} <= got
    assert any(name.startswith("head.mapper.mix.") for name in got)
    assert all(name.startswith("head.mapper.") for name in got)


def test_contrast_never_runs_the_language_model(small):
    made = small()
    made.head.lm.register_forward_pre_hook(lambda *_: pytest.fail("the language model ran"))
    output = made.output("video", "text")
    assert output["video"].value.shape == output["text"].value.shape == (4, 24)


def test_raw_vectors_can_be_compared_when_they_are_of_one_width(small):
    made = small(contrast=None, text={"text": 64}, encoders={"text": {"type": "mffcl.SmallText", "dim": 64}})
    batch = made.batch()
    assert torch.equal(made.output("video", batch=batch)["video"].value, batch.streams["video"].values[:, 0])
    with pytest.raises(ConfigError, match=r"head\.contrast=64"):
        small(contrast=None)


def test_greedy_is_a_beam_of_one(small):
    greedy = small(generate={"mode": "greedy", "max_length": 8}, lead="a man")
    beam = small(generate={"mode": "beam", "beam": 1, "max_length": 8}, lead="a man")
    batch = greedy.batch()
    greedy.learn(batch, 60)
    beam.captioner.load_state_dict(greedy.captioner.state_dict())
    said, tokenizer = greedy.texts(batch), beam.tokenizer
    assert said == [tokenizer.decode(tokenizer.encode(text)) for text in batch.texts]
    assert len(set(said)) > 2
    assert beam.texts(batch) == said
    with torch.no_grad():  # settings with one beam do without the search itself
        source = Source.of(beam.head, view(beam, batch), tokenizer.bos_id, tokenizer.eos_id)
        searched = beam_search(source, beam.captioner.settings)
    assert [tokenizer.decode(row[0].tokens) for row in searched] == said


def test_sampling_has_a_seed_and_stays_among_the_most_probable(small):
    sample = {"mode": "sample", "top_k": 4, "max_length": 8}
    said = {
        seed: [p.text for p in small(generate={**sample, "seed": seed}).captioner.predict(small().batch())]
        for seed in (0, 1)
    }
    again = [p.text for p in small(generate={**sample, "seed": 0}).captioner.predict(small().batch())]
    assert again == said[0]
    assert said[0] != said[1]
    top = small(generate={**sample, "top_k": 1}).captioner.predict(small().batch())
    assert [p.text for p in top] == [p.text for p in small().captioner.predict(small().batch())]


def test_eight_clips_are_learnt_by_heart(small):
    made = small(clips=8)
    batch = made.batch(8)
    assert made.learn(batch, 150) < 0.02
    assert made.texts(batch) == [made.tokenizer.decode(made.tokenizer.encode(text)) for text in batch.texts]
