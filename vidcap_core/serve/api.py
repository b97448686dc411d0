"""The REST interface: a video in, a job, its captions out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Literal, cast
from urllib.parse import quote

from fastapi import APIRouter, Request, Response, status
from fastapi.responses import StreamingResponse

from vidcap_core.captioning.spans import parse
from vidcap_core.errors import UserError
from vidcap_core.serve import schemas
from vidcap_core.serve.job import Job
from vidcap_core.serve.probe_upload import look
from vidcap_core.serve.queue import Line
from vidcap_core.serve.refusal import Refused
from vidcap_core.serve.scratch import Scratch
from vidcap_core.serve.settings import Settings
from vidcap_core.serve.upload import Body, public_name, received, stored
from vidcap_core.zoo.version import __version__

router = APIRouter(prefix="/api")
LEAST = 1
"""Shortest stretch with a caption of its own: shorter ones nobody could read."""
NOTHING = ":\n\n"
"""A server-sent comment."""
MEDIA = {"srt": "application/x-subrip; charset=utf-8", "vtt": "text/vtt", "json": "application/json"}


def problems(**meanings: str) -> dict[int | str, dict[str, Any]]:
    """Answers that say no, for the description: `_404="no such job"`."""
    return {int(code[1:]): {"model": schemas.Problem, "description": text} for code, text in meanings.items()}


FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["video"],
                "properties": {
                    "video": {"type": "string", "format": "binary", "description": "the video file"},
                    "model": {"type": "string", "description": "a name from /api/models; else the first"},
                    "every": {
                        "type": "string",
                        "description": "seconds between captions, or 'shots' for one per shot; without it one"
                        " caption of the whole video, or one per event where the model detects events",
                        "examples": ["10", "shots"],
                    },
                },
            }
        }
    },
}
BUSY: dict[int | str, dict[str, Any]] = {
    503: {
        "model": schemas.Problem,
        "description": "busy: all places in line are taken",
        "headers": {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}},
    }
}


@router.get("/models", summary="Models and limits")
async def models(request: Request) -> schemas.Models:
    """Which captioners can be asked, and what is accepted."""
    chosen = _settings(request)
    limits = chosen.limits
    return schemas.Models(
        version=__version__,
        models=[schemas.Model.model_validate(facts) for facts in request.app.state.models],
        limits=schemas.Limits(
            megabytes=limits.megabytes,
            seconds=limits.seconds,
            waiting=limits.waiting,
            keep_seconds=limits.keep,
        ),
    )


@router.post(
    "/captions",
    summary="Caption a video",
    status_code=status.HTTP_202_ACCEPTED,
    openapi_extra={"requestBody": FORM},
    responses={
        **problems(
            _403="asked by another site",
            _408="the upload stopped, or was too slow",
            _413="the file is too large",
            _415="no video, whatever its name says",
            _422="too long a video, or a form that lacks something",
        ),
        **problems(_507="no room for the upload"),
        **BUSY,
    },
)
async def create(request: Request, response: Response) -> schemas.Status:
    """Upload a video; the answer is a job, whose status tells when its captions are there."""
    chosen, line = _settings(request), _line(request)
    scratch, body = cast(Scratch, request.app.state.scratch), Body(request, chosen.limits)
    try:
        with line.upload():
            async with received(request, body, chosen.limits) as form:
                video, model, every = form.video, _known(form.model, chosen), _every(form.every)
                name = public_name(video.filename)
                path = await stored(video, scratch.folder, chosen.limits)
        try:
            with line.place():
                duration = await asyncio.to_thread(look, path, name, chosen.limits)
                job = Job(name, model, path, duration, every)
                line.add(job)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except Refused:
        await body.discard()
        raise
    response.headers["Location"] = f"/api/captions/{job.id}"
    return schemas.status(job, line.ahead(job))


@router.get(
    "/captions/{id}", summary="How far a job is, and its captions", responses=problems(_404="no such job")
)
async def read(id: str, request: Request) -> schemas.Status:
    """State, step and progress; the caption when it is done, the problem when it failed."""
    job = _line(request).get(id)
    return schemas.status(job, _line(request).ahead(job))


@router.delete(
    "/captions/{id}",
    summary="Stop and forget a job",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(_403="asked by another site", _404="no such job"),
)
async def delete(id: str, request: Request) -> Response:
    """A waiting job leaves the line, a running one is stopped, a result is forgotten."""
    await asyncio.to_thread(_line(request).remove, id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get(
    "/captions/{id}/words",
    summary="Words as they are written",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "server-sent events: `start`, `end` and `text` of a text so far, each time that it has"
            " grown; at last an event `end` with the `state`. Texts of models that write them whole do not come here",
            "content": {"text/event-stream": {}},
        },
        **problems(_404="no such job"),
        **BUSY,
    },
)
async def words(id: str, request: Request) -> StreamingResponse:
    """What the model has written so far, until the job has ended."""
    line = _line(request)
    job = line.get(id)
    line.check_listeners()
    unbuffered = {"X-Accel-Buffering": "no"}  # a proxy in between would else keep words back
    return StreamingResponse(_told(job, line), media_type="text/event-stream", headers=unbuffered)


async def _told(job: Job, line: Line) -> AsyncIterator[str]:
    with line.listener():
        yield NOTHING
        async for written in job.words.follow():
            yield NOTHING if written is None else f"data: {json.dumps(asdict(written))}\n\n"
        yield f"event: end\ndata: {json.dumps({'state': job.state})}\n\n"


@router.get(
    "/captions/{id}/drawing",
    summary="Words, frames and panels",
    responses=problems(_404="no such job", _409="not done"),
)
async def drawing(id: str, request: Request) -> schemas.Drawing:
    """What the page draws; its form may change with any version."""
    return schemas.Drawing.model_validate(_result(request, id)["drawing"])


@router.get(
    "/captions/{id}/{kind}",
    summary="Captions as a file",
    response_class=Response,
    responses={
        200: {"description": "the file", "content": {media: {} for media in MEDIA.values()}},
        **problems(_404="no such job", _409="not done"),
    },
)
async def download(id: str, kind: Literal["srt", "vtt", "json"], request: Request) -> Response:
    """Subtitles as SRT or WebVTT, or all that the model said as JSON."""
    result = _result(request, id)
    stem = _line(request).get(id).name.rpartition(".")[0] or "captions"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_ ") else "_" for c in stem)
    named = f"attachment; filename=\"{plain}.{kind}\"; filename*=UTF-8''{quote(f'{stem}.{kind}', safe='')}"
    return Response(result["files"][kind], media_type=MEDIA[kind], headers={"Content-Disposition": named})


def _result(request: Request, id: str) -> Any:
    job = _line(request).get(id)
    if job.state != "done" or job.result is None:
        raise Refused(
            409, f"the job is not done: it is {job.state}", f"GET /api/captions/{id} until it is done"
        )
    return job.result


def _known(model: str | None, chosen: Settings) -> str:
    if model is None:
        return next(iter(chosen.models))
    if model not in chosen.models:
        raise Refused(422, f"there is no model '{model[:80]}' here", ", ".join(chosen.models))
    return model


def _every(every: str | None) -> str | None:
    if every is None:
        return None
    try:
        seconds = parse(every)
    except UserError:
        seconds = 0.0
    if isinstance(seconds, float) and seconds < LEAST:
        raise Refused(
            422, f"every={every[:80]} is no number of seconds from {LEAST} on", "every=10, or every=shots"
        )
    return every


def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


def _line(request: Request) -> Line:
    return cast(Line, request.app.state.line)
