"""Which activation the weights of a CLIP were trained with: the wrong one loads as well, and makes other features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip

from vidcap_core.encoders.openai_archives import accept
from vidcap_core.encoders.torchscript import is_torchscript
from vidcap_core.errors import UserError
from vidcap_core.files.hashing import hash_file
from vidcap_core.pretrained.load import Pretrained, stored_json

WHOLE = ("hf-hub:", "local-dir:")
"""What a model's name begins with that leads to config and weights in one place."""

CONFIG = "open_clip_config.json"


@dataclass(frozen=True, slots=True)
class Activation:
    """QuickGELU or GELU, and who says so."""

    quick: bool
    source: str

    @property
    def name(self) -> str:
        """As papers write it."""
        return "QuickGELU" if self.quick else "GELU"


def activation_of(model: str, pretrained: Pretrained, quick_gelu: bool | None) -> Activation:
    """That of the weights, where something tells; else that of the option, which must be given."""
    option = None if quick_gelu is None else Activation(quick_gelu, f"quick_gelu={quick_gelu}")
    if pretrained is False:
        return option or _of_config(open_clip.get_model_config(model) or {}, "the model's config")
    known = _known(model, pretrained)
    if known is None and option is None:
        raise UserError(
            f"{pretrained}: nothing tells whether these weights of '{model}' were trained with QuickGELU or GELU",
            hint="quick_gelu=True for OpenAI's, MetaCLIP's and most of DFN's, quick_gelu=False for most others",
        )
    if known and option and known.quick != option.quick:
        raise UserError(
            f"'{model}' (pretrained={pretrained}): {known.source} says {known.name}, the config says {option.source}",
            hint=f"quick_gelu={known.quick}, or leave it out",
        )
    return known or option  # type: ignore[return-value]  # one of them is there


def weights_file(model: str, pretrained: Pretrained) -> Path | None:
    """The file that `pretrained` names; None where it is a tag, or no name at all."""
    if not isinstance(pretrained, str) or open_clip.is_pretrained_cfg(model, pretrained):
        return None
    file = Path(pretrained).expanduser()
    if not file.is_file():
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(model)) or "none"
        raise UserError(
            f"'{pretrained}' is no file, and no weights of '{model}' that open_clip knows",
            hint=f"pretrained=PATH of a .safetensors or .pt file; or a tag: {tags}",
        )
    return file


def _known(model: str, pretrained: Pretrained) -> Activation | None:
    architecture = open_clip.get_model_config(model) or {}
    if model.startswith(WHOLE):
        return _of_config(architecture, f"its {CONFIG}")
    file = weights_file(model, pretrained)
    if file is not None:
        return _of_file(file, model)
    tag = open_clip.get_pretrained_cfg(model, str(pretrained))
    quick = tag.get("quick_gelu") or architecture.get("quick_gelu")  # roberta-ViT-B-32 says it there alone
    return Activation(bool(quick), f"open_clip's table of weights ({pretrained})")


def _of_file(file: Path, model: str) -> Activation | None:
    """By the file's hash, by the config beside it, by the name of the architecture."""
    digest = hash_file(file)
    if is_torchscript(file):
        accept(file, digest, model)
        return Activation(True, "the file, which is OpenAI's")
    for name, tag in open_clip.list_pretrained():
        published = Path(open_clip.get_pretrained_url(name, tag)).stem.rpartition("-")[2]
        if len(published) == 8 and digest.startswith(published):
            quick = bool(open_clip.get_pretrained_cfg(name, tag).get("quick_gelu"))
            return Activation(quick, f"open_clip's table of weights, by the file's hash ({name}, {tag})")
    beside = file.with_name(CONFIG)
    if beside.is_file():
        config = stored_json(beside)
        return _of_config(config.get("model_cfg", config), str(beside))
    architecture = open_clip.get_model_config(model) or {}
    return _of_config(architecture, f"open_clip's config of '{model}'") if _settles(architecture) else None


def _of_config(config: Mapping[str, Any], source: str) -> Activation:
    return Activation(bool(config.get("quick_gelu")), source)


def _settles(architecture: Mapping[str, Any]) -> bool:
    """Whether a model's config leaves no choice: it names QuickGELU, or settings that only GELU has."""
    sides = (architecture.get(side, {}) for side in ("vision_cfg", "text_cfg"))
    return "quick_gelu" in architecture or any("act_kwargs" in side for side in sides)
