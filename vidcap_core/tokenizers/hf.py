"""A Hugging Face tokenizer, by name or from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidcap_core.contracts.missing import Missing
from vidcap_core.errors import ConfigError
from vidcap_core.pretrained.locate import WORDS, missing_model, model_folder
from vidcap_core.tokenizers.pieces import FastTokenizer


class HFTokenizer(FastTokenizer):
    """name: of a model, or a folder, or a BERT vocab.txt. specials: tokens to add (embeddings must grow with them).

    A role that the tokenizer lacks is filled: padding by end, begin by [CLS] or end, end by [SEP], unknown by end.
    begin: a text of one token that captions start from instead, such as a line break; a chat model's own token there
    opens a turn, and what it expects next is a speaker.
    """

    def __init__(
        self,
        name: str,
        specials: list[str] | None = None,
        normalize: str = "none",
        begin: str | None = None,
    ) -> None:
        loaded = _load(name)
        backend = loaded.backend_tokenizer
        backend.no_padding()
        backend.no_truncation()
        backend.add_special_tokens(list(specials or []))
        super().__init__(backend, roles(name, loaded, begin), normalize)

    @classmethod
    def missing(cls, name: str, **_: Any) -> Iterator[Missing]:
        """Its files."""
        if not Path(name).expanduser().is_file():
            yield from missing_model("tokenizer", name, "name", WORDS)


def _load(name: str) -> Any:
    from transformers import AutoTokenizer, BertTokenizerFast, GPT2TokenizerFast

    path = Path(name).expanduser()
    try:
        if path.suffix == ".txt" and path.is_file():
            loaded = BertTokenizerFast(str(path))
        elif (path / "merges.txt").is_file() and not (path / "tokenizer.json").is_file():
            loaded = GPT2TokenizerFast.from_pretrained(path, trust_remote_code=False)
        else:
            loaded = AutoTokenizer.from_pretrained(model_folder(name), use_fast=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"tokenizer '{name}' cannot be loaded: {reason}",
            hint="a folder with tokenizer.json (or vocab.json and merges.txt), or once with a network",
        ) from error
    if not getattr(loaded, "is_fast", False):
        raise ConfigError(f"tokenizer '{name}' has no fast form", hint="save it as tokenizer.json")
    return loaded


def roles(name: str, loaded: Any, begin: str | None = None) -> dict[str, str]:
    """Which tokens begin, end, pad and stand for what is unknown; a role that is not there is filled."""
    eos = loaded.eos_token or loaded.sep_token
    if eos is None:
        raise ConfigError(f"tokenizer '{name}' has no token that ends a text", hint="name another tokenizer")
    return {
        "eos": str(eos),
        "bos": str(loaded.bos_token or loaded.cls_token or eos)
        if begin is None
        else _one_token(loaded, begin),
        "pad": str(loaded.pad_token or eos),
        "unk": str(loaded.unk_token or eos),
    }


def _one_token(loaded: Any, text: str) -> str:
    ids = loaded.backend_tokenizer.encode(text, add_special_tokens=False).ids
    if len(ids) != 1:
        raise ConfigError(
            f"tokenizer.begin={text!r} is {len(ids)} tokens: captions start from one", hint='begin="\\n"'
        )
    return str(loaded.convert_ids_to_tokens(ids[0]))
