"""Self-critical training raises the reward of what is sampled."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioner.writer import caption_row
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.head import Output
from vidcap_core.contracts.hypotheses import Hyp
from vidcap_core.contracts.types import Batch, Clip, Stream
from vidcap_core.errors import UserError
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.losses.self_critical import SelfCritical

WORDS = ["<pad>", "<bos>", "<eos>", "<unk>", "red", "blue", "a", "man"]


class Tokens:
    pad_id, bos_id, eos_id, unknown_id = 0, 1, 2, 3

    def token_id(self, token):
        return WORDS.index(token)

    def __len__(self):
        return len(WORDS)

    def encode(self, text):
        return [WORDS.index(word) for word in text.split()]

    def decode(self, ids):
        return " ".join(WORDS[i] for i in ids)


class References:
    def references(self):
        return {"c0": ["a red man", "red man"], "c1": ["a blue man", "blue man"], "c2": ["a man"]}


class Doubles(nn.Module):
    """An encoder that trains."""

    reads = "raw"

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, values, mask):
        return Stream(values * self.scale, mask)


@pytest.fixture
def captioner():
    torch.manual_seed(0)
    head = MeanPoolGRU(streams={"image": 6}, tokenizer=Tokens(), width=24, dropout=0.2)
    return Captioner(head, Tokens(), losses={}, generate=GenerateSettings(max_length=6))


@pytest.fixture
def batch():
    values = torch.randn(4, 3, 6, generator=torch.Generator().manual_seed(1))
    stream = Stream(values, torch.ones(4, 3, dtype=torch.bool))
    return Batch(clips=tuple(Clip(f"c{i % 3}") for i in range(4)), streams={"image": stream})


def writer(captioner, batch):
    return captioner._writer(batch, captioner.streams(batch))


def value(loss, captioner, batch):
    """The loss as the engine calls it."""
    captioner.losses["reward"] = loss.train(captioner.training)
    return captioner(batch, ["reward"])["reward"]


def mean_reward(loss, captioner, batch, draws=200):
    torch.manual_seed(5)
    rows = writer(captioner, batch).sample(draws)
    names = [clip.id for clip, row in zip(batch.clips, rows, strict=True) for _ in row]
    return float(loss.reward(names, [text.text for row in rows for text in row]).mean())


@pytest.mark.parametrize("baseline", ["greedy", "mean"])
def test_sampling_raises_the_expected_reward(captioner, batch, baseline):
    loss = SelfCritical(baseline=baseline)
    loss.fit(References())
    before = mean_reward(loss, captioner, batch)
    captioner.train()
    optimizer = torch.optim.Adam(captioner.parameters(), lr=1e-2)
    for _ in range(60):
        total, weight = value(loss, captioner, batch)
        optimizer.zero_grad()
        (total / weight).backward()
        optimizer.step()
    after = mean_reward(loss, captioner, batch)
    assert after > before + 1.0, (before, after)  # CIDEr-D goes up to 10


def test_the_loss_is_the_formula(captioner, batch):
    """Rewards and log-probabilities of the very samples, put together by hand."""
    captioner.eval()
    loss, seen = SelfCritical(samples_per_clip=2, reduce="clip"), []
    loss.reward = lambda names, texts: seen.append(texts) or [float(len(text.split())) for text in texts]
    torch.manual_seed(3)
    total, weight = value(loss, captioner, batch)
    drawn, greedy = seen
    assert (len(drawn), len(greedy), weight) == (8, 4, 8)
    want = 0.0
    for place, text in enumerate(drawn):
        row = place // 2
        stream = Stream(
            *(part[row : row + 1] for part in (batch.streams["image"].values, batch.streams["image"].mask))
        )
        words = captioner.tokenizer.encode(text)
        ids = [1, *words, 2] if len(words) < 6 else [1, *words]
        one = Batch(
            clips=batch.clips[row : row + 1],
            streams={"image": stream},
            tokens=torch.tensor([ids]),
            token_mask=torch.ones(1, len(ids), dtype=torch.bool),
        )
        logs = captioner.head(one.streams, one, {"tokens"}).logits.log_softmax(-1)[0]
        log_prob = sum(logs[i, word] for i, word in enumerate(ids[1:]))
        want = want - (len(words) - len(greedy[row].split())) * log_prob
    assert total.item() == pytest.approx(want.item(), rel=1e-4)


def test_samples_are_drawn_from_what_is_trained_and_the_baseline_is_what_would_be_said(captioner, batch):
    """The unknown word is likeliest: samples hold it, at the log-probability that is trained; greedy does not."""
    captioner.eval()
    with torch.no_grad():
        captioner.head.classify.bias[Tokens.unknown_id] = 3.0
    makes = writer(captioner, batch)
    rows = makes.sample(4)
    assert any(Tokens.unknown_id in text.tokens for row in rows for text in row)
    for number in range(4):
        logs, real = makes.log_probs([row[number] for row in rows])
        for row, texts in enumerate(rows):
            text = texts[number]
            trained = logs[row][real[row]].tolist()
            drawn = [*text.log_probs, *([] if text.end is None else [text.end])]
            assert drawn == pytest.approx(trained, abs=1e-5)
            assert text.text == captioner.tokenizer.decode(text.tokens)
            assert not logs[row][~real[row]].any()
    greedy = makes.write(mode="greedy")
    assert not any(Tokens.unknown_id in text.tokens for row in greedy for text in row)
    captioner.settings = GenerateSettings(max_length=6, unknown=True)
    greedy = writer(captioner, batch).write(mode="greedy")
    assert all(Tokens.unknown_id in text.tokens for row in greedy for text in row)


def test_texts_are_written_as_the_config_says_but_for_the_changes(captioner, batch):
    captioner.eval()
    with torch.no_grad():
        captioner.head.classify.bias[WORDS.index("red")] = 9.0
    captioner.settings = GenerateSettings(mode="beam", beam=3, max_length=3, banned=("red",))
    makes = writer(captioner, batch)
    said = [row[0].text for row in makes.write()]
    assert said == [prediction.text for prediction in captioner.predict(batch)]
    assert not any("red" in text for text in said)
    assert [row[0].text for row in makes.write(banned=())] == ["red red red"] * 4
    assert [len(row) for row in makes.write(n_best=2)] == [2] * 4


def test_chance_is_torchs_own(captioner, batch):
    """The same random state gives the same loss; the next step draws others."""
    loss = SelfCritical()
    loss.fit(References())
    state = torch.get_rng_state()
    first, second = (value(loss, captioner.eval(), batch)[0].item() for _ in range(2))
    torch.set_rng_state(state)
    assert value(loss, captioner, batch)[0].item() == first != second


def test_encoders_that_train_get_gradients(captioner, batch):
    captioner.encoders["image"] = Doubles()
    raw = Batch(clips=batch.clips, inputs={"raw": batch.streams["image"]})
    loss = SelfCritical(samples_per_clip=8)
    loss.reward = lambda names, texts: [float(len(text)) for text in texts]
    total, _ = value(loss, captioner, raw)
    total.backward()
    assert captioner.encoders["image"].scale.grad.abs() > 0


def test_parts_go_back_to_their_mode(captioner, batch):
    captioner.train()
    captioner.head.gru.eval()  # a frozen part
    loss = SelfCritical(samples_per_clip=1)
    loss.fit(References())
    value(loss, captioner, batch)
    assert captioner.head.training
    assert not captioner.head.gru.training


def test_a_cut_sample_learns_no_end():
    texts = [
        Hyp([4], 0, [0.0], end=-1.0),
        Hyp([4, 5], 0, [0.0] * 2),
        Hyp([], 0, [], end=-1.0),
        Hyp([], 0, [], text="blue man"),  # of a head that writes texts
    ]
    assert [caption_row(text, Tokens()) for text in texts] == [[1, 4, 2], [1, 4, 5], [1, 2], [1, 5, 7, 2]]


def test_a_text_without_a_word_has_the_probability_of_its_end(captioner, batch):
    logs, real = writer(captioner.eval(), batch).log_probs([Hyp([], 0, [], end=-1.0)] * 4)
    assert real.tolist() == [[True]] * 4
    assert (logs < 0).all()


def test_errors(captioner, batch):
    with pytest.raises(UserError, match="no references"):
        value(SelfCritical(), captioner, batch)
    with pytest.raises(UserError, match="no writer"):
        _ = Output().writer
    with pytest.raises(UserError, match="other samples"):
        SelfCritical(baseline="mean", samples_per_clip=1)
    captioner.head.plan = lambda streams, batch, decode: []
    loss = SelfCritical()
    loss.fit(References())
    with pytest.raises(UserError, match="one caption a clip"):
        value(loss, captioner, batch)
    captioner.head.plan = lambda streams, batch, decode: decode(None)
    with pytest.raises(UserError, match="generates in order to plan"):
        value(loss, captioner, batch)
