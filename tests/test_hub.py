"""Push and pull against a stand-in server, in real processes, and what is said when there is no network."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hub_server import Hub

from vidcap_core.config.files import Config
from vidcap_core.engine import runs
from vidcap_core.errors import UserError
from vidcap_core.saved import bundle, load
from vidcap_core.saved.export import export
from vidcap_core.testing import tiny


def online() -> dict[str, str]:
    """This environment, without what another test's libraries may have switched off."""
    return {key: value for key, value in os.environ.items() if not key.endswith("_OFFLINE")}


def vidcap(*words: str, endpoint: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **online(),
        "HF_ENDPOINT": endpoint,
        "HF_TOKEN": "hf_test",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "vidcap_core.cli.main", *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    runs.train(Config("test", tiny.config()), work_dir=folder / "run", device="cpu", quiet=True)
    return export(folder / "run", folder / "bundle")


def test_a_bundle_travels_through_a_hub(made: Path, tmp_path: Path) -> None:
    hub = Hub()
    pushed = vidcap("push", str(made), "someone/my-captioner", endpoint=hub.address, home=tmp_path / "home")
    assert pushed.returncode == 0, pushed.stderr
    assert set(hub.models["someone/my-captioner"]) >= {"bundle.json", "weights.safetensors", "tokenizer.json"}
    pulled = vidcap(
        "pull",
        "someone/my-captioner",
        "-o",
        str(tmp_path / "got"),
        endpoint=hub.address,
        home=tmp_path / "home",
    )
    assert pulled.returncode == 0, pulled.stderr
    assert bundle.open_bundle(tmp_path / "got").index == bundle.open_bundle(made).index

    code = "import vidcap_core.saved.load as b; print(b.find_bundle('someone/my-captioner').path)"
    environment = {
        **online(),
        "HF_ENDPOINT": hub.address,
        "HF_TOKEN": "hf_test",
        "HF_HOME": str(tmp_path / "home"),
        "VIDCAP_CACHE": str(tmp_path / "cache"),
    }
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert found.stdout.strip() == str(tmp_path / "cache" / "bundles" / "someone--my-captioner")

    again = vidcap(
        "pull",
        "someone/my-captioner",
        "-o",
        str(tmp_path / "got"),
        endpoint=hub.address,
        home=tmp_path / "home",
    )
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_a_bundle_changed_on_the_hub_is_refused(made: Path, tmp_path: Path) -> None:
    hub = Hub()
    hub.models["a/b"] = {path.name: path.read_bytes() for path in made.iterdir()}
    hub.models["a/b"]["tokenizer.json"] += b" "
    pulled = vidcap("pull", "a/b", "-o", str(tmp_path / "got"), endpoint=hub.address, home=tmp_path / "home")
    assert pulled.returncode == 2
    assert "its sha256 differs" in pulled.stderr
    assert not (tmp_path / "got").exists()


def test_only_what_the_index_lists_is_taken(made: Path, tmp_path: Path) -> None:
    hub = Hub()
    files = {path.name: path.read_bytes() for path in made.iterdir() if path.name != "README.md"}
    strays = dict.fromkeys(("README.md", ".gitattributes", "config.py", "other.json"), b"open('ran', 'w')")
    hub.models["a/b"] = {**files, **strays}
    pulled = vidcap("pull", "a/b", "-o", str(tmp_path / "got"), endpoint=hub.address, home=tmp_path / "home")
    assert pulled.returncode == 0, pulled.stderr
    assert {path.name for path in (tmp_path / "got").iterdir()} == set(files) == hub.asked
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def hostile(made: Path) -> Iterator[tuple[str, dict[str, bytes], str]]:
    """What a stranger may have pushed, and why it is refused."""
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    index = json.loads(files["bundle.json"])

    def changed(**keys: Any) -> dict[str, bytes]:
        return {**files, "bundle.json": json.dumps({**index, **keys}).encode(), "../outside.json": b"{}"}

    head = {"type": "subprocess:Popen", "args": ["touch", "ran"]}
    outside = {**index["files"], "../outside.json": hashlib.sha256(b"{}").hexdigest()}
    yield "a/run", {"config.json": b"{}", "weights.safetensors": b"much"}, "it has no bundle.json"
    yield "a/head", changed(config={**index["config"], "head": head}), "'subprocess:Popen'"
    yield "a/path", changed(files=outside), "'../outside.json', which is not the name"
    yield "a/none", changed(files={**index["files"], "more.json": "0"}), "it has no more.json"


def test_a_strangers_bundle_is_refused_before_its_weights_are_asked_for(made: Path, tmp_path: Path) -> None:
    hub = Hub()
    for name, files, reason in hostile(made):
        hub.models[name] = files
        hub.asked.clear()
        pulled = vidcap(
            "pull", name, "-o", str(tmp_path / "in" / "got"), endpoint=hub.address, home=tmp_path / "home"
        )
        assert pulled.returncode == 2, pulled.stderr
        assert reason in pulled.stderr
        assert name in pulled.stderr
        assert hub.asked <= {"bundle.json"}
        assert list((tmp_path / "in").iterdir()) == []


def test_a_pull_that_is_killed_leaves_nothing_that_is_taken_for_a_bundle(made: Path, tmp_path: Path) -> None:
    hub = Hub()
    big = bytes(300_000_000)  # so much that a copy into place takes its time
    index = json.loads((made / "bundle.json").read_text())
    index["files"]["zeros.json"] = hashlib.sha256(big).hexdigest()
    hub.models["a/b"] = {path.name: path.read_bytes() for path in made.iterdir()}
    hub.models["a/b"] |= {"bundle.json": json.dumps(index).encode(), "zeros.json": big}
    environment = {
        **online(),
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "VIDCAP_CACHE": str(tmp_path / "cache"),
    }
    code = "import sys, vidcap_core.saved.load as b; print(b.find_bundle('a/b').path)"
    place = tmp_path / "cache" / "bundles" / "a--b"
    for seen in (lambda: "weights.safetensors" in hub.asked, place.exists):
        pulling = subprocess.Popen([sys.executable, "-c", code], env=environment)
        while not seen():
            assert pulling.poll() is None
        pulling.kill()
        pulling.wait()
        assert not place.exists() or bundle.open_bundle(place).index == index
    again = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert again.stdout.strip() == str(place)
    assert bundle.open_bundle(place).index == index
    assert [path.name for path in place.parent.iterdir() if path.suffix == ".part"] == []


def test_a_folder_in_the_cache_without_an_index_is_pulled_again(made: Path, tmp_path: Path) -> None:
    hub = Hub()
    hub.models["a/b"] = {path.name: path.read_bytes() for path in made.iterdir()}
    half = tmp_path / "cache" / "bundles" / "a--b"
    half.mkdir(parents=True)
    (half / "tokenizer.json").write_text("{")
    code = "import vidcap_core.saved.load as b; b.find_bundle('a/b')"
    environment = {
        **online(),
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(tmp_path / "home"),
        "VIDCAP_CACHE": str(tmp_path / "cache"),
    }
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert bundle.open_bundle(half).index == bundle.open_bundle(made).index


@pytest.mark.parametrize(
    ("hub_id", "reason"), [("a/nothing", "has no such model"), ("not an id", "is no hub id")]
)
def test_what_is_not_there_is_said_in_a_line(hub_id: str, reason: str, tmp_path: Path) -> None:
    done = vidcap("pull", hub_id, "-o", str(tmp_path / "got"), endpoint=Hub().address, home=tmp_path / "home")
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_network(made: Path, tmp_path: Path) -> None:
    for words in (("pull", "a/b", "-o", str(tmp_path / "got")), ("push", str(made), "a/b")):
        done = vidcap(*words, endpoint="http://127.0.0.1:9", home=tmp_path / "home")
        assert done.returncode == 2, done.stderr
        assert "cannot be reached" in done.stderr
        assert "Traceback" not in done.stderr


ODD: dict[str, tuple[str, bytes]] = {
    "no JSON": ("application/json", b"<html>a page of a hotel's network</html>"),
    "a list": ("application/json", b"[]"),
    "nothing": ("application/json", b""),
    "a text": ("application/json", b'"model"'),
    "deep": ("application/json", b"[" * 100_000 + b"]" * 100_000),
    "files that are numbers": ("application/json", b'{"id": "a/b", "sha": "0", "siblings": [1, 2]}'),
    "files without names": ("application/json", b'{"id": "a/b", "sha": "0", "siblings": [{}]}'),
    "no files": ("application/json", b'{"id": "a/b", "sha": "0"}'),
    "no state": ("application/json", b'{"id": "a/b", "siblings": [{"rfilename": "bundle.json"}]}'),
    "bytes": ("application/json", b"\xff\xfe"),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_hub_that_answers_oddly(odd: str, tmp_path: Path) -> None:
    kind, content = ODD[odd]

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        done = vidcap("pull", "a/b", "-o", str(tmp_path / "got"), endpoint=endpoint, home=tmp_path / "home")
        server.shutdown()
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert "internal error" not in done.stderr
    assert not (tmp_path / "got").exists()


INDEXES = {
    "a list": b"[]",
    "no JSON": b"{",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "a number of 5000 digits": b'{"format": ' + b"9" * 5000 + b"}",
    "no text": b"\xff\xfe",
    "empty": b"",
    "a file that is not there": b'{"format": 1, "config": {"head": {"type": "MeanPoolGRU"}}, "files": '
    b'{"weights.safetensors": "0", "tokenizer.json": "0", "gone.json": "0"}}',
    "a name that is too long": b'{"format": 1, "config": {"head": {"type": "MeanPoolGRU"}}, "files": '
    b'{"weights.safetensors": "0", "tokenizer.json": "0", "' + b"x" * 300 + b'.json": "0"}}',
}


@pytest.mark.parametrize("index", INDEXES)
def test_a_repository_with_an_odd_index(index: str, tmp_path: Path) -> None:
    hub = Hub()
    hub.models["a/b"] = {"bundle.json": INDEXES[index], "weights.safetensors": b"x", "tokenizer.json": b"{}"}
    done = vidcap("pull", "a/b", "-o", str(tmp_path / "got"), endpoint=hub.address, home=tmp_path / "home")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert "internal error" not in done.stderr
    assert not (tmp_path / "got").exists()


def test_without_a_network_the_answer_comes_once_and_soon(tmp_path: Path) -> None:
    start = time.monotonic()
    done = vidcap(
        "caption", __file__, "--model", "hf:a/b", endpoint="http://127.0.0.1:9", home=tmp_path / "home"
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") <= 7, done.stderr
    assert "127.0.0.1:9 is out of reach" in done.stderr
    assert time.monotonic() - start < 60, "imports alone take most of this on a busy machine"


@pytest.mark.parametrize("name", ["runs/core-toy", "here/gone", "./gone/model"])
def test_a_missing_local_path_is_not_asked_for_at_the_hub(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here" / "gome").mkdir(parents=True)
    monkeypatch.setattr("vidcap_core.saved.hub.cached", lambda name: pytest.fail("the hub was asked"))
    with pytest.raises(UserError, match=f"there is no bundle, run or model '{name}'") as refused:
        load.find_bundle(name)
    assert "hf:OWNER/NAME" in str(refused.value.hint)
    assert ("did you mean 'here/gome'?" in refused.value.message) == (name == "here/gone")


@pytest.mark.parametrize("name", ["hf:someone/model", "someone/model"])
def test_a_hub_id_is_asked_for_and_a_bare_one_says_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIDCAP_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "bundles" / "someone--model"
    folder.mkdir(parents=True)
    (folder / "bundle.json").write_text("{}")
    with pytest.raises(UserError, match="someone--model has another bundle format"):
        load.find_bundle(name)
    assert ("it is the model hf:someone/model" in capsys.readouterr().err) == (name == "someone/model")


def test_pull_and_push_take_the_prefix(made: Path, tmp_path: Path) -> None:
    hub = Hub()
    pushed = vidcap("push", str(made), "hf:a/b", endpoint=hub.address, home=tmp_path / "home")
    assert pushed.returncode == 0, pushed.stderr
    assert b"pipeline_tag: video-to-text" in hub.models["a/b"]["README.md"]
    pulled = vidcap(
        "pull", "hf:a/b", "-o", str(tmp_path / "got"), endpoint=hub.address, home=tmp_path / "home"
    )
    assert pulled.returncode == 0, pulled.stderr
