"""What the REST interface answers, as types: the OpenAPI description comes from here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from vidcap_core.serve.job import Job


class Problem(BaseModel):
    """Why a request or a job failed."""

    what: str = Field(description="what is wrong", examples=["notes.txt is a text file"])
    hint: str = Field(description="what to try instead", examples=["a video file: MP4, MOV, WebM, ..."])


class Model(BaseModel):
    """A captioner that can be asked."""

    name: str
    reads: list[str] = Field(description="what it reads of a video: frames, audio", examples=[["frames"]])


class Limits(BaseModel):
    """What is accepted."""

    megabytes: int = Field(description="largest file")
    seconds: float = Field(description="longest video")
    waiting: int = Field(description="jobs that may wait beside those being worked on")
    keep_seconds: float = Field(description="how long a result can be fetched")


class Models(BaseModel):
    """The first model is asked where a request names none."""

    version: str
    models: list[Model]
    limits: Limits


class Event(BaseModel):
    """A text with its time in seconds."""

    start: float
    end: float
    text: str
    score: float | None = None


class Caption(BaseModel):
    """What a model says of a video."""

    text: str
    events: list[Event]
    streams: list[str] = Field(description="what the model had of this video")


class Status(BaseModel):
    """A job: its caption when it is done, its problem when it failed."""

    id: str
    name: str = Field(description="the name of the uploaded file")
    model: str
    every: str | None = Field(
        description="seconds a caption, or shots; null: the whole video, or the events that the model detects"
    )
    duration: float = Field(description="seconds of the video")
    state: Literal["waiting", "working", "done", "failed"]
    step: str = Field(description="of a job that is worked on: captioning, then drawing")
    progress: float = Field(description="how much of it is done", ge=0, le=1)
    ahead: int = Field(description="jobs that come before a waiting one")
    caption: Caption | None = None
    problem: Problem | None = None


class Drawing(BaseModel):
    """What the page draws of a done job: words with probabilities, frames, panels."""

    light: dict[str, Any]
    heavy: dict[str, Any]


def status(job: Job, ahead: int) -> Status:
    """A job as it is told."""
    done = job.result if job.state == "done" else None
    return Status(
        id=job.id,
        name=job.name,
        model=job.model,
        every=job.every,
        duration=job.duration,
        state=job.state,
        step=job.step,
        progress=job.progress,
        ahead=ahead,
        caption=Caption.model_validate(done["caption"]) if done else None,
        problem=Problem.model_validate(job.problem) if job.problem else None,
    )
