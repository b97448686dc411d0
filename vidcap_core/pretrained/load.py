"""Where weights come from: a name the library resolves, a local file or folder, or a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidcap_core.errors import DataError, UserError
from vidcap_core.files.json_text import read_object
from vidcap_core.pretrained.locate import install_first, model_folder

Pretrained = str | bool
IMPLEMENTATIONS = ("eager", "sdpa", "flex_attention", "batched_mm", "grouped_mm")
"""Of attention and of experts: those that come with transformers; others may be compiled code, fetched from a hub."""


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Random weights that depend on the seed alone and leave the caller's generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def stored_json(file: Path) -> dict[str, Any]:
    """What a file beside weights says."""
    try:
        return read_object(file)
    except ValueError as error:
        raise DataError(f"{file}: is damaged: {error}", hint="the model's files, once more") from error


@contextmanager
def needs(what: str, hint: str) -> Iterator[None]:
    """Turn a library's failure to get weights into what is missing and where to put it."""
    try:
        yield
    except UserError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, ImportError) as error:
        reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
        raise UserError(f"no weights for {what}: {reason}", hint=hint) from error


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """Tensors of a .safetensors or PyTorch file; nothing in it is ever executed."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise UserError(
            f"{file}: there is no such weights file", hint="pretrained=PATH of a .safetensors or .pth file"
        )
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{file}: holds more than weights, or is damaged: {reason}", hint="a .safetensors file"
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    return dict(loaded)


def put(
    module: torch.nn.Module, weights: Mapping[str, Tensor], source: str | Path, head: tuple[str, ...] = ()
) -> None:
    """Load weights that must fit exactly, but for a classifier (`head`) that the encoder does without."""
    backbone = (
        {name: value for name, value in weights.items() if not name.startswith(head)}
        if head
        else dict(weights)
    )
    own = module.state_dict()
    wrong = [n for n in own if n not in backbone or backbone[n].shape != own[n].shape] + [
        n for n in backbone if n not in own
    ]
    if wrong:
        raise UserError(f"{source}: does not fit this model: {len(wrong)} tensors differ, first '{wrong[0]}'")
    module.load_state_dict(backbone)


def is_file(pretrained: Pretrained) -> bool:
    """Whether `pretrained` names a local file rather than published weights."""
    if not isinstance(pretrained, str):
        return False
    return Path(pretrained).expanduser().suffix in {".safetensors", ".pth", ".pt", ".bin", ".ckpt"}


def origin(pretrained: Pretrained, seed: int) -> str:
    """What a recipe says of the weights' source: paths are of no use elsewhere, names are."""
    if pretrained is False:
        return f"random({seed})"
    if pretrained is True:
        return "default"
    return Path(pretrained).name if Path(pretrained).expanduser().exists() else pretrained


def check_implementations(keys: Mapping[str, Any], where: str) -> None:
    """Refuse a model's config that asks for an implementation beyond those, at any depth."""
    for key, value in ((str(key), value) for key, value in keys.items()):  # of labels a key is a number
        if key.endswith("_implementation"):
            for name in value.values() if isinstance(value, Mapping) else (value,):
                if name is not None and name not in IMPLEMENTATIONS:
                    raise UserError(
                        f"{where}: {key}={name!r}: code from a hub is never run",
                        hint=f"{key} one of {', '.join(IMPLEMENTATIONS)}, or left out",
                    )
        elif isinstance(value, Mapping):
            check_implementations(value, where)


def model_from_hub(load: Callable[..., Any], name: str, what: str, **options: Any) -> Any:
    """As `from_hub`, of a model or its config, which is looked at first: it may choose an implementation."""
    from transformers import PretrainedConfig

    keys, _ = from_hub(PretrainedConfig.get_config_dict, name, what)
    check_implementations(keys, what)
    return from_hub(load, name, what, **options)


def from_hub(load: Callable[..., Any], name: str, what: str, **options: Any) -> Any:
    """Call a `from_pretrained`, without a model's own code; when nothing is there, say which folder would do."""
    files = f"config.json, model.safetensors and the tokenizer of '{name}'"
    hint = f"{install_first(name)}put {files} into a folder; name it"
    with needs(what, hint):
        return load(model_folder(name), trust_remote_code=False, **options)
