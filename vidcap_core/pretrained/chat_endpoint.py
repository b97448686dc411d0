"""A language model behind an OpenAI-compatible server, by the standard library alone."""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidcap_core.errors import UserError, in_a_line

BUSY = (408, 429, 500, 502, 503, 504)
"""Answers after which it is worth asking again."""
LONGEST_WAIT = 60.0
"""Seconds that a server may ask to wait before the next try."""
MOST = 16 * 2**20
"""Bytes of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A text, and whether it came to its end; one that was cut off at the most tokens did not."""

    text: str
    whole: bool


class ChatEndpoint:
    """Asks `URL/chat/completions`, again where the server is busy; several threads may ask at once.

    The key goes to the address of the environment alone, so that no config can send it elsewhere.

    model: what the server calls it. url: as http://localhost:8000/v1; None: that of the environment.
    variables: of the environment, with the address and the key. what: the server is called so in errors.
    timeout: seconds for an answer. retries: how often a busy server is asked again. pause: seconds before the first.
    """

    def __init__(
        self,
        model: str,
        url: str | None = None,
        *,
        variables: tuple[str, str],
        what: str = "server",
        timeout: float = 120,
        retries: int = 4,
        pause: float = 1.0,
    ) -> None:
        own = os.environ.get(variables[0])
        address = url or own
        if not address:
            raise UserError(
                f"no {what}: its address is not known",
                hint=f"url=..., or export {variables[0]}=http://HOST/v1",
            )
        if not address.startswith(("http://", "https://")):
            raise UserError(f"'{address}' is no address of a {what}", hint="http://localhost:8000/v1")
        self.model, self.address, self.what = model, address.rstrip("/"), what
        self.timeout, self.retries, self.pause = timeout, retries, pause
        self.variables = variables
        self._key = os.environ.get(variables[1]) if own and self.address == own.rstrip("/") else None
        self._down = False

    def ask(self, messages: Sequence[Mapping[str, Any]], **options: Any) -> list[Answer]:
        """The model's answers to a conversation, as many as the option `n` says."""
        body = {"model": self.model, "messages": list(messages), **options}
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        url = f"{self.address}/chat/completions"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
        return self._answers(self._send(request))

    def _send(self, request: urllib.request.Request) -> bytes:
        opener = urllib.request.build_opener(_NoRedirect())  # a redirection would take the key along
        tries = 1 if self._down else self.retries + 1  # one that was down is not waited for once more
        for attempt in range(tries):
            wait, last = self.pause * 2**attempt, attempt == tries - 1
            try:
                with opener.open(request, timeout=self.timeout) as response:
                    data = _read(response, time.monotonic() + self.timeout)
                self._down = False
                return data
            except urllib.error.HTTPError as error:
                if error.code not in BUSY or last:
                    raise self._refusal(error) from None
                wait = max(wait, _asked_to_wait(error))
            except (OSError, http.client.HTTPException) as error:  # not reached, too slow, or cut off
                if last:
                    self._down = True
                    raise UserError(
                        f"the {self.what} at {self.address} does not answer: {in_a_line(error)}",
                        hint="what was answered so far is kept: the same command goes on there",
                    ) from None
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _refusal(self, error: urllib.error.HTTPError) -> UserError:
        reason = error.read(300).decode(errors="replace")
        message = f"the {self.what} at {self.address} answers {error.code}: {' '.join(reason.split())}"
        if error.code in (401, 403):
            url, key = self.variables
            return UserError(message, hint=f"export {url}={self.address} {key}=...; the key goes there alone")
        if error.code == 404:
            return UserError(message, hint=f"an address that ends in /v1; a model of {self.address}/models")
        return UserError(message)

    def _answers(self, raw: bytes) -> list[Answer]:
        shown = " ".join(raw[:200].decode(errors="replace").split())
        hint = "an OpenAI-compatible server; its address often ends in /v1"
        try:
            data = json.loads(raw)
        except ValueError:
            raise UserError(
                f"the {self.what} at {self.address} answers no JSON: {shown}", hint=hint
            ) from None
        try:
            return [_answer(choice) for choice in data["choices"]]
        except (KeyError, IndexError, TypeError):
            raise UserError(
                f"the {self.what} at {self.address} answers {shown}, which is no chat completion", hint=hint
            ) from None


def _answer(choice: Mapping[str, Any]) -> Answer:
    text = choice["message"]["content"]
    if not isinstance(text, str):
        raise TypeError("no text")
    return Answer(text, choice.get("finish_reason") != "length")


def _read(response: Any, until: float) -> bytes:
    """The body, whole and in time: a server that drips bytes would else be waited for without end."""
    parts: list[bytes] = []
    size = 0
    while part := response.read1(65536):
        parts.append(part)
        size += len(part)
        if size > MOST:
            raise OSError(f"its answer is longer than {MOST:,} bytes")
        if time.monotonic() > until:
            raise TimeoutError("timed out while it answered")
    if getattr(response, "length", None):
        raise http.client.IncompleteRead(b"".join(parts), response.length)
    return b"".join(parts)


def _asked_to_wait(error: urllib.error.HTTPError) -> float:
    try:
        return min(LONGEST_WAIT, float(error.headers.get("Retry-After") or 0))
    except ValueError:
        return 0.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **options: Any) -> None:
        """None: a redirection is an error."""
