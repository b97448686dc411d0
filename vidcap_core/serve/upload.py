"""A video that comes in: limited, looked at, put into the scratch folder."""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request

from vidcap_core.serve.refusal import Refused
from vidcap_core.serve.settings import IDLE, Limits
from vidcap_core.serve.sniff import HEAD, KNOWN, container, looks_like

OVERHEAD = 64_000
"""Bytes of a form that are not the video."""
NAME = 120
"""Longest name of a file that is told again."""


class Body:
    """The body of a request as it comes: only so much of it, and not for ever."""

    def __init__(self, request: Request, limits: Limits) -> None:
        self._request, self._limits = request, limits
        self._count, self._ended = 0, False

    async def receive(self) -> Any:
        """The next piece, as ASGI has it."""
        try:
            message = await asyncio.wait_for(self._request.receive(), IDLE)
        except asyncio.TimeoutError:
            raise Refused(408, f"nothing came for {IDLE:.0f} s", "the same upload again") from None
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        self._count += len(message.get("body", b""))
        if self._count > self._limits.bytes + OVERHEAD:
            raise _too_large(self._limits)
        return message

    async def discard(self) -> None:
        """Take in what a refused client still sends: many never look at an answer before they are done."""
        if (
            self._request.headers.get("expect", "").lower() == "100-continue"
        ):  # it waits for our word, so it looks
            return
        with suppress(Refused):
            while not self._ended:
                await self.receive()


@dataclass(frozen=True, slots=True)
class Form:
    """What a client sent."""

    video: UploadFile
    model: str | None
    every: str | None


@asynccontextmanager
async def received(request: Request, body: Body, limits: Limits) -> AsyncIterator[Form]:
    """The form, whose file is there as long as it is open."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refused(415, "the video must come as a form", "curl -F video=@clip.mp4 URL")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limits.bytes + OVERHEAD:
        raise _too_large(limits)
    limited = Request(request.scope, body.receive)
    try:
        async with limited.form(max_files=1, max_fields=4) as form:
            video = form.get("video")
            if not isinstance(video, UploadFile):
                raise Refused(422, "the form holds no file named 'video'", "curl -F video=@clip.mp4 URL")
            yield Form(video, _text(form.get("model")), _text(form.get("every")))
    except ClientDisconnect:
        raise Refused(400, "the upload broke off", "the same upload again") from None


async def stored(video: UploadFile, folder: Path, limits: Limits) -> Path:
    """The upload as a file whose name we chose; `Refused` where it is no video."""
    head = await video.read(HEAD)
    suffix = container(head)
    if suffix is None:
        name = public_name(video.filename)
        raise Refused(415, f"{name} is {looks_like(head)}", f"a video file: {KNOWN}")
    if (video.size or 0) > limits.bytes:
        raise _too_large(limits)
    await video.seek(0)
    path = folder / f"{secrets.token_hex(12)}{suffix}"
    try:
        await asyncio.to_thread(_copy, video.file, path)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Refused(507, "the server has no room for this upload", "later, or room on its disk") from error
    return path


def public_name(given: str | None) -> str:
    """A file's name without folders or control characters, to be shown and never to be opened."""
    name = re.split(r"[/\\]", given or "")[-1]
    name = "".join(c for c in name if c.isprintable()).strip().lstrip(".")
    stem, dot, suffix = name.rpartition(".")
    return (f"{stem[:NAME]}{dot}{suffix[:8]}" if dot else name[:NAME]) or "video"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _too_large(limits: Limits) -> Refused:
    what = f"the file is larger than {limits.megabytes} MB"
    return Refused(413, what, "a smaller file, or vidcap serve --max-size MB", {"Connection": "close"})


def _copy(source: Any, path: Path) -> None:
    with path.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
