"""The web application: the page, the REST interface, and how they say no."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from vidcap_core.report.page import static
from vidcap_core.serve.api import router
from vidcap_core.serve.origin import Guard
from vidcap_core.serve.queue import Line
from vidcap_core.serve.refusal import Refused
from vidcap_core.serve.scratch import Scratch
from vidcap_core.serve.settings import Settings
from vidcap_core.zoo.version import __version__

OWN = {"serve.css": "text/css", "serve.js": "text/javascript"}
SHARED = {
    "page.css": "text/css",
    **dict.fromkeys(("dom.js", "chart.js", "panels.js", "clip.js"), "text/javascript"),
}
"""Look and drawings of reports."""


def build(
    settings: Settings,
    line: Line,
    scratch: Scratch,
    models: Sequence[Mapping[str, Any]],
    at_end: Callable[[], None],
) -> FastAPI:
    """The application; `at_end` runs when the server stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        at_end()

    app = FastAPI(
        title="vidcap serve",
        version=__version__,
        description="Captions of videos. Upload one, ask for its job until it is done, fetch its captions.",
        lifespan=lifespan,
        docs_url=None,  # these pages would fetch scripts from elsewhere
        redoc_url=None,
    )
    app.state.settings, app.state.line, app.state.scratch, app.state.models = settings, line, scratch, models
    app.include_router(router)
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_api_route("/static/{name}", _file, include_in_schema=False)
    for kind, handler in ((Refused, _refused), (HTTPException, _other), (RequestValidationError, _invalid)):
        app.add_exception_handler(kind, handler)
    app.add_exception_handler(Exception, _internal)
    app.add_middleware(Guard, names=(settings.host, *settings.names))
    return app


async def _page() -> Response:
    return Response(_own("serve.html"), media_type="text/html")


async def _file(name: str) -> Response:
    """One of the few files that the page needs; nothing else has a name."""
    if name in OWN:
        return Response(_own(name), media_type=OWN[name])
    if name in SHARED:
        return Response(static(name), media_type=SHARED[name])
    raise Refused(404, "there is nothing here", "/ or /openapi.json")


def _own(name: str) -> str:
    return (resources.files("vidcap_core.serve") / "static" / name).read_text(encoding="utf-8")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return error.response()


async def _other(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    hint = {404: "/ or /openapi.json", 405: "/openapi.json tells which methods there are"}
    what = "there is nothing here" if error.status_code == 404 else str(error.detail)
    return Refused(
        error.status_code, what, hint.get(error.status_code, "/openapi.json"), error.headers
    ).response()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["loc"][0] == "path":
        return Refused(404, "there is nothing here", "/openapi.json").response()
    where = ".".join(str(part) for part in first["loc"][1:])
    return Refused(422, f"{where}: {first['msg']}", "/openapi.json").response()


async def _internal(_: Request, error: object) -> Response:
    """The traceback is for whoever runs the server: it goes to the log, and not into the answer."""
    return Refused(500, f"an internal error ({type(error).__name__})", "the log of the server").response()
