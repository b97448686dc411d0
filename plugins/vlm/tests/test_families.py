"""Each family: the model's own words, alone and in a batch; teacher forcing scores what was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor
from vidcap_vlm.chat_tokenizer import ChatTokenizer
from vidcap_vlm.head import ChatModel

from vidcap_core.api import (
    HEAD,
    Batch,
    Clip,
    ConfigError,
    GenerateSettings,
    RawClip,
    WriteSettings,
    whole_clips,
)

FRAMES = {"blip2": 1, "paligemma": 2}
KNOWN = ["smolvlm", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "internvl"]
KNOWN += ["llava_onevision", "llava_next_video", "paligemma", "blip2", "instructblipvideo"]
TIMED = ["smolvlm", "qwen2_5_vl", "qwen3_vl"]
"""Those whose inputs say when a frame is."""


@pytest.fixture(scope="module", params=KNOWN)
def made(request: pytest.FixtureRequest, family: Callable[[str], str]) -> Any:
    """A head of a family, and its folder."""
    folder = family(request.param)
    tokenizer = ChatTokenizer(folder)
    head = ChatModel(
        folder, tokenizer, prompt="Describe the film.", frames=FRAMES.get(request.param, 4), script=None
    )
    return request.param, folder, head.eval(), tokenizer


def raw(index: int, count: int, size: tuple[int, int] = (48, 64)) -> RawClip:
    """A clip of its own colours and length."""
    frames = np.random.default_rng(index).integers(0, 255, (count, *size, 3), dtype=np.uint8)
    length = 2.0 + index
    times = (np.arange(count) + 0.5) * length / count
    return RawClip(Clip(f"clip{index}", duration=length), frames, times)


def batch_of(head: ChatModel, raws: list[RawClip], **more: Any) -> Batch:
    prepared = head.collate([head.prepare(each) for each in raws])
    return Batch(tuple(each.clip for each in raws), prepared={HEAD: prepared}, **more)


def written(
    head: ChatModel, tokenizer: ChatTokenizer, batch: Batch, heard: Any = None, **settings: Any
) -> Any:
    given = WriteSettings.of(
        GenerateSettings(**{"max_length": 8, **settings}),
        bos=tokenizer.bos_id,
        eos=tokenizer.eos_id,
        heard=heard,
        keys=tuple(clip.id for clip in batch.clips),
    )
    return head.write_answers(whole_clips({}, batch), given)


def test_words_are_those_of_the_models_own_generate(made: Any) -> None:
    """With the model and the processor loaded and called as their documentation has it."""
    name, folder, head, tokenizer = made
    clip = raw(0, head.frames)
    (row,) = written(head, tokenizer, batch_of(head, [clip]))
    model, processor = (
        AutoModelForImageTextToText.from_pretrained(folder),
        AutoProcessor.from_pretrained(folder),
    )
    video = getattr(processor, "video_processor", None) is not None
    text, extra = "Describe the film.", {}
    if getattr(processor, "chat_template", None):
        content = [{"type": "video"}, {"type": "text", "text": text}]
        text = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True
        )
        extra = {} if name == "llava_next_video" else {"add_special_tokens": False}
    if video and name != "instructblipvideo":  # whose videos are called images
        seconds = clip.clip.duration
        told = {
            "total_num_frames": 4,
            "fps": 4 / seconds,
            "duration": seconds,
            "frames_indices": [0.5, 1.5, 2.5, 3.5],
        }
        extra |= {"videos": [list(clip.frames)], "video_metadata": [told], "do_sample_frames": False}
    else:
        extra |= {"images": [list(clip.frames)]}
    inputs = processor(text=[text], return_tensors="pt", **extra)
    plain = model.eval().generate(**inputs, do_sample=False, max_new_tokens=8)[0].tolist()
    words = row[0].tokens + ([] if row[0].end is None else [tokenizer.eos_id])
    assert words
    assert plain[len(plain) - len(words) :] == words


def test_a_clip_gets_the_same_words_alone_and_in_a_batch(made: Any) -> None:
    """Of clips of other sizes, with a longer prompt among them; greedy, by chance and with beams."""
    _, _, head, tokenizer = made
    raws = [raw(0, head.frames), raw(1, head.frames, (64, 48)), raw(12, head.frames, (32, 96))]
    for settings in (
        {},
        {"mode": "sample", "n_best": 2, "top_p": 0.9},
        {"mode": "beam", "beam": 3, "n_best": 2},
    ):
        together = written(head, tokenizer, batch_of(head, raws), **settings)
        alone = [written(head, tokenizer, batch_of(head, [each]), **settings)[0] for each in raws]
        assert [[h.tokens for h in row] for row in together] == [[h.tokens for h in row] for row in alone], (
            settings
        )
        for one, other in zip(together, alone, strict=True):
            assert [h.score for h in one] == pytest.approx([h.score for h in other], abs=1e-4)
    drawn = {
        tuple(h.tokens)
        for row in written(head, tokenizer, batch_of(head, raws), mode="sample", n_best=2)
        for h in row
    }
    assert len(drawn) > 1


def test_who_listens_hears_the_words_as_they_come(made: Any) -> None:
    """Of each clip a longer and longer beginning of its text; nothing of beams, whose words may change again."""
    _, _, head, tokenizer = made
    raws = [raw(0, head.frames), raw(1, head.frames, (64, 48))]
    for settings in ({}, {"mode": "sample"}):
        heard: list[list[str]] = [[], []]
        rows = written(
            head,
            tokenizer,
            batch_of(head, raws),
            heard=lambda row, hyp, heard=heard: heard[row].append(hyp.tokens),
            **settings,
        )
        for row, of_row in zip(rows, heard, strict=True):
            assert of_row == [row[0].tokens[: size + 1] for size in range(len(row[0].tokens))]
    silent: list[int] = []
    beams = {"mode": "beam", "beam": 2, "heard": lambda row, hyp: silent.append(row)}
    written(head, tokenizer, batch_of(head, raws), **beams)
    assert silent == []


def test_teacher_forcing_scores_what_was_written(made: Any) -> None:
    """Log-probabilities of `generate` are those of `forward`, in a batch with prompts of different lengths."""
    _, _, head, tokenizer = made
    raws = [raw(0, head.frames), raw(1, head.frames, (64, 48)), raw(12, head.frames)]
    rows = written(head, tokenizer, batch_of(head, raws))
    words = [[tokenizer.bos_id, *row[0].tokens, tokenizer.eos_id] for row in rows]
    width = max(map(len, words))
    tokens = torch.tensor([row + [tokenizer.pad_id] * (width - len(row)) for row in words])
    mask = torch.tensor([[True] * len(row) + [False] * (width - len(row)) for row in words])
    batch = batch_of(head, raws, tokens=tokens, token_mask=mask)
    with torch.no_grad():
        named = head({}, batch, frozenset({"tokens"}))["tokens"]
    logs = named.value.log_softmax(-1).gather(-1, named.target[..., None]).squeeze(-1)
    for row, of_row in zip(rows, logs.tolist(), strict=True):
        assert of_row[: len(row[0].log_probs)] == pytest.approx(row[0].log_probs, abs=2e-4)


def test_a_frozen_tower_looks_once(made: Any) -> None:
    """With features kept losses and gradients are the same, in any batch, and the tower is not asked again."""
    name, folder, _, tokenizer = made
    if name.endswith(("blip2", "blipvideo")):
        with pytest.raises(ConfigError, match="takes no features"):
            ChatModel(folder, tokenizer, frames=FRAMES.get(name, 4), vision_cache=64)
        return
    heads = [
        ChatModel(folder, tokenizer, frames=FRAMES.get(name, 4), script=None, vision_cache=mib).train()
        for mib in (0, 64)
    ]
    for head in heads:
        for part, weight in head.named_parameters():
            weight.requires_grad_("q_proj" in part and "vision" not in part and "visual" not in part)
    plain, keeps = heads
    assert keeps.seen is not None
    looked = []
    for modality, encoder in list(keeps.seen.encoders.items()):

        def looks(*given: Any, encoder: Any = encoder, **named: Any) -> Any:
            looked.append(1)
            return encoder(*given, **named)

        keeps.seen.encoders[modality] = looks
    raws = [raw(0, plain.frames), raw(1, plain.frames, (64, 48)), raw(12, plain.frames, (32, 96))]
    for order, count in ((raws[:2], 2), (raws, 3), (raws[::-1], 3)):
        losses = [loss_of(head, tokenizer, order) for head in heads]
        assert float(losses[1]) == pytest.approx(float(losses[0]), abs=1e-5)
        for loss in losses:
            loss.backward()
        assert len(looked) == count
    grads = [[weight.grad for weight in head.parameters() if weight.requires_grad] for head in heads]
    assert grads[0]
    for one, other in zip(*grads, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    assert keeps.seen.held > 0
    for weight in keeps.parameters():
        weight.requires_grad_(True)
    loss_of(keeps, tokenizer, raws).backward()
    assert len(looked) == 3
    assert keeps.seen.held == 0, "what trains is not kept"


def loss_of(head: ChatModel, tokenizer: ChatTokenizer, raws: list[RawClip]) -> torch.Tensor:
    """Of an answer a clip, each of another length."""
    texts = ["a red ball " * (at + 1) for at in range(len(raws))]
    rows = [[tokenizer.bos_id, *tokenizer.encode(text), tokenizer.eos_id] for text in texts]
    width = max(map(len, rows))
    tokens = torch.tensor([row + [tokenizer.pad_id] * (width - len(row)) for row in rows])
    mask = torch.tensor([[True] * len(row) + [False] * (width - len(row)) for row in rows])
    named = head({}, batch_of(head, raws, tokens=tokens, token_mask=mask), frozenset({"tokens"}))["tokens"]
    return torch.nn.functional.cross_entropy(named.value[named.mask], named.target[named.mask])


def test_times_are_told(made: Any) -> None:
    """The same pictures at other times are other inputs, with models that are told times."""
    name, _, head, _ = made
    near, far = raw(0, head.frames), raw(0, head.frames)
    far = RawClip(Clip("far", duration=80.0), far.frames, far.times * 40)
    one, other = head.prepare(near), head.prepare(far)
    same = all(torch.equal(one[name], other[name]) for name in one)
    assert same is (name not in TIMED)


def test_a_stored_head_is_the_head(made: Any) -> None:
    """Assets and weights, without the folder."""
    _, _, head, tokenizer = made
    again = ChatModel.load_assets(
        head.assets(),
        model="gone",
        tokenizer=tokenizer,
        prompt="Describe the film.",
        frames=head.frames,
        script=None,
    )
    again.load_state_dict(head.state_dict())
    batch = batch_of(head, [raw(3, head.frames)])
    ((one,),) = written(again.eval(), tokenizer, batch_of(again, [raw(3, head.frames)]))
    ((other,),) = written(head, tokenizer, batch)
    assert one.tokens == other.tokens
    assert one.log_probs == pytest.approx(other.log_probs, abs=1e-5)
