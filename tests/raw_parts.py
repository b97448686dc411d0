"""Parts that read raw inputs: a whole model of Hugging Face with its own processor and `generate`, and an encoder."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Set
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from transformers import VisionEncoderDecoderModel, ViTImageProcessor

from vidcap_core.api import (
    Batch,
    Clip,
    Encoder,
    Head,
    Hyp,
    Named,
    Output,
    RawClip,
    Rows,
    Sample,
    Stream,
    Tokenizer,
    View,
    WriteSettings,
    caption_tokens,
    whole_clips,
)
from vidcap_core.testing.tiny import TinyClips


class OwnGenerate(Head):
    """A whole image-to-text model: its processor runs where files are read, its own `generate` writes.

    model: a folder with model and processor.
    """

    comes_trained = True
    decodes = frozenset({"beam", "n_best", "max_length", "min_length"})
    reads = frozenset({"frames"})
    sampling: ClassVar[dict[str, Any]] = {"kind": "uniform", "frames": 1}

    def __init__(self, model: str, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.model = VisionEncoderDecoderModel.from_pretrained(model)
        self.processor = ViTImageProcessor.from_pretrained(model)

    def prepare(self, raw: RawClip) -> Mapping[str, Any]:
        """The processor's pixels [3, H, W], and where that was."""
        assert raw.frames is not None
        assert raw.times is not None
        pixels = self.processor(images=list(raw.frames), return_tensors="np")["pixel_values"][0]
        return {"pixels": pixels, "when": float(raw.times[0]), "where": (os.getpid(), threading.get_ident())}

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """Teacher forcing through the model's own forward pass."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        pixels = whole_clips(streams, batch).inputs["pixels"]
        logits = self.model(pixel_values=pixels, decoder_input_ids=tokens[:, :-1]).logits
        return Output(tokens=Named(logits, tokens[:, 1:], mask[:, 1:]))

    @torch.no_grad()
    def write(self, view: View, settings: WriteSettings) -> Rows:
        """The model's own search."""
        beams = settings.beam if settings.mode == "beam" else 1
        made = self.model.generate(
            pixel_values=view.inputs["pixels"][list(view.clips)],
            num_beams=beams,
            num_return_sequences=settings.n_best,
            max_new_tokens=settings.max_length,
            min_new_tokens=settings.min_length,
            do_sample=False,
            return_dict_in_generate=True,
            output_scores=True,
        )
        scores = [0.0] * len(made.sequences) if beams == 1 else made.sequences_scores.tolist()
        texts = [
            Hyp([token for token in row if token not in (settings.bos, settings.eos)], score, [])
            for row, score in zip(made.sequences.tolist(), scores, strict=True)
        ]
        return [texts[i : i + settings.n_best] for i in range(0, len(texts), settings.n_best)]


class Patches(Encoder):
    """An encoder whose processor gives patches of any number a clip, side by side in one long row, as some VLMs do."""

    reads = "frames"
    dim = 12
    sampling: ClassVar[dict[str, Any]] = {"kind": "uniform", "frames": 4}

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(12, self.dim)

    def prepare(self, frames: np.ndarray, times: np.ndarray) -> Mapping[str, Any]:
        """Patches [N, 12] of 2 x 2 pixels of each frame's corner, and how many there are."""
        corner = frames[:, :2, :2].reshape(len(frames), 12).astype(np.float32) / 255
        return {
            "patches": corner,
            "count": len(corner),
            "times": times.astype(np.float32),
            "pid": os.getpid(),
        }

    def collate(self, rows: Any) -> Mapping[str, Any]:
        """All clips' patches one after the other."""
        return {
            "patches": torch.from_numpy(np.concatenate([row["patches"] for row in rows])),
            "counts": [row["count"] for row in rows],
            "times": torch.from_numpy(np.stack([row["times"] for row in rows])),
            "pids": [row["pid"] for row in rows],
        }

    def forward(self, inputs: Mapping[str, Any]) -> Stream:
        """A row a patch; it says itself when its rows are."""
        rows: Tensor = self.project(inputs["patches"]).view(len(inputs["counts"]), -1, self.dim)
        return Stream(rows, torch.ones(rows.shape[:2], dtype=torch.bool), inputs["times"])

    def describe(self) -> dict[str, Any]:
        """Nothing more."""
        return {}


class Filmed(TinyClips):
    """Tiny clips with frames whose colour tells the caption."""

    def get(self, index: int, rng: np.random.Generator) -> Sample:
        """The clip's code as a colour."""
        sample = super().get(index, rng)
        number = int(sample.clip.id.removeprefix("clip"))
        frames = np.full((4, 8, 8, 3), 25 * number, np.uint8)
        clip = Clip(sample.clip.id, duration=10.0)
        times = {"frames": np.linspace(1, 9, 4)}
        return Sample(clip, sample.events, sample.text, inputs={"frames": frames}, times=times)
