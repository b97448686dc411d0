"""The REST interface of a started server: what it does, and what it refuses."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'serve'")

from odd_films import flat
from serve.conftest import TESTS, Server, form, parts_installed

import vidcap_core
from vidcap_core.serve.upload import public_name

LIMITS = ("--max-size", "1", "--max-duration", "8", "--queue", "1", "--timeout", "60")


@pytest.fixture(scope="module")
def server(served_run: Path, second_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server([served_run, second_run], tmp_path_factory.mktemp("server"), *LIMITS)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def done(server: Server, toy_clip: Path) -> Any:
    """A captioned clip."""
    return server.wait(server.send(toy_clip.read_bytes(), "my clip.mp4"))


def problem(answer: Any, status: int) -> Any:
    """What is wrong, of an answer that must have both parts and no third."""
    assert answer.status == status, answer.body
    assert set(answer.json) == {"what", "hint"}
    assert all(answer.json.values())
    return answer.json["what"]


def test_a_video_gets_the_caption_that_python_gives(
    done: Any, served_run: Path, toy_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(TESTS))
    with parts_installed():
        wanted = vidcap_core.load(served_run, device="cpu")(toy_clip)
    assert done["state"] == "done"
    assert done["progress"] == 1
    assert (done["name"], done["model"]) == ("my clip.mp4", "first")
    assert done["caption"]["text"] == wanted.text
    assert [(e["start"], e["end"]) for e in done["caption"]["events"]] == [
        (0, pytest.approx(wanted.clip.duration))
    ]


def test_captions_as_files(server: Server, done: Any) -> None:
    text, path = done["caption"]["text"], f"/api/captions/{done['id']}"
    files = {kind: server.ask("GET", f"{path}/{kind}") for kind in ("srt", "vtt", "json")}
    assert {kind: file.headers["Content-Type"] for kind, file in files.items()} == {
        "srt": "application/x-subrip; charset=utf-8",
        "vtt": "text/vtt; charset=utf-8",
        "json": "application/json",
    }
    assert files["srt"].headers["Content-Disposition"].startswith('attachment; filename="my clip.srt"')
    assert files["srt"].body.decode().startswith("1\n00:00:00,000 --> 00:00:0")
    assert files["vtt"].body.decode().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:0")
    for kind in ("srt", "vtt"):
        lines = files[kind].body.decode().splitlines()
        assert " ".join(lines[lines.index("") + 2 if kind == "vtt" else 2 :]).split() == text.split()
    data = files["json"].json
    assert (data["text"], data["id"]) == (text, "my clip.mp4")
    assert len(data["events"][0]["words"]["log_probs"]) >= len(text.split())


def test_what_the_page_draws(server: Server, done: Any) -> None:
    heavy = server.ask("GET", f"/api/captions/{done['id']}/drawing").json["heavy"]
    assert {panel["kind"] for panel in heavy["panels"]} == {"timeline", "frame_attention"}
    assert len(heavy["film"]["images"]) == 8


def test_a_caption_for_each_stretch_by_the_model_that_is_asked(server: Server, toy_clip: Path) -> None:
    said = server.wait(server.send(toy_clip.read_bytes(), model="second", every="2"))
    assert said["model"] == "second"
    assert [event["start"] for event in said["caption"]["events"]] == [0, 2]


def test_models_and_limits(server: Server) -> None:
    told = server.ask("GET", "/api/models").json
    assert told["models"] == [{"name": name, "reads": ["frames"]} for name in ("first", "second")]
    assert told["limits"] == {"megabytes": 1, "seconds": 8, "waiting": 1, "keep_seconds": 1800}


def test_openapi_describes_every_route_and_what_it_may_answer(server: Server) -> None:
    told = server.ask("GET", "/openapi.json").json
    routes = {(method, path): way for path, ways in told["paths"].items() for method, way in ways.items()}
    assert set(routes) == {
        ("get", "/api/models"),
        ("post", "/api/captions"),
        ("get", "/api/captions/{id}"),
        ("delete", "/api/captions/{id}"),
        ("get", "/api/captions/{id}/drawing"),
        ("get", "/api/captions/{id}/words"),
        ("get", "/api/captions/{id}/{kind}"),
    }
    post = routes["post", "/api/captions"]
    assert {"202", "403", "408", "413", "415", "422", "503"} <= set(post["responses"])
    fields = post["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert set(fields) == {"video", "model", "every"}
    assert "Retry-After" in post["responses"]["503"]["headers"]
    for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(told)):
        assert name in told["components"]["schemas"]


NO_VIDEO = {
    "a text file": b"just words, whatever the name says\n" * 50,
    "a PNG image": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "a playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n",
    "empty": b"",
    "an audio file or an image": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(200),
    "cannot be read as a video": b"\x00\x00\x00\x18ftypisom" + b"and then nothing that a decoder knows" * 50,
}


@pytest.mark.parametrize("reason", NO_VIDEO)
def test_what_is_no_video_is_refused_whatever_it_is_called(server: Server, reason: str) -> None:
    assert reason in problem(server.send(NO_VIDEO[reason], "holiday.mp4"), 415)


def test_too_large(server: Server, toy_clip: Path) -> None:
    assert "1 MB" in problem(server.send(toy_clip.read_bytes() + bytes(1_100_000)), 413)


def test_too_large_and_not_telling_so(server: Server, toy_clip: Path) -> None:
    body, kind = form(toy_clip.read_bytes() + bytes(3_000_000), "clip.mp4")
    chunks = (body[at : at + 50_000] for at in range(0, len(body), 50_000))
    try:
        answer = server.ask(
            "POST", "/api/captions", chunks, {"Content-Type": kind, "Transfer-Encoding": "chunked"}
        )
    except ConnectionError:  # it hung up on us before we were done, which is as good
        return
    assert "1 MB" in problem(answer, 413)


def test_pictures_that_would_be_too_large(server: Server, tmp_path: Path) -> None:
    what = problem(server.send(flat(tmp_path / "strip.mp4", (8, 16000)).read_bytes(), "strip.mp4"), 422)
    assert what.startswith(
        "strip.mp4: its pictures are 8 x 16000, and with a short side of 224 they would be"
    )


def test_too_long(server: Server, clip_of: Callable[..., bytes]) -> None:
    what = problem(server.send(clip_of("green", 9), "long.mp4"), 422)
    assert what == "long.mp4 lasts 9 s; at most 8 s are captioned here"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model": "third"}, "no model 'third'"),
        ({"every": "0.01"}, "every=0.01"),
        ({"every": "nan"}, "every=nan"),
    ],
)
def test_wrong_fields(server: Server, toy_clip: Path, fields: dict[str, str], said: str) -> None:
    assert said in problem(server.send(toy_clip.read_bytes(), **fields), 422)


def test_a_body_that_is_no_form_or_lacks_the_video(server: Server, toy_clip: Path) -> None:
    assert "form" in problem(server.ask("POST", "/api/captions", b"x", {"Content-Type": "video/mp4"}), 415)
    body, kind = form(b"x", "x.mp4")
    answer = server.ask("POST", "/api/captions", body.replace(b'"video"', b'"movie"'), {"Content-Type": kind})
    assert "no file named 'video'" in problem(answer, 422)
    answer = server.ask("POST", "/api/captions", b"torn", {"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status in (400, 422)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "a b"]
)
@pytest.mark.parametrize("path", ["/", "/api/models"])
def test_a_foreign_name_is_refused(server: Server, host: str, path: str) -> None:
    problem(server.ask("GET", path, headers={"Host": host}), 421)


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST"])
def test_our_own_names_are_not(server: Server, host: str) -> None:
    assert server.ask("GET", "/api/models", headers={"Host": host.format(port=server.port)}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_can_neither_upload_nor_delete(
    server: Server, toy_clip: Path, done: Any, headers: dict[str, str]
) -> None:
    problem(server.send(toy_clip.read_bytes(), headers=headers), 403)
    problem(server.ask("DELETE", f"/api/captions/{done['id']}", headers=headers), 403)
    assert server.ask("GET", f"/api/captions/{done['id']}").status == 200


def test_every_answer_carries_the_policy(server: Server, done: Any) -> None:
    for path in ("/", "/static/serve.js", "/api/models", "/nowhere", f"/api/captions/{done['id']}/vtt"):
        headers = server.ask("GET", path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../../etc/passwd",
        "/static/..%2f..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/static/serve.html",
        "/static/%2e%2e/app.py",
        "/api/captions/..%2f..%2f..%2fetc%2fpasswd/json",
        "/api/captions/x/../../../etc/passwd",
        "/docs",
        "/redoc",
        "/api/captions/x",
        "/api/captions/x/exe",
        "/static/",
        "/.held",
    ],
)
def test_nothing_else_can_be_read(server: Server, path: str) -> None:
    problem(server.ask("GET", path), 404)


def test_wrong_methods(server: Server) -> None:
    problem(server.ask("PUT", "/api/captions", b"x"), 405)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../../../etc/passwd.mp4", "passwd.mp4"),
        ("C:\\Users\\me\\clip.mp4", "clip.mp4"),
        ("a\x00\r\nb.mp4", "ab.mp4"),
        ("x" * 500 + ".mp4", "x" * 120 + ".mp4"),
        ("", "video"),
        (None, "video"),
        ("..", "video"),
    ],
)
def test_names_of_files_are_cut_to_what_may_be_shown(given: str | None, shown: str) -> None:
    assert public_name(given) == shown


def test_names_of_files_are_only_shown(server: Server, toy_clip: Path) -> None:
    said = server.wait(server.send(toy_clip.read_bytes(), "../../etc/日本 & <b>.mp4"))
    assert said["name"] == "日本 & <b>.mp4"
    file = server.ask("GET", f"/api/captions/{said['id']}/srt")
    assert "filename*=UTF-8''%E6%97%A5%E6%9C%AC%20%26%20%3Cb%3E.srt" in file.headers["Content-Disposition"]


def test_an_upload_is_gone_when_it_is_captioned(server: Server, done: Any) -> None:
    assert done["state"] == "done"
    assert server.uploads() == []


def test_no_answer_names_a_folder_of_the_server(server: Server, served_run: Path) -> None:
    """Over these refusals, and over all that the tests before it were told in this process."""
    for path in ("/nowhere", "/api/captions/none", "/api/captions/none/srt", "/api/captions/none/clip"):
        server.ask("GET", path)
    for content in (b"", b"not a video", b"\x00\x00\x00\x18ftypmp42" + bytes(64)):
        server.send(content)
    folders = {
        str(server.temporary),
        str(served_run.parent),
        str(Path.home()),
        sys.prefix,
        str(TESTS.parent),
        "/tmp",
    }
    assert len(server.told) >= 7
    for told in server.told:
        for folder in folders:
            assert folder.encode() not in told


def test_a_result_can_be_forgotten(server: Server, toy_clip: Path) -> None:
    path = f"/api/captions/{server.wait(server.send(toy_clip.read_bytes()))['id']}"
    assert server.ask("DELETE", path).status == 204
    problem(server.ask("GET", path), 404)
    problem(server.ask("GET", f"{path}/srt"), 404)
