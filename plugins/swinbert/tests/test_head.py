"""The captioner: one pass over the video, masks that words are read at, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from vidcap_swinbert.masked_words import mask_words
from vidcap_swinbert.video_mask import VideoMask
from vidcap_swinbert.video_swin import VideoSwin

from vidcap_core.api import ConfigError, Head, Stream, UserError, View
from vidcap_core.testing import tiny_batch

TINY = {"width": 8, "depths": [1, 1], "heads": [1, 2], "window": (2, 2, 2), "frames": 4, "size": 16}


def full_pass(head: Any, view: View, words: torch.Tensor) -> torch.Tensor:
    """Logits at a mask behind the words, all of video and text through every layer at once."""
    net = head.network
    stream = view.streams["video"]
    video = net.embed(net.project(stream.values))
    tokens = torch.cat([words, torch.full_like(words[:, :1], head.mask_id)], 1)
    length, count = tokens.shape[1], video.shape[1]
    x = torch.cat([net.words(tokens, torch.arange(length)), video], 1)
    bias = torch.zeros(length + count, length + count)
    bias[:length, :length] = torch.full((length, length), -1e4).triu(1)
    bias[length:, :length] = -1e4
    if net.mask is not None:
        bias[length:, length:] = net.mask.bias()
    for layer in net.stack:
        x = layer.video(x, layer.pair(x), bias)
    return net.logits(x[:, length - 1])


@pytest.mark.parametrize("mask", ["soft", "hard", "full"])
@torch.no_grad()
def test_cached_steps_equal_all_anew(make: Callable[..., Any], view: View, mask: str) -> None:
    head = make(mask=mask)
    memory, state = head.start(view)
    words = torch.tensor([[1, 5, 6, 7], [1, 8, 5, 9]])
    for position in range(words.shape[1]):
        logits, state = head.step(words[:, position], memory, state)
        anew = full_pass(head, view, words[:, : position + 1])
        assert torch.allclose(logits, anew, atol=1e-5)


@torch.no_grad()
def test_masks_differ(make: Callable[..., Any], view: View) -> None:
    said = []
    for mask in ("soft", "hard", "full"):
        head = make(mask=mask)
        with torch.no_grad():
            for part in head.network.parameters():
                part.mul_(8)  # a random start is too small to tell
        said.append(head.start(view)[0].video[1][0])
    assert not torch.allclose(said[0], said[1], atol=1e-3)
    assert not torch.allclose(said[1], said[2], atol=1e-3)


def test_gradients_of_a_soft_mask_come_from_both_losses(make: Callable[..., Any], view: View) -> None:
    mask = VideoMask(3, hard=False)
    with torch.no_grad():
        mask.weight.fill_(10.0)
    (mask.bias()).sum().backward()
    assert float(mask.weight.grad.abs().sum()) > 0
    assert torch.equal(mask.weight.grad.diagonal(), torch.zeros(3))


def test_hidden_words() -> None:
    torch.manual_seed(0)
    tokens = torch.tensor([[1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 2], [1, 5, 6, 7, 8, 2, 0, 0, 0, 0, 0]])
    real = tokens > 0
    seen = set()
    for _ in range(50):
        given = mask_words(tokens, real, 4, 20, 0.5, 8)
        assert given.counts.sum(1).tolist() == [6, 3]  # half of 11 is rounded to the even 6, half of 6 is 3
        where = given.positions[given.counts]
        assert int(where.min()) >= 1
        assert torch.equal(given.wanted[given.counts], tokens.gather(1, given.positions)[given.counts])
        untouched = torch.ones_like(tokens, dtype=torch.bool)
        for row in range(2):
            untouched[row, given.positions[row][given.counts[row]]] = False
        assert torch.equal(given.tokens[untouched], tokens[untouched])
        seen |= set(where.tolist())
    assert seen == set(range(1, 11))  # ends too
    assert mask_words(tokens, real, 4, 20, 0.5, 2).counts.sum(1).tolist() == [2, 2]


@torch.no_grad()
def test_outside_of_training_each_word_has_a_mask_of_its_own(
    make: Callable[..., Any], vocabulary: Any
) -> None:
    head = make()
    stream = Stream(torch.randn(3, 8, 10), torch.ones(3, 8, dtype=torch.bool))
    batch = tiny_batch({"video": stream}, vocabulary)
    fast = head(batch.streams, batch, {"tokens"})["tokens"]
    slow = Head.forward(head, batch.streams, batch, {"tokens"})["tokens"]
    assert torch.allclose(fast.value[fast.mask], slow.value[slow.mask], atol=1e-5)


def test_a_clip_of_one_frame_and_a_clip_without_any() -> None:
    encoder = VideoSwin(**TINY).eval()
    frames = torch.randint(0, 256, (2, 1, 16, 16, 3), dtype=torch.uint8)
    with torch.no_grad():
        one = encoder(frames, torch.tensor([[True], [False]]))
        four = encoder(frames.expand(-1, 4, -1, -1, -1))
    assert one.values.shape == (2, 8, 16)
    assert encoder.grid == (2, 2, 2)
    assert torch.allclose(one.values[0], four.values[0], atol=1e-6)
    assert one.mask.tolist() == [[True] * 8, [False] * 8]
    assert not bool(one.values[1].any())


def test_sizes_that_do_not_fit_are_refused(make: Callable[..., Any], view: View) -> None:
    with pytest.raises(ConfigError, match="size=20 must be a multiple of 8"):
        VideoSwin(**{**TINY, "size": 20})
    with pytest.raises(ConfigError, match="different numbers of stages"):
        VideoSwin(**{**TINY, "heads": [1]})
    with pytest.raises(ConfigError, match="no multiple of its 3 heads"):
        VideoSwin(**{**TINY, "heads": [3, 2]})
    with pytest.raises(ConfigError, match="no Video Swin 'swin_b'"):
        VideoSwin(model="swin_b")
    with pytest.raises(ConfigError, match="reads one, of video tokens"):
        make(streams={"video": 10, "audio": 4})
    with pytest.raises(UserError, match="has 8 rows, and SwinBERTHead's mask is made for 12"):
        make(grid=(3, 2, 2)).start(view)
    head = make(max_length=3)
    memory, state = head.start(view)
    _, state = head.step(torch.tensor([1, 1]), memory, state)
    _, state = head.step(torch.tensor([5, 5]), memory, state)
    with pytest.raises(UserError, match=r"generate.max_length=2"):
        head.step(torch.tensor([5, 5]), memory, state)


def test_weights_of_the_network_over_frames_from_a_file(tmp_path: Any) -> None:
    first = VideoSwin(**TINY, seed=1)
    file = tmp_path / "swin.pth"
    torch.save({**first.network.state_dict(), "head.weight": torch.zeros(3, 16)}, file)
    again = VideoSwin(**TINY, pretrained=str(file))
    assert torch.equal(again.network.patch_embed.proj.weight, first.network.patch_embed.proj.weight)
    assert again.describe()["pretrained"] == "swin.pth"
    with pytest.raises(UserError, match=r"does not fit this Video Swin: .* first "):
        VideoSwin(**{**TINY, "width": 16}, pretrained=str(file))
    assert [one.looked for one in VideoSwin.missing(pretrained="none.pth")] == ["pretrained='none.pth'"]


def test_panels_say_where_words_looked(make: Callable[..., Any], view: View) -> None:
    from vidcap_swinbert.mask_panel import draw

    from vidcap_core.api import Batch, Clip, Event

    batch = Batch(clips=(Clip("a"), Clip("b")), streams=view.streams)
    events = [[Event(0.0, 1.0, "a man is cooking")], []]
    with torch.no_grad():
        first, second = make().explain([view], view.streams, batch, events)
    assert [panel.title for panel in first] == [
        "Where each word looked",
        "Learnt mask: how open the way is from a moment (row) to another",
    ]
    assert len(first[0].weights) == 4
    assert len(second) == 1
    assert draw(second[0].data).count("<td") == 4
    with torch.no_grad():
        assert make(mask="full").explain([view], view.streams, batch, events)[1] == []
