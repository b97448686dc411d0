"""Small captioners of this plugin, as their configs would make them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vidcap_core.testing import collate, tiny_parts

GPT2 = {
    "model_type": "gpt2",
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 48,
    "resid_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
}
HEAD = {
    "type": "mffcl.MFFCLHead",
    "streams": {"video": 64},
    "lm": GPT2,
    "sequence": 3,
    "prompt_length": 5,
    "width": 32,
    "heads": 4,
    "feed": 64,
    "layers": 2,
    "dropout": 0.0,
    "text": {"text": 16},
    "contrast": 24,
}
TEXT = {"type": "mffcl.SmallText", "dim": 16}
VIDEO = {"type": "mffcl.TimeSformer", "model": "vidcap_mffcl", "pretrained": False}


class Small:
    """A config over tiny clips with its captioner; `head` changes keys of the head."""

    def __init__(
        self, clips=4, live=False, patches=False, encoders=None, generate=None, tokenizer=None, **head
    ):
        data = {
            "type": "vidcap_core.testing:TinyClips",
            "clips": clips,
            "streams": {**HEAD, **head}["streams"],
            "length": 1,
        }
        made = tiny_parts(
            tokenizer,
            data={"train": data, "val": data},
            head={**HEAD, **head},
            encoders={
                "text": TEXT,
                **({"video": {**VIDEO, "patches": patches}} if live else {}),
                **(encoders or {}),
            },
            losses={"contrastive": {"type": "InfoNCE"}, "tokens": {"type": "TokenLoss"}},
            generate=generate or {"mode": "greedy", "max_length": 8},
        )
        self.recipe, self.clips = made.recipe, made.dataset
        self.tokenizer, self.captioner = made.tokenizer, made.captioner
        self.config = made.recipe.config
        self.live = live

    @property
    def head(self):
        return self.captioner.head

    def batch(self, rows=4, texts=None):
        """One caption a clip; frames in place of cached rows when the encoder is live."""
        samples = [self.clips.get(2 * i, np.random.default_rng(i)) for i in range(rows)]
        if texts is not None:
            samples = [replace(s, text=text) for s, text in zip(samples, texts, strict=True)]
        if self.live:
            random = np.random.default_rng(5)
            # noise of another tint in each clip: noise alone looks the same in all
            tints = [[255 * (i >> bit & 1) + 1 for bit in range(3)] for i in range(len(samples))]
            frames = [random.integers(0, tint, (6, 48, 48, 3), dtype=np.uint8) for tint in tints]
            samples = [
                replace(s, streams={}, inputs={"frames": f}) for s, f in zip(samples, frames, strict=True)
            ]
        return collate(self.tokenizer, samples)

    def learn(self, batch, steps, lr=3e-3):
        """The captions of a batch by the token loss; returns the last loss."""
        wanted = [p for p in self.captioner.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(wanted, lr=lr)
        for _ in range(steps):
            total, weight = self.captioner(batch, ["tokens"])["tokens"]
            optimizer.zero_grad()
            (total / weight).backward()
            optimizer.step()
        self.captioner.eval()
        return float((total / weight).detach())

    def texts(self, batch):
        """What is said of each clip."""
        return [p.text for p in self.captioner.predict(batch)]

    def output(self, *want, batch=None):
        batch = batch or self.batch()
        return self.head(self.captioner.streams(batch), batch, frozenset(want))


@pytest.fixture
def small():
    return Small
