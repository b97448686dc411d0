"""A language model behind an OpenAI-compatible endpoint, by the standard library alone."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

from vidcap_core.api import UserError

URL, KEY = "VIDCAP_JUDGE_URL", "VIDCAP_JUDGE_KEY"
"""Of the environment: where the judge answers, and the key it asks for."""
BUSY = (408, 429, 500, 502, 503, 504)
"""Answers after which it is worth asking again."""


class Endpoint:
    """Asks `URL/chat/completions`, temperature 0.

    The key goes to the address of the environment alone, so that no config can send it elsewhere.

    model: what the endpoint calls it. url: as http://localhost:8000/v1; None: that of VIDCAP_JUDGE_URL.
    timeout: seconds for an answer. retries: how often a busy endpoint is asked again. pause: seconds before the first.
    """

    def __init__(
        self, model: str, url: str | None = None, timeout: float = 120, retries: int = 4, pause: float = 1.0
    ) -> None:
        own = os.environ.get(URL)
        address = url or own
        if not address:
            raise UserError(
                "no judge: its address is not known",
                hint=f"--set METRIC.judge.url=http://HOST/v1, or export {URL}=http://HOST/v1",
            )
        if not address.startswith(("http://", "https://")):
            raise UserError(f"'{address}' is no address of a judge", hint="http://localhost:8000/v1")
        self.model, self.address = model, address.rstrip("/")
        self.timeout, self.retries, self.pause = timeout, retries, pause
        self._key = os.environ.get(KEY) if own and self.address == own.rstrip("/") else None

    def __call__(self, prompt: str) -> str:
        """The model's answer."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0,
        }
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(
            f"{self.address}/chat/completions", json.dumps(body).encode(), headers, method="POST"
        )
        return self._text(self._send(request))

    def _send(self, request: urllib.request.Request) -> Any:
        opener = urllib.request.build_opener(_NoRedirect())  # a redirection would take the key along
        for attempt in range(self.retries + 1):
            try:
                with opener.open(request, timeout=self.timeout) as response:
                    return json.loads(response.read())
            except urllib.error.HTTPError as error:
                if error.code not in BUSY or attempt == self.retries:
                    reason = error.read(300).decode(errors="replace")
                    raise UserError(f"the judge at {self.address} answers {error.code}: {reason}") from None
            except (OSError, ValueError) as error:  # not reached, cut off, or no JSON
                if attempt == self.retries:
                    raise UserError(
                        f"the judge at {self.address} does not answer: {error}",
                        hint="what it answered so far is in the cache: the same command goes on there",
                    ) from None
            time.sleep(self.pause * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _text(self, answer: Any) -> str:
        try:
            text = answer["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError):
            text = None
        if not isinstance(text, str):
            raise UserError(
                f"the judge at {self.address} answers {json.dumps(answer)[:200]}, which is no chat completion",
                hint="an OpenAI-compatible endpoint; its address often ends in /v1",
            )
        return text


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **options: Any) -> None:
        """None: a redirection is an error."""
