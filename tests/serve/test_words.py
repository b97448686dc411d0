"""Words as they are written: over HTTP they come while the job works, and the page shows them."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'serve'")

from serve.conftest import Server, until
from serve.parts import PAUSE

from vidcap_core.serve.settings import LISTENERS
from vidcap_core.serve.words import Words, Written


@pytest.fixture(scope="module")
def slow(served_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose model takes a while for each word."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PAUSE, "0.3")
        running = Server([served_run], tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@contextlib.contextmanager
def listening(server: Server, location: str) -> Any:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", f"{location}/words")
        yield connection.getresponse()


def events(answer: http.client.HTTPResponse) -> list[tuple[float, str, Any]]:
    """When, which kind, what."""
    found, kind = [], "message"
    for line in iter(answer.readline, b""):
        name, _, value = line.decode().strip().partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            found.append((time.monotonic(), kind, json.loads(value)))
            kind = "message"
    return found


def test_words_come_while_the_job_works(slow: Server, toy_clip: Path) -> None:
    job = slow.send(toy_clip.read_bytes())
    with listening(slow, job.headers["Location"]) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        heard = events(answer)
    text = slow.wait(job)["caption"]["text"]
    assert [kind for _, kind, _ in heard] == ["message"] * (len(heard) - 1) + ["end"]
    assert heard[-1][2] == {"state": "done"}
    texts = [what["text"] for _, kind, what in heard if kind == "message"]
    assert len(texts) >= 3
    assert all(text.startswith(part) for part in texts)
    assert [len(part) for part in texts] == sorted({len(part) for part in texts})
    assert heard[-2][0] - heard[0][0] > 0.25 * (len(texts) - 1), "they came all at once"


def test_who_listens_late_or_to_nothing(slow: Server, toy_clip: Path) -> None:
    job = slow.send(toy_clip.read_bytes())
    slow.wait(job)
    with listening(slow, job.headers["Location"]) as answer:
        assert events(answer)[-1][2] == {"state": "done"}
    assert slow.ask("GET", "/api/captions/none/words").status == 404


def test_listeners_are_counted_and_hear_of_the_end(slow: Server, clip_of: Any) -> None:
    """So many may listen; when their job is stopped all of them are let go."""
    job = slow.send(clip_of("green"), "green.mp4")
    location = job.headers["Location"]
    with contextlib.ExitStack() as held:
        all_of_them = [held.enter_context(listening(slow, location)) for _ in range(LISTENERS)]
        assert {(answer.status, answer.readline()) for answer in all_of_them} == {(200, b":\n")}
        assert slow.ask("GET", f"{location}/words").status == 503
        assert slow.ask("GET", location).json["state"] == "working"
        assert slow.ask("DELETE", location).status == 204
        for answer in all_of_them:
            assert events(answer)[-1][1] == "end"


def test_a_slow_listener_gets_the_newest_of_each_span() -> None:
    words = Words()

    async def listen() -> list[Written | None]:
        for text in ("a", "a man", "a man runs"):
            words.tell(Written(0.0, 5.0, text))
        words.tell(Written(5.0, 9.0, "a dog"))
        words.close()
        return [each async for each in words.follow()]

    assert asyncio.run(listen()) == [Written(0.0, 5.0, "a man runs"), Written(5.0, 9.0, "a dog")]


WATCH = """
window.seen = [];
const lines = document.getElementById("written");
new MutationObserver(() => seen.push([lines.textContent, document.getElementById("spoken").hidden]))
  .observe(lines, { childList: true, characterData: true, subtree: true });
"""


def test_the_page_shows_them_as_they_come(browser: Any, slow: Server, toy_clip: Path) -> None:
    def one(css: str) -> Any:
        return browser.find_element("css selector", css)

    browser.get_log("browser")
    browser.get(slow.url)
    until(lambda: one("#model").text)
    browser.execute_script(WATCH)
    one("#file").send_keys(str(toy_clip))
    until(lambda: one("#writing").is_displayed(), 60)
    assert one("#writer").text == "first is writing"
    until(lambda: one("#status").text.startswith("Captions are ready"), 60)
    assert not one("#writing").is_displayed()
    assert one("#spoken").is_displayed()
    text = one("#cues button span:last-child").text
    seen = browser.execute_script("return seen")
    parts = list(dict.fromkeys(line.partition(" s")[2].partition(" s")[2] for line, _ in seen))
    grown = [part for part in parts if part]
    assert len(grown) >= 3
    assert all(text.startswith(part) for part in grown)
    assert all(hidden for _, hidden in seen[1:])
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_stopping_brings_back_what_was_there(browser: Any, slow: Server, toy_clip: Path) -> None:
    def one(css: str) -> Any:
        return browser.find_element("css selector", css)

    browser.get(slow.url)
    until(lambda: one("#model").text)
    one("#file").send_keys(str(toy_clip))
    until(lambda: one("#spoken").is_displayed(), 60)
    one("#every option[value='5']").click()
    one("#again").click()
    until(lambda: one("#writing").is_displayed(), 60)
    assert not one("#spoken").is_displayed()
    one("#stop").click()
    until(lambda: one("#spoken").is_displayed())
    assert not one("#writing").is_displayed()
