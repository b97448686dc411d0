"""A CLIP small enough for tests, as open_clip knows it by name, and its weights in files of every kind."""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path

import open_clip
import torch

NAME = "small-clip"
CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 3, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 3},
}


def register(folder: Path) -> None:
    """Make the name known to open_clip, which keeps it for the rest of the process."""
    (folder / f"{NAME}.json").write_text(json.dumps(CONFIG))
    (folder / f"{NAME}-quickgelu.json").write_text(json.dumps({**CONFIG, "quick_gelu": True}))
    open_clip.add_model_config(folder)


def network(quick: bool = True, seed: int = 1) -> torch.nn.Module:
    """With random weights, larger than usual, so that the activations do not stay near zero."""
    torch.manual_seed(seed)
    made = open_clip.create_model(NAME, force_quick_gelu=quick).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if weight.ndim == 2 and "embedding" not in name:
                weight.mul_(3)
    return made


def save_torchscript(file: Path, quick: bool = True, seed: int = 1) -> Path:
    """As OpenAI's archives are: half precision, and three numbers that are no weights."""
    made = network(quick, seed)
    for name in ("input_resolution", "context_length", "vocab_size"):
        if hasattr(made, name):
            delattr(made, name)
        made.register_buffer(name, torch.tensor(16))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises against TorchScript, which is what is wanted here
        torch.jit.save(torch.jit.script(made.half()), str(file))
    return file


def swap_pickle(file: Path, pickled: bytes) -> Path:
    """The same archive around another data.pkl."""
    changed = file.with_name("changed.pt")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, pickled if name.endswith("/data.pkl") else old.read(name))
    return changed


def called(function: str, argument: str) -> bytes:
    """A pickle that calls a function, written as `module name`, with one text."""
    return f"c{function.replace(' ', chr(10))}\n(V{argument}\ntR.".encode()
