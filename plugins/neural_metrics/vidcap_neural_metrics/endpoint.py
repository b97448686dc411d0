"""A judge behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import os

from vidcap_core.api import ChatEndpoint, UserError

URL, KEY = "VIDCAP_JUDGE_URL", "VIDCAP_JUDGE_KEY"
"""Of the environment: where the judge answers, and the key it asks for."""


class Endpoint:
    """Asks `URL/chat/completions`, temperature 0.

    model: what the endpoint calls it. url: as http://localhost:8000/v1; None: that of VIDCAP_JUDGE_URL.
    timeout: seconds for an answer. retries: how often a busy endpoint is asked again. pause: seconds before the first.
    """

    def __init__(
        self, model: str, url: str | None = None, timeout: float = 120, retries: int = 4, pause: float = 1.0
    ) -> None:
        if not (url or os.environ.get(URL)):
            raise UserError(
                "no judge: its address is not known",
                hint=f"--set METRIC.judge.url=http://HOST/v1, or export {URL}=http://HOST/v1",
            )
        self._chat = ChatEndpoint(
            model, url, variables=(URL, KEY), what="judge", timeout=timeout, retries=retries, pause=pause
        )

    def __call__(self, prompt: str) -> str:
        """The model's answer."""
        answers = self._chat.ask([{"role": "user", "content": prompt}], temperature=0)
        if not answers:
            raise UserError(f"the judge at {self._chat.address} answers nothing, which is no chat completion")
        return answers[0].text
