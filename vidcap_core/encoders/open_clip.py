"""Any CLIP of open_clip, its picture side and its text side: https://github.com/mlfoundations/open_clip"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.transformer import QuickGELU
from torch import Tensor, nn

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Stream
from vidcap_core.encoders.clip_activation import WHOLE, Activation, activation_of, weights_file
from vidcap_core.encoders.network_inputs import Preparation
from vidcap_core.encoders.rows import row_mask
from vidcap_core.encoders.text_batches import flatten_texts, regroup_texts
from vidcap_core.encoders.torchscript import is_torchscript, torchscript_tensors
from vidcap_core.errors import UserError
from vidcap_core.pretrained.load import Pretrained, needs, origin, put, seeded, stored_json
from vidcap_core.video.sampling import wished


def checked_activation(model: str, pretrained: Pretrained, quick_gelu: bool | None) -> Activation:
    """The activation of a CLIP as an encoder's arguments describe it, once they make sense."""
    whole = model.startswith(WHOLE)
    if whole and not isinstance(pretrained, bool):
        raise UserError(
            f"'{model}' brings its own weights: pretrained='{pretrained}'", hint="pretrained=True"
        )
    if pretrained is True and not whole:
        tags = open_clip.list_pretrained_tags_by_model(model)
        raise UserError(
            f"open_clip needs to know which weights of '{model}'", hint=f"pretrained= {' | '.join(tags)}"
        )
    if not whole and open_clip.get_model_config(model) is None:
        raise UserError(
            f"open_clip has no model '{model}'",
            hint="python -c 'import open_clip; print(open_clip.list_models())'",
        )
    with _needs_clip(model, pretrained):
        return activation_of(model, pretrained, quick_gelu)


def load_clip(model: str, pretrained: Pretrained, seed: int, quick_gelu: bool | None = None) -> Any:
    """A CLIP with weights by tag or local file, those that lie beside its config, or random ones."""
    quick = checked_activation(model, pretrained, quick_gelu).quick
    options: dict[str, Any] = {"quick_gelu": quick, "force_quick_gelu": quick}
    archive = None
    if model.startswith(WHOLE):
        options |= {"load_weights": pretrained, "require_pretrained": pretrained}
    elif (file := weights_file(model, pretrained)) is None:
        options["pretrained"] = pretrained or None
    elif is_torchscript(file):
        archive = torchscript_tensors(file)
    else:
        options["pretrained"] = str(file)
    with (
        seeded(seed),
        _needs_clip(model, pretrained, quick),
        _quiet() if archive is not None else nullcontext(),
    ):
        clip = open_clip.create_model(model, **options).eval()
    if archive is not None:
        put(clip, {name: archive[name] for name in clip.state_dict() if name in archive}, str(pretrained))
    return clip


@contextmanager
def _quiet() -> Iterator[None]:
    """Without open_clip's warning that nothing was loaded, where the weights come right after."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _needs_clip(
    model: str, pretrained: Pretrained, quick_gelu: bool | None = None
) -> AbstractContextManager[None]:
    if model.startswith(WHOLE):
        hint = "put open_clip_config.json and open_clip_model.safetensors into a folder; model='local-dir:THAT FOLDER'"
    else:
        hint = (
            f"put the weights '{pretrained}' of '{model}' into a .safetensors or .pt file; "
            f"pretrained='THAT FILE', quick_gelu={quick_gelu}"
        )
    return needs(f"open_clip model '{model}' ({pretrained})", hint)


def activation_remark(model: str, pretrained: Pretrained, quick_gelu: bool | None) -> str:
    """What a config check says of a CLIP; nothing is downloaded for it."""
    if model.startswith("hf-hub:"):
        return f"{model}: the activation is what its open_clip_config.json says"
    activation = checked_activation(model, pretrained, quick_gelu)
    return f"{_name(model)}: {activation.name}, says {activation.source}"


def _activation_name(clip: nn.Module) -> str:
    """Of the network as it stands, for a recipe."""
    return "quick_gelu" if any(isinstance(part, QuickGELU) for part in clip.modules()) else "gelu"


def _refuse_code(model: str) -> None:
    """Refuse a model whose config would let its tokenizer run code of its own: open_clip passes that on."""
    config = None
    if model.startswith("local-dir:"):
        file = Path(model.removeprefix("local-dir:")) / "open_clip_config.json"
        config = stored_json(file).get("model_cfg") if file.is_file() else None
    elif model.startswith("hf-hub:"):
        config = open_clip.get_model_config(model)
    text = (config or {}).get("text_cfg") or {}
    if (text.get("tokenizer_kwargs") or {}).get("trust_remote_code"):
        raise UserError(
            f"'{model}': its tokenizer would run code of its own, which is never done",
            hint="a model whose tokenizer is data",
        )


def _name(model: str) -> str:
    """What a recipe says: a folder's path is of no use elsewhere."""
    return f"local-dir:{Path(model).name}" if model.startswith("local-dir:") else model


class OpenClipImage(Encoder):
    """CLIP's embedding of each frame.

    model: a name of open_clip's, or `hf-hub:NAME` or `local-dir:FOLDER`, where config and weights are in one place.
    pretrained: a tag of open_clip's, a weights file, or False (random); True: the weights that lie in that place.
    frames: of each video, the middles of as many equal parts; or a sampling, as `data.*.frames` says it.
    normalize: whether each row is scaled to length 1.
    seed: of random weights.
    quick_gelu: True for QuickGELU, False for GELU; None: as weights or config tell. It is needed where nothing tells.
    """

    reads = "frames"

    def __init__(
        self,
        model: str,
        pretrained: Pretrained = True,
        frames: int | Mapping[str, Any] = 20,
        normalize: bool = False,
        seed: int = 0,
        quick_gelu: bool | None = None,
    ) -> None:
        super().__init__()
        clip = load_clip(model, pretrained, seed, quick_gelu)
        self.activation = _activation_name(clip)
        self.model, self.source, self.normalize = model, origin(pretrained, seed), normalize
        self.visual = clip.visual
        config = open_clip.get_model_preprocess_cfg(clip)
        self.preprocess = Preparation.of(
            config["size"], config["mean"], config["std"], 1.0, config["interpolation"]
        )
        self.short_side, self.crop = self.preprocess.resize, self.preprocess.square
        with torch.no_grad():
            self.dim = int(self.visual(torch.zeros(1, 3, *self.preprocess.crop)).shape[-1])
        self.sampling = wished(frames)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Stream:
        """Frames [B, T, H, W, 3] -> [B, T, dim]."""
        values = self.visual(self.preprocess(x.flatten(0, 1))).unflatten(0, x.shape[:2])
        if self.normalize:
            values = torch.nn.functional.normalize(values, dim=-1)
        return Stream(values, row_mask(mask, values))

    @classmethod
    def remarks(
        cls, model: str, pretrained: Pretrained = True, quick_gelu: bool | None = None, **_: Any
    ) -> Iterator[str]:
        """Which activation it gets, and why."""
        yield activation_remark(model, pretrained, quick_gelu)

    def describe(self) -> dict[str, Any]:
        """Model, source of the weights, activation, preparation."""
        return {
            "model": _name(self.model),
            "pretrained": self.source,
            "activation": self.activation,
            "normalize": self.normalize,
            "prepare": self.preprocess.describe(),
        }


class OpenClipText(Encoder):
    """CLIP's embedding of each text.

    model: a name of open_clip's, or `hf-hub:NAME` or `local-dir:FOLDER`, where config and weights are in one place.
    pretrained: a tag of open_clip's, a weights file, or False (random); True: the weights that lie in that place.
    normalize: whether each row is scaled to length 1.
    seed: of random weights.
    quick_gelu: True for QuickGELU, False for GELU; None: as weights or config tell. It is needed where nothing tells.
    """

    reads = "text"

    def __init__(
        self,
        model: str,
        pretrained: Pretrained = True,
        normalize: bool = False,
        seed: int = 0,
        quick_gelu: bool | None = None,
    ) -> None:
        super().__init__()
        clip = load_clip(model, pretrained, seed, quick_gelu)
        self.activation = _activation_name(clip)
        self.model, self.source, self.normalize = model, origin(pretrained, seed), normalize
        clip.visual = torch.nn.Identity()
        self.clip = clip
        _refuse_code(model)
        with needs(f"open_clip tokenizer of '{model}'", "put the tokenizer's files beside the weights"):
            self.tokenize = open_clip.get_tokenizer(model)
        with torch.no_grad():
            self.dim = int(clip.encode_text(self.tokenize(["a"])).shape[-1])
        self.sampling = {}

    def forward(self, x: Sequence[Any], mask: Tensor | None = None) -> Stream:
        """Texts, one or several a clip -> [B, texts, dim]."""
        texts, counts = flatten_texts(x)
        ids = self.tokenize(texts).to(self.clip.logit_scale.device)
        return regroup_texts(self.clip.encode_text(ids, normalize=self.normalize), counts)

    def word_rows(self, texts: Sequence[str]) -> list[tuple[list[int], Tensor]]:
        """Of each text its token ids, from start to end mark, and a row [dim] for each in the space of pictures.

        The row at the end mark is the text's own. What a fine-grained similarity (EMScore) compares with frames.
        """
        network = getattr(self.clip, "text", self.clip)
        project, last = getattr(network, "text_projection", None), getattr(network, "ln_final", None)
        if last is None or project is None or getattr(network, "cls_emb", None) is not None:
            raise UserError(
                f"'{_name(self.model)}': its text side has no row for each word in the space of pictures",
                hint="a CLIP whose text is a causal Transformer, as ViT-B-32",
            )
        ids = self.tokenize(list(texts)).to(self.clip.logit_scale.device)
        states: list[Tensor] = []
        hook = last.register_forward_hook(lambda module, inputs, output: states.append(output))
        try:
            self.clip.encode_text(ids)
        finally:
            hook.remove()
        rows = project(states[0]) if isinstance(project, nn.Module) else states[0] @ project
        ends = ids.argmax(dim=-1).tolist()  # the end mark is the largest id
        return [
            (row[: end + 1].tolist(), made[: end + 1]) for row, made, end in zip(ids, rows, ends, strict=True)
        ]

    @classmethod
    def remarks(
        cls, model: str, pretrained: Pretrained = True, quick_gelu: bool | None = None, **_: Any
    ) -> Iterator[str]:
        """Which activation it gets, and why."""
        yield activation_remark(model, pretrained, quick_gelu)

    def describe(self) -> dict[str, Any]:
        """Model, source of the weights, activation."""
        return {
            "model": _name(self.model),
            "pretrained": self.source,
            "activation": self.activation,
            "normalize": self.normalize,
        }
