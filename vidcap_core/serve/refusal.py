"""Answers that say no: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse


class Refused(Exception):
    """A request that is not served, with its HTTP status."""

    def __init__(self, status: int, what: str, hint: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(what)
        self.status, self.what, self.hint, self.headers = status, what, hint, dict(headers or {})

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse({"what": self.what, "hint": self.hint}, self.status, self.headers)
