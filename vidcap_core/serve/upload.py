"""A video that comes in: limited, looked at, put into the scratch folder."""

from __future__ import annotations

import asyncio
import errno
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request

from vidcap_core.serve.refusal import Refused
from vidcap_core.serve.settings import IDLE, SLOWEST, START, UPLOAD, Limits
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
        self._began = time.monotonic()

    async def receive(self) -> Any:
        """The next piece, as ASGI has it."""
        try:
            message = await asyncio.wait_for(self._request.receive(), IDLE)
        except asyncio.TimeoutError:
            raise _too_slow(f"nothing came for {IDLE:.0f} s") from None
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        self._count += len(message.get("body", b""))
        if self._count > self._limits.bytes + OVERHEAD:
            raise _too_large(self._limits)
        if not self._ended:
            self._check_pace(time.monotonic() - self._began)
        return message

    def _check_pace(self, seconds: float) -> None:
        """Refuse what comes a byte at a time: it would hold a connection and a file for hours."""
        if seconds > UPLOAD:
            raise _too_slow(f"the upload took longer than {UPLOAD / 60:.0f} minutes")
        if seconds > START and self._count < SLOWEST * seconds:
            raise _too_slow(f"the upload came at less than {SLOWEST // 1000} kB a second")

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
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
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
    except UnicodeError:  # some of Python's character sets are none
        raise Refused(400, "the form's character set cannot be read", "charset=utf-8, or none") from None
    except OSError as error:  # forms are kept in a temporary file while they come
        raise no_room(error) from error


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
        raise no_room(error) from error
    return path


def no_room(error: OSError) -> Refused:
    """What the system would not give: room on the disk, or one more open file or process."""
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM):
        again = {"Retry-After": "10"}
        return Refused(503, "busy: this machine has no more open files, processes or memory", "later", again)
    return Refused(507, "the server has no room for this upload", "later, or room on its disk")


def public_name(given: str | None) -> str:
    """A file's name without folders or control characters, to be shown and never to be opened."""
    name = re.split(r"[/\\]", given or "")[-1]
    name = "".join(c for c in name if c.isprintable()).strip().lstrip(".")
    stem, dot, suffix = name.rpartition(".")
    return (f"{stem[:NAME]}{dot}{suffix[:8]}" if dot else name[:NAME]) or "video"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _too_slow(what: str) -> Refused:
    return Refused(408, what, "the same upload again, or a smaller file", {"Connection": "close"})


def _too_large(limits: Limits) -> Refused:
    what = f"the file is larger than {limits.megabytes} MB"
    return Refused(413, what, "a smaller file, or vidcap serve --max-size MB", {"Connection": "close"})


def _copy(source: BinaryIO, path: Path) -> None:
    with path.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
