"""What may stand after `--model` besides vidcap's own: a folder of transformers, a model of the hub, an address."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from vidcap_core.api import ConfigError, UserError

HUB = "hf:"
GIT, FRAMES = ("git",), ("blip", "vision-encoder-decoder")
"""Model types that write captions and read no prompt: the core has configs for them."""


def captioner_of(name: str) -> tuple[str, Sequence[str]] | None:
    """A config, and what is set in it; None where the name means nothing here."""
    if name.startswith(("http://", "https://")):
        url, sharp, model = name.partition("#")
        if re.match(r"https?://[^/]*@|.*\?", url):
            raise ConfigError(
                "the address after --model holds a user or a query, and would be written down with it",
                hint="--model http://HOST/v1#MODEL; a key as VIDCAP_ENDPOINT_KEY, with VIDCAP_ENDPOINT_URL",
            )
        if not (sharp and model):
            raise UserError(
                f"{name} is an address without a model",
                hint=f"--model {url.rstrip('/')}#MODEL (GET {url}/models)",
            )
        return "vlm/endpoint", [f"head.url={url!r}", f"head.model={model!r}"]
    if name.startswith(HUB):
        return _local(name.removeprefix(HUB), None)
    file = Path(name).expanduser() / "config.json"
    if not file.is_file():
        return None
    kind = _model_type(file)
    return None if kind is None else _local(name, kind)


def _local(model: str, kind: str | None) -> tuple[str, Sequence[str]]:
    config = "core/git" if kind in GIT else "core/picture_captions" if kind in FRAMES else "vlm/caption"
    return config, [f"head.model={model!r}", f"tokenizer.name={model!r}"]


def _model_type(file: Path) -> str | None:
    """What kind of model a folder's config.json is of; None where it is none of transformers."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{file} is damaged: {reason}", hint="fetch it again") from error
    kind = data.get("model_type") if isinstance(data, dict) else None
    return kind if isinstance(kind, str) else None
