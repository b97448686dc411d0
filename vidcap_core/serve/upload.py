"""A video that comes in: limited, looked at, put into the scratch folder."""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


@dataclass(frozen=True, slots=True)
class Form:
    """What a client sent."""

    video: UploadFile
    model: str | None
    every: str | None


@asynccontextmanager
async def received(request: Request, limits: Limits) -> AsyncIterator[Form]:
    """The form, whose file is there as long as it is open."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refused(415, "the video must come as a form", "curl -F video=@clip.mp4 URL")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limits.bytes + OVERHEAD:
        raise _too_large(limits)
    limited = Request(request.scope, _limited(request.receive, limits))
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
    await asyncio.to_thread(_copy, video.file, path)
    return path


async def discard(request: Request, limits: Limits) -> None:
    """Read what a refused client is still sending, as many never look at an answer before they are done."""
    if request.headers.get("expect", "").lower() == "100-continue":  # it waits for our word, so it will look
        return
    receive = _limited(request.receive, limits)
    try:
        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
            pass
    except Refused:
        return


def public_name(given: str | None) -> str:
    """A file's name without folders or control characters, to be shown and never to be opened."""
    name = re.split(r"[/\\]", given or "")[-1]
    name = "".join(c for c in name if c.isprintable()).strip().lstrip(".")
    stem, dot, suffix = name.rpartition(".")
    return (f"{stem[:NAME]}{dot}{suffix[:8]}" if dot else name[:NAME]) or "video"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _limited(receive: Any, limits: Limits) -> Any:
    """A receiver that stops at the size limit, and when nothing comes any more."""
    count = 0

    async def receives() -> Any:
        nonlocal count
        try:
            message = await asyncio.wait_for(receive(), IDLE)
        except asyncio.TimeoutError:
            raise Refused(408, f"nothing came for {IDLE:.0f} s", "the same upload again") from None
        count += len(message.get("body", b""))
        if count > limits.bytes + OVERHEAD:
            raise _too_large(limits)
        return message

    return receives


def _too_large(limits: Limits) -> Refused:
    what = f"the file is larger than {limits.megabytes} MB"
    return Refused(413, what, "a smaller file, or vidcap serve --max-size MB", {"Connection": "close"})


def _copy(source: Any, path: Path) -> None:
    with path.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
