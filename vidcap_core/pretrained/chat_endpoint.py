"""A language model behind an OpenAI-compatible server, by the standard library alone."""

from __future__ import annotations

import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from vidcap_core.errors import ConfigError, UserError, in_a_line
from vidcap_core.files.json_text import loads
from vidcap_core.zoo.arguments import at_least

BUSY = (408, 429, 500, 502, 503, 504)
"""Answers after which it is worth asking again."""
REDIRECTIONS = (301, 302, 303, 307, 308)
LONGEST_WAIT = 60.0
"""Seconds that a server may ask to wait before the next try."""
MOST = 16 * 2**20
"""Bytes of an answer that are read."""
DAY = 86_400
"""Seconds that are waited at most."""
SECRET = 8
"""Letters of a key that is one: "EMPTY" and "none" are words, which may stand in any text."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What a terminal obeys, and halves of letters that no file takes."""
GOES_ON = "what was answered so far is kept: the same command goes on there"


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
        at_least(0, retries=retries, pause=pause)
        at_least(0.001, timeout=timeout)
        if not max(timeout, pause) <= DAY or pause != pause:
            raise ConfigError(f"timeout and pause are at most {DAY} seconds, not {timeout} and {pause}")
        own = (os.environ.get(variables[0]) or "").strip().rstrip("/")
        given = (url or "").strip().rstrip("/") or own
        if not given:
            raise UserError(
                f"no {what}: its address is not known",
                hint=f"url=..., or export {variables[0]}=http://HOST/v1",
            )
        self.model, self.address, self.what = model, _checked(given, what, variables), what
        self.timeout, self.retries, self.pause = timeout, retries, pause
        self.variables = variables
        self._key = _key(variables[1]) if self.address == own else ""
        self._down = False

    def ask(self, messages: Sequence[Mapping[str, Any]], /, **options: Any) -> list[Answer]:
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
            wait, last = self.pause * 2 ** min(attempt, 10), attempt == tries - 1
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
                        f"the {self.what} at {self.address} does not answer: {self._shown(in_a_line(error))}",
                        hint=GOES_ON,
                    ) from None
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _refusal(self, error: urllib.error.HTTPError) -> UserError:
        message = f"the {self.what} at {self.address} answers {error.code}"
        if error.code in REDIRECTIONS and (target := error.headers.get("Location")):
            return self._moved(message, target)
        try:
            reason = _read(error.fp, time.monotonic() + self.timeout)
        except (OSError, http.client.HTTPException):  # the status alone says it, too
            reason = b""
        message = f"{message}: {self._shown(reason.decode(errors='replace'))[:300]}"
        if error.code in (401, 403):
            url, key = self.variables
            return UserError(message, hint=f"export {url}={self.address} {key}=...; the key goes there alone")
        if error.code == 404:
            return UserError(message, hint=f"an address that ends in /v1; a model of {self.address}/models")
        return UserError(message, hint=GOES_ON if error.code in BUSY else None)

    def _moved(self, message: str, target: str) -> UserError:
        try:
            target = urljoin(f"{self.address}/chat/completions", target)
        except ValueError:  # no address at all
            return UserError(f"{message}, and leads to {self._shown(target)[:300]!r}")
        target = self._shown(target)[:300].removesuffix("/").removesuffix("/chat/completions")
        return UserError(
            f"{message}, and leads to {target}",
            hint=f"the address {target}; a key goes only to that of {self.variables[0]}",
        )

    def _shown(self, text: str) -> str:
        """A text of the server in a line."""
        return " ".join(self._safe(text).split())

    def _safe(self, text: str) -> str:
        """A text of the server without the key, which some repeat, and without what a terminal obeys."""
        if len(self._key) >= SECRET:
            for key in (self._key, self._key.replace("/", "\\/")):  # as JSON may have it
                text = text.replace(key, "***")
        return CONTROL.sub(" ", text)

    def _answers(self, raw: bytes) -> list[Answer]:
        shown = self._shown(raw.decode(errors="replace"))[:200]
        hint = "an OpenAI-compatible server; its address often ends in /v1"
        try:
            data = loads(raw)
        except ValueError:
            raise UserError(
                f"the {self.what} at {self.address} answers no JSON: {shown}", hint=hint
            ) from None
        try:
            return [self._answer(choice) for choice in data["choices"]]
        except (KeyError, IndexError, TypeError):
            raise UserError(
                f"the {self.what} at {self.address} answers {shown}, which is no chat completion", hint=hint
            ) from None

    def _answer(self, choice: Mapping[str, Any]) -> Answer:
        text = choice["message"]["content"]
        if not isinstance(text, str):
            raise TypeError("no text")
        return Answer(self._safe(text), choice.get("finish_reason") != "length")


def _checked(address: str, what: str, variables: tuple[str, str]) -> str:
    """An address that can be asked; one that holds a secret is not shown."""
    if re.match(r"(\w+://)?[^/]*@|[^#]*\?", address):
        raise ConfigError(
            f"the address of the {what} holds a user or a query, and would be written down with it",
            hint=f"http://HOST/v1; a key as {variables[1]}, with {variables[0]}",
        )
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "#" not in address
        (parts.hostname or "").encode("idna")
        good = good and parts.port != 0 and re.fullmatch("[!-~]+", address) is not None
    except ValueError:  # of a port or brackets
        good = False
    if not good:
        raise ConfigError(f"{address!r} is no address of a {what}", hint="http://localhost:8000/v1")
    return address


def _key(variable: str) -> str:
    """The key of the environment; a line end of the file that it was read from is no part of it."""
    key = os.environ.get(variable, "").strip()
    if not re.fullmatch("[!-~]*", key):
        raise ConfigError(
            f"{variable} has a character in it that no key has, as a space or a line end",
            hint="visible ASCII characters alone",
        )
    return key


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
    def http_error_302(self, *args: Any, **options: Any) -> None:
        """None: a redirection is an error, wherever it leads."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302
