"""Who may ask, and how: under our own name, from our own page or from no page, with one length."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidcap_core.serve.refusal import Refused

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SAFE = ("GET", "HEAD")


class Guard:
    """ASGI middleware: refuses other names (a rebound DNS name) and other origins, and adds the headers."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower().rstrip(".") for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def sends(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            self._check(scope["method"], Headers(scope=scope))
        except Refused as refused:
            await refused.response()(scope, receive, sends)
        else:
            await self._app(scope, receive, sends)

    def _check(self, method: str, headers: Headers) -> None:
        if "content-length" in headers and "transfer-encoding" in headers:
            what = "the request gives two lengths: Content-Length and Transfer-Encoding"
            raise Refused(400, what, "one of them", {"Connection": "close"})
        given = headers.get("host", "")
        name = _host(given)
        if not (name in self._names or _is_address(name)):
            what = f"this server is not known as '{name[:80]}'"
            raise Refused(421, what, "its address, localhost, or vidcap serve --allow-name NAME")
        if method in SAFE:
            return
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != given.lower()
        if foreign or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            raise Refused(
                403, "another site asked for this", "the page of this server, or a program of your own"
            )


def _host(given: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return (urlsplit(f"//{given}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Numbers cannot be rebound: only names are looked up."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
