"""`--model http://HOST/v1#MODEL` against a stand-in server that this test starts: what goes there, what comes back."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

KEY = "a-key-that-nobody-may-see"
BALL = '{"start": 0, "end": 1, "text": "a ball rolls"}'
STOP = '{"start": 1, "end": 2, "text": "a ball stops"}'


@pytest.fixture
def server() -> Iterator[SimpleNamespace]:
    """A server whose answers a test chooses: `answer(body)` gives a text, a dict, bytes, or (status, text)."""
    state = SimpleNamespace(
        requests=[],
        keys=[],
        now=0,
        most=0,
        lie=0,
        after=0.0,
        more={},
        answer=lambda body: "A red ball rolls.",
    )
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                state.requests.append((self.path, body))
                state.keys.append(self.headers.get("Authorization"))
                state.now += 1
                state.most = max(state.most, state.now)
            made = state.answer(body)
            with lock:
                state.now -= 1
            status, made = made if isinstance(made, tuple) else (200, made)
            if isinstance(made, str):
                made = {"choices": [{"message": {"content": made}, "finish_reason": "stop"}]}
            data = made if isinstance(made, bytes) else json.dumps(made).encode()
            self.send_response(status)
            for name, value in state.more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) + state.lie))
            self.end_headers()
            self.wfile.write(data)
            time.sleep(state.after)

        def log_message(self, *args: Any) -> None:
            """Nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: Any) -> None:
            """Nothing either: clients that went away are what some tests are about."""

    http = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def caption(server: SimpleNamespace, vidcap: Any) -> Any:
    """`vidcap caption WORDS --model URL#tiny`, with short pauses."""

    def run(*words: object, url: str | None = None) -> SimpleNamespace:
        quick = ("head.pause=0.01", "head.retries=2", "head.timeout=2")
        given = [word for change in quick for word in ("--set", change)]
        return vidcap("caption", "--model", f"{url or server.url}#tiny", *given, *words)  # type: ignore[no-any-return]

    return run


def test_frames_go_there_with_their_times(caption: Any, server: SimpleNamespace, films: list[Path]) -> None:
    done = caption(films[1], "--json", "--set", "head.frames=2", "--set", "head.system='Be brief.'")
    assert done.code == 0, done.err
    assert json.loads(done.out)["text"] == "A red ball rolls."
    ((path, body),) = server.requests
    assert path == "/v1/chat/completions"
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("tiny", 0, 60)
    system, user = body["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert [part["type"] for part in user["content"]] == ["text", "image_url", "text", "image_url", "text"]
    assert [user["content"][at]["text"] for at in (0, 2)] == ["0.5 s:", "1.5 s:"]
    kind, _, data = user["content"][1]["image_url"]["url"].partition(",")
    assert kind == "data:image/jpeg;base64"
    assert base64.b64decode(data)[:2] == b"\xff\xd8"


def test_a_whole_file_goes_there_as_a_video(caption: Any, server: SimpleNamespace, films: list[Path]) -> None:
    assert caption(films[0], "--set", "head.send=video").code == 0
    part = server.requests[0][1]["messages"][0]["content"][0]
    assert base64.b64decode(part["video_url"]["url"].partition(",")[2]) == films[0].read_bytes()
    done = caption(films[0], "--set", "head.send=video", "--every", "0.5")
    assert "sends whole files, not spans" in done.err


def test_many_at_once_and_no_more(caption: Any, server: SimpleNamespace, films: list[Path]) -> None:
    server.answer = lambda body: time.sleep(0.1) or "A ball."
    done = caption(films[2], "--every", "0.1", "--set", "head.at_once=3", "--set", "head.frames=1")
    assert done.code == 0, done.err
    assert server.most == 3
    assert len(server.requests) >= 15


def test_a_busy_server_is_asked_again(caption: Any, server: SimpleNamespace, films: list[Path]) -> None:
    answers: list[Any] = [(429, "later"), (503, "busy"), "A ball."]
    server.answer = lambda body: answers.pop(0)
    assert "A ball." in caption(films[0]).out
    assert len(server.requests) == 3


def test_the_key_goes_to_one_address_and_into_no_file(
    caption: Any, server: SimpleNamespace, films: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDCAP_ENDPOINT_KEY", KEY)
    caption(films[0])
    monkeypatch.setenv("VIDCAP_ENDPOINT_URL", server.url)
    done = caption(films[0], "--out", tmp_path / "out", "--format", "html")
    assert server.keys == [None, f"Bearer {KEY}"]
    assert KEY not in done.out + done.err
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (
            "https://new.example/v1/chat/completions",
            "leads to https://new.example/v1; try: the address https://",
        ),
        ("/v2/chat/completions", "/v2; try: the address http://127.0.0.1"),
        ("http://[", "answers 302, and leads to 'http://['"),
    ],
)
def test_a_redirection_is_told_and_not_followed(
    caption: Any, server: SimpleNamespace, films: list[Path], target: str, line: str
) -> None:
    server.more = {"Location": target}
    server.answer = lambda body: (302, "elsewhere")
    assert line in caption(films[0]).err


@pytest.mark.parametrize(
    "answer", [(401, f"Bearer {KEY} is no key"), (500, KEY), (200, KEY.encode()), f"A ball and {KEY}."]
)
def test_a_server_that_repeats_the_key_does_not_make_it_known(
    caption: Any,
    server: SimpleNamespace,
    films: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
) -> None:
    """The key comes from a file with line ends of Windows, too."""
    monkeypatch.setenv("VIDCAP_ENDPOINT_URL", server.url)
    monkeypatch.setenv("VIDCAP_ENDPOINT_KEY", f"{KEY}\r\n")
    server.answer = lambda body: answer
    done = caption(films[0], "--out", tmp_path / "out", "--format", "srt")
    assert set(server.keys) == {f"Bearer {KEY}"}
    written = [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]
    assert KEY not in done.out + done.err + "".join(written)
    assert "***" in done.err or "A ball and *." in (tmp_path / "out" / "a.srt").read_text()


@pytest.mark.parametrize("key", ["sk-se cret", "sk-se\ncret", "sk-secret\N{ZERO WIDTH SPACE}"])
def test_a_key_that_is_none_is_refused_unseen(
    caption: Any, server: SimpleNamespace, films: list[Path], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("VIDCAP_ENDPOINT_URL", server.url)
    monkeypatch.setenv("VIDCAP_ENDPOINT_KEY", key)
    done = caption(films[0])
    assert done.code == 2
    assert "VIDCAP_ENDPOINT_KEY has a character" in done.err
    assert "sk-" not in done.err


def test_a_job_goes_on_where_the_server_failed(
    caption: Any, server: SimpleNamespace, films: list[Path], tmp_path: Path
) -> None:
    """One clip of three gets no answer: the others are kept, it is listed, and the same command asks for it alone."""
    broken = [1]
    server.answer = lambda body: (400, "no") if len(server.requests) == 2 and broken else "A ball."
    first = caption(*films, "--out", tmp_path / "out")
    assert first.code == 1
    assert "1 file could not be captioned" in first.err
    assert "2 captioned" in first.err
    broken.clear()
    again = caption(*films, "--out", tmp_path / "out", "--set", "head.retries=8", "--set", "head.at_once=2")
    assert again.code == 0
    assert "1 captioned, 2 were finished before" in again.err
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (b"<html><h1>It works</h1></html>", "answers no JSON: <html>"),
        ({"detail": "ok"}, "which is no chat completion"),
        ({"choices": []}, "gives no choices"),
        ((401, "who are you"), "VIDCAP_ENDPOINT_KEY"),
        ((404, "no such model"), "/models"),
        ("", "the model's answer is empty"),
        ("一个红色的球在滚动", "another script than Latin"),
        ("```\n```", "the model's answer is empty"),
        (b"[" * 200_000, "answers no JSON"),
        ((429, "later"), "try: what was answered so far is kept"),
        ((400, b"bad\x1b[31m\x07 red"), "answers 400: bad [31m red"),
        ("\x1b\x07\x00", "the model's answer is empty"),
    ],
)
def test_what_is_no_caption_is_one_line(
    caption: Any, server: SimpleNamespace, films: list[Path], answer: Any, line: str
) -> None:
    server.answer = lambda body: answer
    done = caption(films[0])
    assert done.code == 1
    assert "1 file could not be captioned" in done.err
    assert line in done.err


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("[" * 200_000, "is nested too deeply"),
        ("[" + '[{"a":' * 900 + "1" + "}]" * 900 + "]", "is nested too deeply"),
        (f'[{{"start": {"9" * 400}, "end": 1, "text": "a ball"}}]', "is no number of seconds"),
        (f"[{BALL} {STOP}]", "the JSON of the model's answer is broken"),
        (f"[{BALL}]\n[{STOP}]", "the JSON of the model's answer is broken"),
        (f'[{BALL}, {{"start": 1, "end": oops, "text": "a"}}]', "the JSON of the model's answer is broken"),
        ('[{"start": 0, "end": 1, "text": "一个红色的球在滚动"}]', "another script than Latin"),
        ('[{"start": 0, "end": 1, "text": "\\u001b\\u0007"}]', "has no text"),
    ],
)
def test_events_that_are_none_are_one_line(
    caption: Any, server: SimpleNamespace, films: list[Path], answer: str, line: str
) -> None:
    """Of two clips one has such an answer; the other is kept."""
    answers = [answer, f"[{BALL}]"]
    server.answer = lambda body: answers[len(server.requests) - 1]
    done = caption(*films[:2], "--json", "--set", "head.prompt=events", "--set", "head.at_once=1")
    assert done.code == 1
    assert "1 file could not be captioned" in done.err
    assert line in done.err
    assert json.loads(done.out)["events"][0]["text"] == "a ball rolls"


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        (f"[{BALL}, {BALL}, {STOP}]", ["a ball rolls", "a ball stops"]),
        (f"Events: [{BALL}, {STOP}] as you [see]", ["a ball rolls", "a ball stops"]),
        (f'[{BALL}, {{"start": 1, "end": 2, "te', ["a ball rolls"]),
        (f"<think>[{STOP}]</think>[{BALL}]", ["a ball rolls"]),
        (f"[{BALL.replace('ball', chr(92) + 'u001b' + 'ball')}]", ["a ball rolls"]),
    ],
)
def test_events_that_are_mended(
    caption: Any, server: SimpleNamespace, films: list[Path], answer: str, texts: list[str]
) -> None:
    server.answer = lambda body: answer
    done = caption(films[1], "--json", "--set", "head.prompt=events")
    assert done.code == 0, done.err
    assert [event["text"] for event in json.loads(done.out)["events"]] == texts


def test_an_error_whose_words_do_not_come_is_told(
    caption: Any, server: SimpleNamespace, films: list[Path]
) -> None:
    """The body hangs, or its parts are broken."""
    server.answer = lambda body: (400, b"no")
    server.lie, server.after = 100, 0.6
    assert "answers 400" in caption(films[0], "--set", "head.timeout=0.2").err
    server.lie, server.after, server.more = 0, 0.0, {"Transfer-Encoding": "chunked"}
    assert "answers 400" in caption(films[0]).err


def test_control_characters_and_more_choices_than_asked_go(
    caption: Any, server: SimpleNamespace, films: list[Path], tmp_path: Path
) -> None:
    choice = {"message": {"content": "A \x1b[2Jball\x07\ud800 rolls."}}
    server.answer = lambda body: {"choices": [choice, choice]}
    done = caption(films[0], "--out", tmp_path / "out", "--format", "srt")
    assert done.code == 0, done.err
    assert "A [2Jball rolls." in (tmp_path / "out" / "a.srt").read_text()
    assert "n_best" not in (tmp_path / "out" / "captions.jsonl").read_text()


def test_a_server_that_lies_about_its_length_is_slow_or_down(
    caption: Any, server: SimpleNamespace, films: list[Path]
) -> None:
    server.lie = 100
    assert "does not answer" in caption(films[0]).err
    server.lie = 0
    server.answer = lambda body: time.sleep(3) or "late"
    assert "timed out" in caption(films[0], "--set", "head.timeout=0.2").err
    started = time.monotonic()
    done = caption(*films, url="http://127.0.0.1:9/v1")
    assert done.err.count("does not answer") == 3
    assert time.monotonic() - started < 10


def test_chatter_goes_and_a_cut_sentence_goes(
    caption: Any, server: SimpleNamespace, films: list[Path]
) -> None:
    chatter = '<think>Hm.</think>Sure! Here is a caption: **"A red ball rolls. It stops at the w"**'
    cut = {"choices": [{"message": {"content": chatter}, "finish_reason": "length"}]}
    server.answer = lambda body: cut
    done = caption(films[0], "--json", "--set", "head.sentences=None")
    assert json.loads(done.out)["text"] == "A red ball rolls."


def test_events_with_their_times(caption: Any, server: SimpleNamespace, films: list[Path]) -> None:
    server.answer = lambda body: (
        'Here:\n```json\n[{"start": 1, "end": "0:02", "text": "a ball stops"}, '
        '{"start": 0, "end": 1.0, "text": "a ball rolls"}]\n```'
    )
    done = caption(films[1], "--json", "--set", "head.prompt=events")
    assert done.code == 0, done.err
    events = json.loads(done.out)["events"]
    assert [(event["start"], event["end"], event["text"]) for event in events] == [
        (0.0, 1.0, "a ball rolls"),
        (1.0, 2.0, "a ball stops"),
    ]
    assert "It lasts 2.0 seconds" in server.requests[0][1]["messages"][0]["content"][-1]["text"]
    server.answer = lambda body: '[{"start": 0, "end": 99, "text": "a ball rolls"}]'
    assert "not inside a clip of 2.0 s" in caption(films[1], "--set", "head.prompt=events").err


def test_examples_and_what_is_said(
    caption: Any, server: SimpleNamespace, films: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "b.srt").write_text(
        "1\n00:00:00,000 --> 00:00:01,000\nHello there\n\n2\n00:00:09,000 --> 00:00:10,000\nlate\n"
    )
    done = caption(
        *films[:2], "--set", f"head.transcripts={tmp_path}", "--set", "head.examples=['a man is cooking']"
    )
    assert done.code == 0, done.err
    texts = [body["messages"][0]["content"][-1]["text"] for _, body in server.requests]
    assert all("- a man is cooking" in text for text in texts)
    assert [text for text in texts if 'What is said in the video: "Hello there"' in text] == texts[1:]


def test_an_address_without_a_model_is_refused(vidcap: Any, films: list[Path]) -> None:
    done = vidcap("caption", films[0], "--model", "http://127.0.0.1:9/v1")
    assert done.code == 2
    assert "an address without a model" in done.err


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("head.timeout=-1", "timeout must be at least 0.001"),
        ("head.timeout=0", "timeout must be at least 0.001"),
        ("head.timeout=1e30", "at most 86400 seconds"),
        ("head.retries=-1", "retries must be at least 0"),
        ("head.pause=-1", "pause must be at least 0"),
        ("head.extra={'messages': []}", "may not have the key 'messages'"),
        ("head.extra={1: 2}", "head.extra"),
        ("head.extra={'x': {1, 2}}", "head.extra cannot be sent as JSON"),
        ("head.script=''", "head.script='' is no script"),
        ("head.script=KLINGON", "one of ADLAM, ARABIC"),
        ("head.script=latin", None),
        ("head.sentences=0", "sentences must be at least 1"),
        ("head.sentences=-1", "sentences must be at least 1"),
        ("head.url='http://[::1'", "is no address of a server"),
        ("head.url='http://'", "is no address of a server"),
        ("head.url='http://a:b/v1'", "is no address of a server"),
        ("head.url='http://a b/v1'", "is no address of a server"),
        ("head.url='http://user:SECRET@127.0.0.1/v1'", "VIDCAP_ENDPOINT_KEY"),
        ("head.url='http://127.0.0.1/v1?api_key=SECRET'", "VIDCAP_ENDPOINT_KEY"),
        ("head.transcripts=''", "there is no folder"),
        ("head.transcripts='.'", "holds no .txt, .srt, .vtt"),
    ],
)
def test_settings_that_cannot_work_are_one_line(
    caption: Any,
    films: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    line: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = caption(films[0], "--set", change)
    assert done.code == (0 if line is None else 2), done.err
    assert line is None or line in " ".join(done.err.split())
    assert "SECRET" not in done.err


@pytest.mark.parametrize(
    "name",
    ["http://user:SECRET@127.0.0.1/v1#m", "http://127.0.0.1/v1?key=SECRET#m", "http://me:SECRET@host/v1"],
)
def test_an_address_with_a_secret_is_refused_unseen(
    vidcap: Any, films: list[Path], tmp_path: Path, name: str
) -> None:
    done = vidcap("caption", films[0], "--model", name, "--out", tmp_path / "out")
    assert done.code == 2
    assert "VIDCAP_ENDPOINT_KEY" in done.err
    assert "SECRET" not in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("h\u00e9llo".encode("utf-16"), 'What is said in the video: "h\u00e9llo"'),
        (b"\x00\x01\xfe\xff", None),
        (b"h\xe9llo", None),
        (b"see <image> and <|image_pad|> a < b > c", '"see and a < b > c"'),
    ],
)
def test_transcripts_of_any_bytes(
    caption: Any, server: SimpleNamespace, films: list[Path], tmp_path: Path, said: bytes, line: str | None
) -> None:
    (tmp_path / "a.txt").write_bytes(said)
    done = caption(films[0], "--set", f"head.transcripts={tmp_path}")
    if line is None:
        assert "is no text in UTF-8" in done.err
    else:
        assert line in server.requests[0][1]["messages"][0]["content"][-1]["text"]
