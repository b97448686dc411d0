"""One connection: it may neither wait for ever with a request half said, nor leave an answer unread."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from vidcap_core.serve.settings import CONNECTIONS, HEAD, IDLE


class Connection(H11Protocol):
    """uvicorn's, whose own limits do not see a head that comes a byte at a time, nor who never reads."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request's time begins."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.abort()
        else:
            self._limit(HEAD)

    def data_received(self, data: bytes) -> None:
        """A request that is being answered has other limits: those of an upload and of a job."""
        super().data_received(data)
        if self._answering:
            self._unlimit()

    def on_response_complete(self) -> None:
        """The next request's time begins; so does that of what is left of a body which nobody reads."""
        self._limit(HEAD)
        super().on_response_complete()
        if self._answering:  # it was here already
            self._unlimit()

    def pause_writing(self) -> None:
        """The other side does not read."""
        super().pause_writing()
        self._limit(IDLE)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._unlimit()
        if not self._answering:
            self._limit(HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to wait for."""
        self._unlimit()
        super().connection_lost(exc)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _limit(self, seconds: float) -> None:
        self._unlimit()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _unlimit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
