"""A model behind an OpenAI-compatible server as a head: frames go there as pictures, or the file as a video."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from vidcap_core.api import (
    ChatEndpoint,
    ConfigError,
    Hyp,
    RawClip,
    Rows,
    UserError,
    View,
    WriteSettings,
    at_least,
)
from vidcap_vlm.answer import Tidy
from vidcap_vlm.asking import Asking
from vidcap_vlm.prompt import Answer

VARIABLES = ("VIDCAP_ENDPOINT_URL", "VIDCAP_ENDPOINT_KEY")
"""Of the environment: the server's address, and the key that goes there and nowhere else."""
QUALITY = 90
"""Of the JPEG pictures that are sent."""
OWN = ("model", "messages", "max_tokens", "n", "stream")
"""Keys of a request that the head sends itself."""
LARGEST = 64 * 2**20
"""Bytes of a video file that is sent."""


class Endpoint(Asking):
    """What a server answers to a clip's frames and a question. Nothing of it is trained.

    url: as http://127.0.0.1:8000/v1; None: that of VIDCAP_ENDPOINT_URL. model: what the server calls it.
    prompt, frames, short_side, answer, system, examples, transcripts, sentences, script: as ChatModel has them.
    send: "pictures" sends frames as data URLs, each with its time; "video" sends the whole file as one.
    at_once: requests on their way at a time. timeout: seconds for an answer.
    retries: how often a busy server is asked again. pause: seconds before the first time, then twice as many.
    extra: further keys of each request, as dict(chat_template_kwargs=dict(enable_thinking=False)).
    """

    comes_trained = True
    decodes = frozenset({"sample", "n_best", "max_length", "banned", "unknown"})
    silent = frozenset({"at_once", "timeout", "retries", "pause"})

    def __init__(
        self,
        model: str,
        url: str | None = None,
        prompt: str = "caption",
        frames: int = 8,
        short_side: int | None = 512,
        answer: Answer | None = None,
        system: str | None = None,
        examples: list[str] | dict[str, Any] | None = None,
        transcripts: str | None = None,
        sentences: int | None = None,
        script: str | None = "LATIN",
        send: Literal["pictures", "video"] = "pictures",
        at_once: int = 8,
        timeout: float = 120,
        retries: int = 4,
        pause: float = 1.0,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            prompt, answer, system, examples, transcripts, Tidy(sentences, script), frames, short_side
        )
        at_least(1, at_once=at_once)
        self.server = ChatEndpoint(
            model, url, variables=VARIABLES, timeout=timeout, retries=retries, pause=pause
        )
        self.at_once, self.extra, self.send = at_once, _checked(extra or {}), send
        if send == "video":
            self.reads = frozenset({"path"})
        elif send != "pictures":
            raise ConfigError(f"head.send must be 'pictures' or 'video', not {send!r}")

    def prepare(self, raw: RawClip) -> Mapping[str, Any]:
        """The conversation of a clip, ready to be sent."""
        times, duration = self.seconds(raw)
        content: list[dict[str, Any]] = []
        if self.send == "video":
            content.append({"type": "video_url", "video_url": {"url": _video(raw)}})
        else:
            assert raw.frames is not None
            for index, frame in enumerate(raw.frames):
                if times is not None:
                    content.append({"type": "text", "text": f"{times[index]:.1f} s:"})
                content.append({"type": "image_url", "image_url": {"url": _picture(frame)}})
        content.append({"type": "text", "text": self.prompt.question(duration, self.transcript(raw.clip))})
        system = [{"role": "system", "content": self.prompt.system}] if self.prompt.system else []
        return {"messages": [*system, {"role": "user", "content": content}]}

    def write_answers(self, view: View, settings: WriteSettings) -> Rows:
        """All clips of a view, so many at once; one that gets no answer has the reason instead."""

        def ask(row: int) -> list[Hyp]:
            messages = view.inputs["rows"][view.clips[row]]["messages"]
            key = settings.keys[row] if settings.keys else row
            try:
                answers = self.server.ask(messages, **self._options(settings, key))
            except UserError as error:
                return [Hyp([], 0.0, [], problem=error.line)]
            if not answers:
                return [Hyp([], 0.0, [], problem=f"the server at {self.server.address} gives no choices")]
            most = settings.n_best if settings.mode == "sample" else 1
            return [Hyp([], 0.0, [], 0.0 if each.whole else None, each.text) for each in answers[:most]]

        with ThreadPoolExecutor(self.at_once) as pool:
            return list(pool.map(ask, range(len(view.clips))))

    def _options(self, settings: WriteSettings, key: str | int) -> dict[str, Any]:
        options: dict[str, Any] = {"max_tokens": settings.max_length, "temperature": 0, **self.extra}
        if settings.mode == "sample":
            options["temperature"] = settings.temperature
            digest = hashlib.sha256(f"{settings.seed} {key}".encode()).digest()
            options["seed"] = int.from_bytes(digest[:4], "big") >> 1
            if settings.top_p is not None:
                options["top_p"] = settings.top_p
            if settings.n_best > 1:
                options["n"] = settings.n_best
        return options


def _checked(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Further keys of a request, which JSON has room for and which take no place of others."""
    hint = "head.extra=dict(top_k=20)"
    try:
        json.dumps(extra, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"head.extra cannot be sent as JSON: {error}", hint=hint) from None
    for key in extra:
        if not isinstance(key, str) or key in OWN:
            raise ConfigError(f"head.extra may not have the key {key!r}", hint=hint)
    return dict(extra)


def _picture(frame: Any) -> str:
    held = io.BytesIO()
    Image.fromarray(frame).save(held, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(held.getvalue()).decode()}"


def _video(raw: RawClip) -> str:
    if raw.clip.path is None or raw.clip.end is not None:
        raise UserError("head.send='video' sends whole files, not spans", hint="head.send='pictures'")
    path = Path(raw.clip.path)
    if path.stat().st_size > LARGEST:
        raise UserError(
            f"the file is larger than {LARGEST // 2**20} MiB, which is not sent", hint="head.send='pictures'"
        )
    kind = "webm" if path.suffix.lower() == ".webm" else "mp4"
    return f"data:video/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
