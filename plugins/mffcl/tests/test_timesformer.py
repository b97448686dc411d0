"""The video encoder: Hugging Face's numbers, CLS and patches in one stream, and where it looked."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import TimesformerModel
from vidcap_mffcl.timesformer import TimeSformer

from vidcap_core.api import SpatialAttention, Stream, UserError


@pytest.fixture
def frames():
    return torch.randint(0, 256, (2, 6, 48, 48, 3), generator=torch.Generator().manual_seed(1)).to(
        torch.uint8
    )


def tiny(**changes):
    return TimeSformer("vidcap_mffcl", pretrained=False, **changes).eval()


@torch.no_grad()
def test_outputs_are_hugging_faces(frames, tmp_path):
    encoder = tiny(patches=True)
    encoder.network.save_pretrained(tmp_path)
    theirs = TimesformerModel.from_pretrained(tmp_path).eval()
    pixels = (frames.permute(0, 1, 4, 2, 3).float() / 255 - 0.45) / 0.225  # Kinetics' mean and deviation
    expected = theirs(pixel_values=pixels).last_hidden_state
    assert torch.allclose(encoder(frames).values, expected, atol=1e-5)
    assert torch.allclose(tiny()(frames).values, expected[:, :1], atol=1e-5)


def test_a_folder_that_does_not_say_how_to_normalise_means_kinetics(frames, tmp_path):
    tiny().network.save_pretrained(tmp_path)
    assert not (tmp_path / "preprocessor_config.json").exists()
    made, known = TimeSformer(str(tmp_path)), tiny()
    assert made.describe()["prepare"] == known.describe()["prepare"]
    assert torch.equal(made(frames).values, known(frames).values)


@torch.no_grad()
def test_too_few_frames_repeat_the_last_one(frames):
    encoder = tiny()
    held = torch.cat([frames[:, :4], frames[:, 3:4], frames[:, 3:4]], 1)
    assert torch.equal(encoder(frames[:, :4]).values, encoder(held).values)
    mask = torch.tensor([[True] * 4 + [False] * 2] * 2)
    assert torch.equal(encoder(frames, mask).values, encoder(held).values)


def test_too_many_frames_are_refused(frames):
    with pytest.raises(UserError, match=r"6 frames a clip and got 12"):
        tiny()(frames.repeat(1, 2, 1, 1, 1))


@torch.no_grad()
def test_attention_is_painted_where_the_patch_is(frames):
    encoder = tiny()
    # in one layer without a way through time, a changed patch moves attention in its frame, most of all on itself
    encoder.network.encoder.layer = encoder.network.encoder.layer[:1]
    layer = encoder.network.encoder.layer[0]
    layer.temporal_dense.weight.zero_()
    layer.temporal_dense.bias.zero_()
    encoder.network.embeddings.patch_embeddings.projection.weight.mul_(5)
    layer.attention.attention.qkv.weight.mul_(5)
    clip, frame, row, column = 1, 4, 2, 5
    changed = frames.clone()
    changed[clip, frame, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 255
    moved = (encoder.attention(changed, None) - encoder.attention(frames, None)).abs()
    assert moved.shape == (2, 6, 6, 6)
    assert moved.flatten().argmax() == ((clip * 6 + frame) * 6 + row) * 6 + column
    moved[clip, frame] = 0
    assert moved.max() < 1e-6


@torch.no_grad()
def test_attention_of_a_clip_does_not_depend_on_its_neighbours(frames):
    encoder = tiny()
    together, alone = encoder.attention(frames, None), encoder.attention(frames[1:], None)
    assert torch.allclose(together[1:], alone, atol=1e-6)
    assert torch.all(together.sum((2, 3)) < 1)  # CLS also attends to itself


def test_the_report_gets_an_overlay_from_frames_and_none_from_a_cache(small):
    live = small(live=True)
    [panel] = live.captioner.predict(live.batch(), panels=True)[0].extras["panels"]
    assert isinstance(panel, SpatialAttention)
    assert len(panel.times) == len(panel.weights[0]) == 6
    assert panel.times == pytest.approx([10 * (i + 0.5) / 6 for i in range(6)])
    cached = small()
    assert cached.captioner.predict(cached.batch(), panels=True)[0].extras["panels"] == []


def test_cached_and_live_rows_give_the_same_caption(small):
    live = small(live=True, clips=6)
    batch = live.batch(
        6, [f"a {who} {does}" for who in ("man", "child") for does in ("sleeps", "sings", "jumps")]
    )
    with torch.no_grad():
        rows = live.captioner.streams(batch)["video"]

    def cached(values):
        return replace(batch, inputs={}, streams={"video": Stream(values, rows.mask)})

    live.learn(cached(rows.values), 150)
    said = live.texts(batch)
    assert len(set(said)) == 6
    assert live.texts(cached(rows.values)) == said
    assert live.texts(cached(rows.values.roll(1, 0))) == said[-1:] + said[:-1]
