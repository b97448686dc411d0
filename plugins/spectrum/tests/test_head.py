"""The head against its spec: shapes, parameters, masks, gradients, and all its switches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from vidcap_spectrum.head import SpectrumHead
from vidcap_spectrum.retrieved import RetrievedCaptions

from vidcap_core.api import Batch, ConfigError, Head, Stream, Tokenizer, UserError, build_component
from vidcap_core.captioner.missing_streams import absent_streams
from vidcap_core.testing import tiny_captioner

Make = Callable[..., SpectrumHead]
PAPER = {"image": 512, "motion": 2048, "audio": 128, "retrieved": 512}
TOKENS = {"type": "TokenLoss", "reduce": "clip"}
BASELINE = {"vtai": False, "aeb": False, "cfb": False}


@pytest.fixture(scope="module")
def paper(large_tokenizer: Tokenizer) -> SpectrumHead:
    torch.manual_seed(0)
    return SpectrumHead(streams=PAPER, tokenizer=large_tokenizer).eval()


def test_the_stated_setting_has_13_3_million_parameters(paper: SpectrumHead) -> None:
    assert sum(p.numel() for p in paper.parameters()) / 1e6 == pytest.approx(13.3, abs=0.1)


def test_shapes_of_the_paper(paper: SpectrumHead, lab: Any) -> None:
    streams = lab.streams(PAPER, clips=2, length=60)
    with torch.no_grad():
        encoded = paper.encode(streams, 2)
        assert torch.cat(list(encoded.values()), 1).shape == (2, 104, 512)
        probability = paper.probabilities(encoded)
        assert probability is not None
        assert probability.shape == (2, 679)
        assert paper.aeb is not None
        assert paper.aeb(probability).shape == (2, 30, 512)
        memory, _ = paper.start(lab.whole(streams))
    keys, _ = memory[0][0][0]
    assert keys.shape == (2, 8, 134, 64)
    assert paper.decoder[0].looks[0].bias.shape == (8, 134)


def test_without_text_for_the_decoder_beta_is_shorter(large_tokenizer: Tokenizer) -> None:
    head = SpectrumHead(
        streams=PAPER, tokenizer=large_tokenizer, decoder_streams=["image", "motion", "audio"]
    )
    assert head.decoder[0].looks[0].bias.shape == (8, 114)
    assert head.vtai.layers[0].in_features == 4 * 512


SWITCHES: list[dict[str, Any]] = [
    {},
    {"aeb": False},
    {"cfb": False},
    {"cfb_mode": "topic"},
    {"cfb_mode": "topic", "cfb_from_categories": True},
    {"cfb_inject": "prefix"},
    {"cfb_detach": False},
    {"cross_attn": "cross_then_attr"},
    {"cross_attn": "parallel"},
    {"hybrid_bias": False},
    {"decoder_streams": ["image", "motion"]},
    {"pre_norm": False},
    {"layers": 2, "cfb_inject": "prefix"},
    {"hidden": []},
    {"aeb_by_probability": True},
    {"aeb_least_emotional": 3},
    {"emotions": "none"},
    {"emotions": "all"},
    {"stoplist": "wide"},
    {"streams": {"image": 12}},
    {"streams": {"image": 12}, **BASELINE},
]


@pytest.mark.parametrize(
    "changes", SWITCHES, ids=lambda c: ",".join(f"{k}={v}" for k, v in c.items()) or "default"
)
def test_every_switch_trains_and_steps_as_it_trains(
    small: Make, tokenizer: Tokenizer, changes: dict[str, Any], lab: Any
) -> None:
    head = small(**changes)
    batch = lab.batch(tokenizer, lab.captions[:3])
    streams = lab.streams(head.streams)
    with torch.no_grad():
        fast = head(streams, batch, {"tokens"}).logits
        slow = Head.forward(head, streams, batch, {"tokens"}).logits
    real = batch.token_mask[:, 1:]  # type: ignore[index]
    torch.testing.assert_close(fast[real], slow[real], atol=1e-5, rtol=1e-4)
    head.train()
    want = {"tokens"} if not head.attributes else {"tokens", "attributes"}
    output = head(streams, batch, want)
    loss = sum((named.value.float().square().mean() for named in output.values()), torch.zeros(()))
    loss.backward()
    dead = [name for name, parameter in head.named_parameters() if parameter.grad is None]
    assert dead == []


def test_beta_starts_as_plain_attention(small: Make, tokenizer: Tokenizer, lab: Any) -> None:
    biased, plain = small(), small(hybrid_bias=False)
    missing, unexpected = plain.load_state_dict(biased.state_dict(), strict=False)
    assert missing == []
    assert all("bias" in name for name in unexpected)
    streams, batch = lab.streams(biased.streams), lab.batch(tokenizer, lab.captions[:3])
    with torch.no_grad():
        torch.testing.assert_close(
            biased(streams, batch, {"tokens"}).logits, plain(streams, batch, {"tokens"}).logits
        )
        biased.decoder[0].looks[0].bias[:, 0] = 3.0
        far = (
            (biased(streams, batch, {"tokens"}).logits - plain(streams, batch, {"tokens"}).logits).abs().max()
        )
    assert far > 1e-3


def test_cfb_starts_as_a_weighted_sum(small: Make) -> None:
    cfb = small().cfb
    assert cfb is not None
    probability = torch.rand(4, 6 + len(cfb.branches["emotional"].weigh.bias))
    l_un, l_em = cfb(probability).unbind(1)
    torch.testing.assert_close(l_un, probability[:, :6] @ cfb.branches["universal"].latent)
    torch.testing.assert_close(l_em, probability[:, 6:] @ cfb.branches["emotional"].latent)


def vtai_gradient(head: SpectrumHead, batch: Batch, lab: Any) -> float:
    head.zero_grad()
    output = head.train()(lab.streams(head.streams), batch, {"tokens"})
    build_component("losses", TOKENS)(output, batch)[0].backward()
    return sum(float(p.grad.abs().sum()) for p in head.vtai.parameters() if p.grad is not None)


def test_the_caption_loss_reaches_vtai_only_when_it_is_let(
    small: Make, tokenizer: Tokenizer, lab: Any
) -> None:
    batch = lab.batch(tokenizer, lab.captions[:3])
    assert vtai_gradient(small(), batch, lab) == 0.0
    assert vtai_gradient(small(cfb_detach=False), batch, lab) > 0.0


@pytest.mark.parametrize("inject", ["add", "prefix"])
def test_a_word_changes_nothing_before_it(small: Make, tokenizer: Tokenizer, inject: str, lab: Any) -> None:
    head, batch = small(cfb_inject=inject), lab.batch(tokenizer, [lab.captions[0], lab.captions[0]])
    streams = lab.streams(head.streams, clips=2)
    with torch.no_grad():
        before = head(streams, batch, {"tokens"}).logits
        assert batch.tokens is not None
        batch.tokens[:, 4] = tokenizer.token_id("dog")
        after = head(streams, batch, {"tokens"}).logits
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert (before[:, 4:] - after[:, 4:]).abs().max() > 1e-3


def test_an_encoder_without_an_index_is_an_error_and_not_a_stream_less(
    small: Make, tokenizer: Tokenizer, lab: Any
) -> None:
    streams = lab.streams({"image": 12, "motion": 10, "audio": 6})
    encoder = RetrievedCaptions(text={"type": "spectrum.HashedWords"})
    captioner = tiny_captioner(small(), tokenizer, encoders={"retrieved": encoder}).eval()
    with pytest.raises(UserError, match="nothing to retrieve from"):
        captioner.predict(lab.batch(tokenizer, lab.captions[:3], streams))


def test_streams_that_are_missing_are_zeros_and_told(small: Make, tokenizer: Tokenizer, lab: Any) -> None:
    head = small()
    streams = lab.streams(head.streams)
    del streams["retrieved"]
    silent = streams["audio"].mask.clone()
    silent[1] = False
    streams["audio"] = Stream(streams["audio"].values, silent)
    captioner = tiny_captioner(head, tokenizer, max_length=8)
    batch = lab.batch(tokenizer, lab.captions[:3], streams)
    predictions = captioner.predict(batch, panels=True)
    assert absent_streams(head.streams, [p.extras["streams"] for p in predictions]) == [
        "the stream 'audio' was missing in 1 of 3 clips; they were captioned without it",
        "the stream 'retrieved' was missing in 3 of 3 clips; they were captioned without it",
    ]
    assert predictions[1].extras["streams"] == ["image", "motion"]
    rows = predictions[1].extras["panels"][-1].data["rows"]
    assert rows["audio"] == rows["retrieved"] == 0
    assert rows["image"] > 0
    zeros = {**streams, "retrieved": Stream(torch.zeros(3, 5, 8), torch.ones(3, 5, dtype=torch.bool))}
    with torch.no_grad():
        given, absent = head(zeros, batch, {"tokens"}).logits, head(streams, batch, {"tokens"}).logits
    torch.testing.assert_close(given, absent)


def test_a_stream_that_training_lacks_is_an_error_unless_it_is_optional(
    small: Make, tokenizer: Tokenizer, lab: Any
) -> None:
    head, batch = small().train(), lab.batch(tokenizer, lab.captions[:3])
    streams = lab.streams(head.streams)
    del streams["audio"]
    assert head(streams, batch, {"tokens"}).logits.isfinite().all()
    del streams["motion"]
    with pytest.raises(UserError, match="reads the stream 'motion'"):
        head(streams, batch, {"tokens"})


def overfitted(head: SpectrumHead, batch: Batch, streams: dict[str, Stream]) -> tuple[float, float]:
    losses = {
        "tokens": build_component("losses", TOKENS),
        "attributes": build_component("losses", {"type": "BinaryLoss", "per": "positive", "clamp": 0.01}),
    }
    optimizer = torch.optim.Adam(head.parameters(), lr=5e-3)
    head.train()
    values: dict[str, Tensor] = {}
    for _ in range(150):
        output = head(streams, batch, {"tokens", "attributes"})
        for name, loss in losses.items():
            total, weight = loss(output, batch)
            values[name] = total / weight
        optimizer.zero_grad()
        (values["tokens"] + values["attributes"]).backward()
        optimizer.step()
    return float(values["tokens"].detach()), float(values["attributes"].detach())


def test_eight_captions_are_learnt_by_heart_and_said(small: Make, tokenizer: Tokenizer, lab: Any) -> None:
    head = small()
    streams = lab.streams(head.streams, clips=8)
    batch = lab.batch(tokenizer, lab.captions, streams)
    tokens, _ = overfitted(head, batch, streams)
    assert tokens < 0.5
    said = {}
    for mode, beam in (("greedy", 1), ("beam", 1), ("beam", 5)):
        settings = {"mode": mode, "beam": beam, "length": "hf", "stop": "n_finished", "max_length": 12}
        said[mode, beam] = [p.text for p in tiny_captioner(head.eval(), tokenizer, **settings).predict(batch)]
    assert said["greedy", 1] == said["beam", 1] == said["beam", 5] == lab.captions


def test_a_longer_text_than_there_are_positions_is_refused(
    small: Make, tokenizer: Tokenizer, lab: Any
) -> None:
    head = small(max_length=5)
    with pytest.raises(UserError, match="positions for 5 words"):
        head(lab.streams(head.streams), lab.batch(tokenizer, lab.captions[:3]), {"tokens"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vtai": False}, "head.vtai=False"),
        ({"width": 33}, "multiple of head.heads"),
        ({"decoder_streams": ["sound"]}, "streams are image"),
        ({"k_un": 0, "emotions": "none"}, "not one attribute"),
        ({"stoplist": "nosuch"}, "no list and no file"),
    ],
)
def test_settings_that_cannot_be(small: Make, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        small(**changes)


def test_reserved_slots_hold_emotional_attributes(small: Make) -> None:
    head = small(aeb_least_emotional=3)
    assert head.aeb is not None
    assert head.attributes is not None
    probability = torch.linspace(1, 0, len(head.attributes.words))[None]  # universal ones are all likelier
    chosen = head.aeb.choose(probability)[0]
    assert int((chosen >= len(head.attributes.universal)).sum()) == 3
    assert probability[0, chosen].tolist() == sorted(probability[0, chosen].tolist(), reverse=True)
    plain = small().aeb
    assert plain is not None
    assert plain.choose(probability)[0].tolist() == list(range(5))


def test_panels_name_the_theme_and_the_words_that_carried_it(
    small: Make, tokenizer: Tokenizer, lab: Any
) -> None:
    head = small()
    streams = lab.streams(head.streams, clips=8)
    batch = lab.batch(tokenizer, lab.captions, streams)
    overfitted(head, batch, streams)
    predictions = tiny_captioner(head.eval(), tokenizer, max_length=12).predict(batch, panels=True)
    universal, emotional, theme, _ = predictions[0].extras["panels"]
    assert predictions[0].text == lab.captions[0]
    assert "happily" in emotional.highlight
    assert emotional.values["happily"] > 0.8
    assert theme.title.startswith("Dominant theme: joy (through happily")
    assert set(universal.highlight) <= set(lab.captions[0].split())
