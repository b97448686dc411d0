"""Audio models of Hugging Face: wav2vec 2.0, HuBERT, WavLM, the Audio Spectrogram Transformer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import AutoFeatureExtractor

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.hf_text import load_model
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import from_hub, origin

RATE = 16_000


class HFAudio(Encoder):
    """The last hidden states of an audio model.

    model: a name on Hugging Face's hub, a folder, or an installed package that carries one.
    pretrained: True (the model's own weights), another folder for the weights, or False (random).
    seed: of random weights.
    """

    reads = "audio"

    def __init__(self, model: str, pretrained: bool | str = True, seed: int = 0) -> None:
        super().__init__()
        self.model, self.source = model, origin(pretrained, seed)
        what = f"the feature extractor of '{model}'"
        self.extractor = from_hub(AutoFeatureExtractor.from_pretrained, model, what)
        self.network = load_model(model, pretrained, seed)
        config = self.network.config
        if config.is_encoder_decoder or not hasattr(config, "hidden_size"):
            raise UserError(
                f"{model}: a {config.model_type} is more than an audio encoder",
                hint="models such as wav2vec 2.0, HuBERT, WavLM, AST",
            )
        self.dim = int(config.hidden_size)
        self.sampling = {"kind": "audio", "rate": RATE}

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Sound [B, N] at 16 kHz -> [B, rows, dim], clip by clip: neighbours never change a clip's normalisation."""
        lengths = mask.sum(1).tolist() if mask is not None else [x.shape[1]] * len(x)
        rows = [self._one(sound[: max(1, n)]) for sound, n in zip(x, lengths, strict=True)]
        values = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        counts = torch.tensor(
            [len(r) if n else 0 for r, n in zip(rows, lengths, strict=True)], device=x.device
        )
        return Stream(values, torch.arange(values.shape[1], device=x.device)[None] < counts[:, None])

    def _one(self, sound: Tensor) -> Tensor:
        shortest = self._shortest()
        if len(sound) < shortest:
            sound = torch.nn.functional.pad(sound, (0, shortest - len(sound)))
        inputs = self.extractor(sound.cpu().numpy(), sampling_rate=RATE, return_tensors="pt")
        name = self.extractor.model_input_names[0]
        states: Tensor = self.network(inputs[name].to(self.network.device)).last_hidden_state[0]
        return states

    def _shortest(self) -> int:
        """Samples that the model's convolutions need for one row."""
        config = self.network.config
        needed = 1
        kernels, strides = getattr(config, "conv_kernel", ()), getattr(config, "conv_stride", ())
        for kernel, stride in reversed(list(zip(kernels, strides, strict=True))):
            needed = (needed - 1) * stride + kernel
        return max(needed, 400)

    def describe(self) -> dict[str, Any]:
        """Model and source of the weights."""
        return {"model": self.model.rstrip("/").rpartition("/")[2], "pretrained": self.source, "rate": RATE}
