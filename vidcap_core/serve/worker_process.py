"""The process that decodes and captions; it may die at any time, and takes nobody with it.

It talks in JSON and never in pickles: it reads strangers' files, so what it says is data to the server.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import connection, parent_process
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidcap_core.captioning.file_captioner import FileCaptioner
    from vidcap_core.files.remote import Source

Tell = Callable[[str, float], None]
Say = Callable[[tuple[float, float], str], None]
CAPTIONED = 0.9
"""Progress when the captions are there and the drawing is not."""
PAUSE = 0.05
"""Seconds between two looks at the same text as it grows: nobody reads faster."""
STILL = 240
"""Short side of the frames, which stand for the video where a browser cannot play it."""
FOLDERS = re.compile(r"(?:(?<=[\s'\"(=:])|^)(?:/|[A-Za-z]:\\)(?:[^\s'\"/\\]+[/\\])+")
"""The folders of an absolute path in a text."""


def main(
    channel: Connection,
    models: Mapping[str, str],
    device: str | None,
    scratch: str,
    without: Sequence[str] = (),
    changes: Sequence[str] = (),
) -> None:
    """Load the models, then caption what the server sends, until it ends."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which then ends this process
    _no_core_dumps()
    threading.Thread(target=_follow_parent, args=(scratch,), daemon=True).start()
    captioners, facts = {}, []
    for name, model in models.items():
        try:
            captioners[name] = _load(model, device, without, changes)
        except Exception as error:
            _send(channel, {"failed": _cannot_load(error, model)})
            return
        facts.append({"name": name, "reads": _reads(captioners[name])})
    _send(channel, {"ready": facts})
    while True:
        try:
            asked = json.loads(channel.recv_bytes())
        except EOFError:
            return
        _send(channel, _answer(captioners[asked["model"]], asked, channel))


def caption(
    captioner: FileCaptioner, path: str, name: str, every: str | None, tell: Tell, say: Say
) -> dict[str, Any]:
    """Everything that is shown or downloaded of one video, as plain data without a path."""
    from dataclasses import replace

    from vidcap_core.captioning import subtitles
    from vidcap_core.captioning.spans import parse
    from vidcap_core.contracts.panels import Timeline, plain, to_plain
    from vidcap_core.errors import VideoError
    from vidcap_core.report.clips import view
    from vidcap_core.saved.predictions import prediction_data

    def moved(_: Source, share: float) -> None:
        tell("captioning", CAPTIONED * min(1.0, share))

    def heard(_: Source, span: tuple[float, float], text: str) -> None:
        say(span, text)

    stretch = None if every is None else parse(every)
    ((_, result),) = captioner.each([path], every=stretch, panels=True, moved=moved, listener=heard)
    if isinstance(result, VideoError):
        raise result
    tell("drawing", CAPTIONED)
    captions = replace(result, clip=replace(result.clip, id=name))
    data = prediction_data(captions)
    panels = [to_plain(panel) for panel in captions.extras.get("panels", ())]
    if not any(panel["kind"] == Timeline.kind for panel in panels):
        panels.insert(0, to_plain(Timeline(captions.events)))
    shown = view(data, panels=panels)
    film = shown.filmstrip(side=STILL)
    if film and "note" in film:
        film = {"note": _without(film["note"], path, name)}
    del data["path"]
    return {
        "caption": {key: plain(data[key]) for key in ("text", "events", "streams")},
        "files": {"srt": subtitles.srt(captions), "vtt": subtitles.vtt(captions), "json": _text(data)},
        "drawing": {"light": shown.light(), "heavy": shown.heavy(film)},
    }


def _answer(captioner: FileCaptioner, asked: Mapping[str, Any], channel: Connection) -> dict[str, Any]:
    def tell(step: str, progress: float) -> None:
        _send(channel, {"step": step, "progress": progress})

    last: dict[tuple[float, float], float] = {}

    def say(span: tuple[float, float], text: str) -> None:
        now = time.monotonic()
        if now - last.get(span, 0.0) >= PAUSE:
            last[span] = now
            _send(channel, {"words": {"start": span[0], "end": span[1], "text": text}})

    try:
        return {"done": caption(captioner, asked["path"], asked["name"], asked["every"], tell, say)}
    except Exception as error:
        return {"failed": _problem(error, asked["path"], asked["name"])}


def _load(model: str, device: str | None, without: Sequence[str], changes: Sequence[str]) -> Any:
    from vidcap_core.captioning.file_captioner import load

    return load(model, device, without=without, changes=changes)


def _reads(captioner: FileCaptioner) -> list[str]:
    """What the encoders want of a file."""
    reader = captioner.reader
    return sorted({encoder.reads for encoder in (*reader.frames.values(), *reader.audio.values())})


def _cannot_load(error: Exception, model: str) -> dict[str, str]:
    """What the server tells whoever starts it, in full."""
    from vidcap_core.errors import UserError

    if isinstance(error, UserError):
        return {"what": error.message, "hint": error.hint or "vidcap list models"}
    traceback.print_exc()
    return {"what": f"{model} cannot be loaded: {type(error).__name__}: {error}", "hint": "vidcap doctor"}


def _problem(error: Exception, path: str, name: str) -> dict[str, str]:
    """What is told of an error: the user's mistakes in full, others by their kind, and never where things lie."""
    from vidcap_core.errors import UserError

    if not isinstance(error, UserError):
        traceback.print_exc()  # for whoever runs the server
        return {
            "what": f"{name}: captioning failed ({type(error).__name__})",
            "hint": "another video or model",
        }
    return {
        "what": _without(error.message, path, name),
        "hint": _without(error.hint or "another video or model", path, name),
    }


def _without(text: str, path: str, name: str) -> str:
    """A text with a name where the path was, and no folder of this machine."""
    return FOLDERS.sub("", text.replace(path, name))


def _text(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _send(channel: Connection, message: object) -> None:
    channel.send_bytes(json.dumps(message, allow_nan=False).encode())


def _follow_parent(scratch: str) -> None:
    """A server that was killed could not tidy up: its uploads go, and so does this process."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)


def _no_core_dumps() -> None:
    """What is in memory is somebody's video; a crash must not leave it on the disk."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
