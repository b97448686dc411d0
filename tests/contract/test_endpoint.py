"""A head that writes texts: a real server answers, and captions come out in every format."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import make

import vidcap_core
from vidcap_core.cli.main import main
from vidcap_core.errors import UserError


@pytest.fixture(scope="module")
def asked() -> list[dict[str, Any]]:
    return []


@pytest.fixture(scope="module")
def url(asked: list[dict[str, Any]]) -> Iterator[str]:
    """A server that says what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(question)
            begin = f"{question['prompt']} " if question["prompt"] else ""
            red = "red" if question["colour"][0] > 100 else "dark"
            body = json.dumps(
                {"texts": [f"{begin}a {red} clip & <b>{i}</b>" for i in range(question["n"])]}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def config(url: str, tmp_path: Path) -> str:
    path = tmp_path / "endpoint.py"
    path.write_text(
        "data = dict(train=dict(type='vidcap_core.testing.tiny:TinyClips'))\n"
        f"head = dict(type='endpoint_parts:Endpoint', url={url!r})\ntokenizer = dict(type='TextOnly')\n"
        "losses = {}\nphases = {}\nevaluate = dict(split='train')\n"
    )
    return str(path)


@pytest.fixture
def films(tmp_path: Path) -> list[str]:
    def red(index: int) -> np.ndarray:
        return np.full((48, 64, 3), (200, 10, 10), np.uint8)

    def dark(index: int) -> np.ndarray:
        return np.full((48, 64, 3), 10, np.uint8)

    return [str(make(tmp_path / "red.mp4", 20, red)), str(make(tmp_path / "dark.mp4", 20, dark))]


def test_texts_come_from_the_server(config: str, films: list[str], asked: list[dict[str, Any]]) -> None:
    asked.clear()
    captioner = vidcap_core.load(config, device="cpu")
    red, dark = captioner(films)
    assert (red.text, dark.text) == ("a red clip & <b>0</b>", "a dark clip & <b>0</b>")
    assert sorted(question["path"] for question in asked) == sorted(films)
    length = red.clip.span[1]
    assert asked[0]["times"] == pytest.approx([length / 4, 3 * length / 4])
    assert red.extras["words"][0]["tokens"] == ["a", "red", "clip", "&", "<b>0</b>"]
    assert "<b>0</b>" not in red._repr_html_()  # escaped


def test_settings_that_the_head_heeds_reach_it(config: str, films: list[str]) -> None:
    captioner = vidcap_core.load(config, device="cpu")
    more = captioner.with_decoding(sample=True, n_best=3, prompt="say:")
    shown = more(films[0])
    assert shown.text == "say: a red clip & <b>0</b>"
    assert shown.extras["n_best"] == [["say: a red clip & <b>1</b>", "say: a red clip & <b>2</b>"]]
    with pytest.raises(UserError, match=r"generate\.mode='beam': Endpoint"):
        captioner.with_decoding(beam=4)


@pytest.mark.parametrize("kind", ["text", "jsonl", "srt", "vtt", "html", "json"])
def test_every_format_has_the_text(kind: str, config: str, films: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["caption", *films, "--model", config, "--format", kind, "--out", str(out)]) == 0
    written = "".join(file.read_text() for file in out.rglob("*") if file.is_file())
    assert "red clip" in written


def test_spans_of_a_long_file(config: str, films: list[str], asked: list[dict[str, Any]]) -> None:
    asked.clear()
    captioner = vidcap_core.load(config, device="cpu")
    shown = captioner(films[0], every=0.5)
    assert len(shown.events) == len(asked) >= 2
    assert asked[1]["times"] == pytest.approx([0.625, 0.875])
