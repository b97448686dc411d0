"""Video-language models as captioners: local ones of transformers, and those behind an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Sequence

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components() -> dict[str, dict[str, str]]:
    """A head for models that run here, one for servers, and the tokenizer of a chat."""
    return {
        "heads": {"ChatModel": "vidcap_vlm.head:ChatModel", "Endpoint": "vidcap_vlm.endpoint:Endpoint"},
        "tokenizers": {"ChatTokenizer": "vidcap_vlm.chat_tokenizer:ChatTokenizer"},
    }


@hookimpl
def vidcap_captioner_of(name: str) -> tuple[str, Sequence[str]] | None:
    """A folder of transformers, a model of the hub, or `http://HOST/v1#MODEL`."""
    from vidcap_vlm.names import captioner_of

    return captioner_of(name)
