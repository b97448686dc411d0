"""Any image model of timm, frame by frame: https://github.com/huggingface/pytorch-image-models"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import timm
from torch import Tensor

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.network_inputs import Preparation
from vidcap_core.encoders.rows import row_mask
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import Pretrained, is_file, needs, origin, put, read_weights, seeded
from vidcap_core.video.sampling import wished


class TimmImage(Encoder):
    """Pooled features of each frame.

    model: a name of timm's, with or without the tag of its weights.
    pretrained: True (the weights of the name), a tag, a weights file, or False (random).
    frames: of each video, the middles of as many equal parts; or a sampling, as `data.*.frames` says it.
    seed: of random weights.
    """

    reads = "frames"

    def __init__(
        self, model: str, pretrained: Pretrained = True, frames: int | Mapping[str, Any] = 20, seed: int = 0
    ) -> None:
        super().__init__()
        self.source = origin(pretrained, seed)
        name = full_name(model, pretrained)
        if not timm.is_model(name.partition(".")[0]):
            close = ", ".join(timm.list_models(f"*{model.partition('.')[0][:8]}*")[:5])
            raise UserError(
                f"timm has no model '{model}'",
                hint=close or "python -c 'import timm; print(timm.list_models())'",
            )
        from_name = pretrained is not False and not is_file(pretrained)
        native = native_name(name) if from_name else name
        self.model = model if native == name else native
        hint = f"put the weights of '{name}' into a .safetensors or .pth file; model='{native}', pretrained='THAT FILE'"
        with seeded(seed), needs(f"timm model '{native}'", hint):
            self.network = timm.create_model(native, pretrained=from_name, num_classes=0)
        config = timm.data.resolve_data_config({}, model=self.network)
        if is_file(pretrained):
            head = self.network.default_cfg.get("classifier", ())
            prefixes = tuple(f"{h}." for h in ((head,) if isinstance(head, str) else head))
            put(self.network, self.rename(read_weights(str(pretrained))), str(pretrained), prefixes)
        self.dim = int(self.network.num_features)
        if hasattr(self.network, "head_hidden_size"):
            self.dim = int(self.network.head_hidden_size)
        self.preprocess = self.preparation(config)
        self.short_side, self.crop = self.preprocess.resize, self.preprocess.square
        self.sampling = wished(frames)
        self.eval()

    def rename(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Tensors under the names that timm's model has."""
        return weights

    def preparation(self, config: dict[str, Any]) -> Preparation:
        """How frames are prepared, from what timm says of the model."""
        return Preparation.of(
            config["input_size"][1:],
            config["mean"],
            config["std"],
            config["crop_pct"],
            config["interpolation"],
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, T, H, W, 3] -> [B, T, dim]."""
        values = self.network(self.preprocess(x.flatten(0, 1))).unflatten(0, x.shape[:2])
        return Stream(values, row_mask(mask, values))

    @classmethod
    def remarks(cls, model: str, pretrained: Pretrained = True, **_: Any) -> Iterator[str]:
        """Which network a CLIP's weights get, where it is another one than is named."""
        name = full_name(model, pretrained)
        if pretrained is not False and not is_file(pretrained):
            native = native_name(name)
            if native != name:
                yield f"{native}: QuickGELU, says timm's table of weights"

    def describe(self) -> dict[str, Any]:
        """Model, source of the weights, preparation."""
        return {"model": self.model, "pretrained": self.source, "prepare": self.preprocess.describe()}


def full_name(model: str, pretrained: Pretrained) -> str:
    """The model's name with the tag of its weights, where one is given."""
    return f"{model}.{pretrained}" if isinstance(pretrained, str) and not is_file(pretrained) else model


def native_name(name: str) -> str:
    """The network that published weights were trained in: some CLIPs' are offered for GELU too, and need QuickGELU."""
    architecture = name.partition(".")[0]
    with needs(
        f"timm model '{name}'", f"python -c 'import timm; print(timm.list_pretrained(\"{architecture}*\"))'"
    ):
        known = timm.get_pretrained_cfg(name)
    notes = () if known is None else known.notes or ()
    if known is None or "_quickgelu" in known.architecture or not any("QuickGELU" in note for note in notes):
        return name
    return f"{known.architecture.replace('_clip_', '_clip_quickgelu_')}.{known.tag}"
