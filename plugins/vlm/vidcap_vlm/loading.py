"""A model of transformers with its processor: from a folder, the hub's cache, or what a bundle stores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import (
    CONFIG_MAPPING,
    AutoModelForImageTextToText,
    AutoProcessor,
    GenerationConfig,
    PreTrainedConfig,
)
from transformers import __version__ as transformers_version
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
from transformers.quantizers.auto import AutoQuantizationConfig

from vidcap_core.api import (
    ConfigError,
    Missing,
    ModelConfig,
    UserError,
    from_hub,
    missing_model,
    model_from_hub,
)
from vidcap_vlm import tiny

FOLDER = (
    ("config.json",),
    (
        "model.safetensors",
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
    ),
    ("processor_config.json", "preprocessor_config.json"),
    ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model"),
)
"""Files of a model's folder, of each kind one that must be there."""
OPTIONS = ("dtype", "device_map", "attn_implementation", "quantization_config")
"""What `load` of a config may hold: arguments of `from_pretrained`."""
KINDS = ("auto", "bfloat16", "float16", "float32")
"""What `dtype` of it may be."""
FILES = (".json", ".jinja", ".txt", ".model")
"""Files of a processor; none of them can hold code."""


def missing(name: str, key: str) -> Iterator[Missing]:
    """What of a model's files is not there, whose name a component has under `key`."""
    if name != tiny.NAME:
        yield from missing_model("video-language model", name, key, *FOLDER)


def pretrained(name: str, options: Mapping[str, Any]) -> tuple[Any, Any]:
    """Model and processor of a name."""
    if unknown := [key for key in options if key not in OPTIONS]:
        raise ConfigError(f"head.load has no option '{unknown[0]}'", hint=f"one of {', '.join(OPTIONS)}")
    kind = str(options.get("dtype", "auto")).removeprefix("torch.")
    if kind not in KINDS:
        raise ConfigError(f"head.load: '{kind}' is no dtype of a model", hint=" or ".join(KINDS))
    folder = tiny.folder() if name == tiny.NAME else name
    processor = processor_of(name, folder)
    given = {"dtype": "auto", **options}
    with reading(name, folder, options):
        _refuse_unknown(options.get("quantization_config"))
        model = model_from_hub(AutoModelForImageTextToText.from_pretrained, folder, f"'{name}'", **given)
    if is_quantised(model):
        model.register_state_dict_post_hook(_packed_alone)
    return model.eval(), processor


def processor_of(name: str, folder: str) -> Any:
    """The processor of a model that reads pictures and a text, and that this transformers knows."""
    with reading(name, folder):
        config, _ = from_hub(PreTrainedConfig.get_config_dict, folder, f"'{name}'")
        kind = config.get("model_type")
        if kind not in CONFIG_MAPPING:
            raise UserError(
                f"'{name}' is of the type '{kind}', which transformers {transformers_version} does not know",
                hint="pip install -U transformers, or a model in the form of transformers",
            )
        if kind not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
            raise UserError(
                f"'{name}' is of the type '{kind}', which reads no pictures beside a text",
                hint="a video-language model",
            )
        return from_hub(AutoProcessor.from_pretrained, folder, f"the processor of '{name}'")


@contextmanager
def reading(name: str, folder: str, options: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Say of whatever a library raises whether a package lacks, a file is damaged, or options are none."""
    try:
        yield
    except Exception as error:
        cause = error.__cause__ if isinstance(error, UserError) else error
        if cause is None:
            raise
        said = " ".join(str(cause).split())[:300]
        reason = said if isinstance(cause, (OSError, ValueError)) else f"{type(cause).__name__}: {said}"
        broken = _damaged(Path(folder).expanduser())
        if isinstance(cause, ImportError):  # of bitsandbytes, accelerate, flash-attn, ...
            what = f"'{name}' wants a package that is not here: {said}"
            raise UserError(what, hint="pip install it") from error
        if broken is None and options and not isinstance(cause, (OSError, SafetensorError)):
            raise ConfigError(
                f"head.load: transformers says: {reason}", hint="another head.load, or none"
            ) from error
        if broken is None and isinstance(cause, (OSError, MemoryError, torch.OutOfMemoryError)):
            raise
        what = f"{broken} is damaged" if broken else reason
        raise UserError(f"{name} cannot be read: {what}", hint="fetch it again") from error


def _damaged(folder: Path) -> str | None:
    """The first file of a model's folder that should hold keys, and does not."""
    for file in (folder / name for kind in FOLDER for name in kind if name.endswith(".json")):
        try:
            data = json.loads(file.read_bytes()) if file.is_file() else {"absent": True}
        except (OSError, ValueError):
            data = None
        if not isinstance(data, dict) or not data:
            return file.name
    return None


def _refuse_unknown(quantisation: Any) -> None:
    """A key that transformers would drop with a warning changes nothing, and was meant to."""
    if not isinstance(quantisation, Mapping):
        return
    made = AutoQuantizationConfig.from_dict(dict(quantisation))
    if unknown := [key for key in quantisation if not hasattr(made, key)]:
        raise ConfigError(
            f"head.load: quantization_config has no option '{unknown[0]}'",
            hint="{'load_in_4bit': True, 'bnb_4bit_quant_type': 'nf4', 'bnb_4bit_compute_dtype': 'bfloat16'}",
        )


def is_quantised(model: Any) -> bool:
    """Whether its weights are packed: only its own source builds it."""
    return bool(getattr(model, "is_quantized", False))


def _packed_alone(model: nn.Module, state: dict[str, Tensor], prefix: str, _: Any) -> None:
    """Statistics of bitsandbytes beside its packed weights come from the same source, and no module reads them back."""
    for name, weight in model.named_parameters():
        if hasattr(weight, "quant_state"):
            for key in [key for key in state if key.startswith(f"{prefix}{name}.")]:
                del state[key]


def stored(data: Mapping[str, Any]) -> tuple[Any, Any]:
    """The same of what `to_store` gave; weights follow."""
    model = ModelConfig(data).build(AutoModelForImageTextToText.from_config)
    model.generation_config = GenerationConfig.from_dict(dict(data["generation"]))
    return model.eval(), _stored_processor(data["processor"])


def to_store(model: Any, processor: Any) -> dict[str, Any]:
    """Settings of model, processor, tokenizer and search, as plain data."""
    return {
        **ModelConfig.of(model),
        "generation": model.generation_config.to_dict(),
        "processor": _files_of(processor),
    }


def _files_of(processor: Any) -> dict[str, str]:
    with TemporaryDirectory() as folder:
        processor.save_pretrained(folder)
        return {
            str(path.relative_to(folder)): path.read_text(encoding="utf-8")
            for path in sorted(Path(folder).rglob("*"))
            if path.suffix in FILES
        }


def _stored_processor(files: Mapping[str, str]) -> Any:
    with TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(name)
            if path.is_absolute() or ".." in path.parts or path.suffix not in FILES:
                raise UserError(f"a stored processor has a file '{name}', which is none of a processor's")
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_text(str(text), encoding="utf-8")
        made = from_hub(AutoProcessor.from_pretrained, folder, "a stored processor", local_files_only=True)
    if not type(made).__module__.startswith("transformers."):
        raise UserError(f"a stored processor is a {type(made).__name__}, which is none of transformers")
    return made


def ends_of(model: Any, *others: int | None) -> list[int]:
    """Ids that end a text: the model's own, and others."""
    own = model.generation_config.eos_token_id
    known = own if isinstance(own, list) else [own]
    return sorted({int(number) for number in (*known, *others) if number is not None})


def room_of(model: Any) -> int | None:
    """How many tokens the model reads and writes in all; None: it does not say."""
    most = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return most if isinstance(most, int) and most > 0 else None
