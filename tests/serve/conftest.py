"""A started server, a small trained run that it serves, and clips to send."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from report.conftest import browser as browser
from serve.parts import COLOURS

from vidcap_core.config.validate import load_recipe

TESTS = Path(__file__).resolve().parents[1]
INSTALLED = TESTS / "serve" / "installed"  # a plugin with the model's parts, to those who look there
SMALL = [
    *(f"data.{split}.size='small'" for split in ("train", "val", "test")),
    "phases.caption.epochs=3",
    "evaluate.metrics=['cider-d']",
    "evaluate.every=3",
    "generate.mode='greedy'",
    "head.type='serve_parts.Looking'",
    "extract.image.type='serve_parts.Breaking'",
]


class Answer:
    """A status, headers and a body."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """`vidcap serve` in a process of its own."""

    def __init__(self, models: list[Path], folder: Path, *options: str) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        self._log = folder / "log"
        command = [
            sys.executable,
            "-m",
            "vidcap_core.cli.main",
            "serve",
            "--port",
            "0",
            "--device",
            "cpu",
            *options,
        ]
        for model in models:
            command += ["--model", str(model)]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(TESTS), str(INSTALLED), os.environ.get("PYTHONPATH", "")]),
            "TMPDIR": str(self.temporary),
            "OMP_NUM_THREADS": "1",
        }
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, env=environment, cwd=folder)
        until(lambda: "captions at" in self.log or self.process.poll() is not None, 300)
        found = re.search(r"captions at http://([\d.]+):(\d+)/", self.log)
        assert found, self.log
        self.host, self.port = found[1], int(found[2])
        self.url = f"http://{self.host}:{self.port}/"
        self.told: list[bytes] = []

    @property
    def log(self) -> str:
        """What it said so far."""
        return self._log.read_text()

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """One request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(
                method, path, body, headers or {}, encode_chunked=not isinstance(body, (bytes, type(None)))
            )
            answer = Answer(connection.getresponse())
        self.told.append(answer.body + str(answer.headers).encode())
        return answer

    def send(
        self, content: bytes, name: str = "clip.mp4", headers: dict[str, str] | None = None, **fields: str
    ) -> Answer:
        """A form with a video."""
        body, kind = form(content, name, **fields)
        return self.ask("POST", "/api/captions", body, {"Content-Type": kind, **(headers or {})})

    def wait(self, answer: Answer, *states: str, seconds: float = 180) -> Any:
        """The status of a job when it is in one of these states."""
        assert answer.status == 202, answer.body
        path = answer.headers["Location"]
        wanted = states or ("done", "failed")
        until(lambda: self.ask("GET", path).json["state"] in wanted, seconds)
        return self.ask("GET", path).json

    def workers(self) -> list[int]:
        """Process ids of the captioning processes."""
        listed = Path(f"/proc/{self.process.pid}/task")
        children = {int(child) for task in listed.glob("*/children") for child in task.read_text().split()}
        return sorted(child for child in children if b"spawn_main" in command_line(child))

    def uploads(self) -> list[Path]:
        """Files in its scratch folder."""
        return [path for path in self.temporary.glob("vidcap-serve-*/*") if path.name != ".held"]

    def stop(self, how: int = signal.SIGTERM) -> int:
        """End it; its exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=30)


def form(content: bytes, name: str, **fields: str) -> tuple[bytes, str]:
    """A multipart body with a file named 'video', and its content type."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="video"; filename="{name}"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    )
    body = "".join(parts).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def command_line(process: int) -> bytes:
    """How a process was started; nothing where it has just ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def until(told: Callable[[], Any], seconds: float = 20) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


@contextlib.contextmanager
def parts_installed() -> Iterator[None]:
    """Meanwhile this process has the plugin too that the served model's parts come from."""
    from vidcap_core.zoo import plugins

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(INSTALLED))
        plugins.discover.cache_clear()
        yield
    plugins.discover.cache_clear()


@pytest.fixture(scope="session")
def served_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that captions toy clips badly, breaks over red ones and dawdles over green ones."""
    pytest.importorskip("fastapi", reason="needs the extra 'serve'")
    from vidcap_core.config.files import load_config
    from vidcap_core.engine import runs

    folder = tmp_path_factory.mktemp("served") / "first"
    with parts_installed():
        runs.train(load_config("core/toy", SMALL), work_dir=folder, device="cpu", quiet=True)
    return folder


@pytest.fixture(scope="session")
def second_run(served_run: Path) -> Path:
    """The same under another name."""
    return Path(shutil.copytree(served_run, served_run.with_name("second")))


@pytest.fixture(scope="session")
def toy_clip() -> Path:
    """A toy video."""

    path = load_recipe("core/toy", SMALL[:3]).data["val"].build().clips[0].path
    return Path(path)


@pytest.fixture(scope="session")
def clip_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Makes an mp4 of one colour."""
    import av
    import numpy as np

    folder = tmp_path_factory.mktemp("colours")

    def make(colour: str, seconds: float = 1.0) -> bytes:
        path = folder / f"{colour}-{seconds:g}.mp4"
        picture = np.full((64, 64, 3), COLOURS[colour], np.uint8)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=8, options={"threads": "1"})
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            for _ in range(round(8 * seconds)):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        return path.read_bytes()

    return make


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers, and ends those that still run."""
    started: list[Server] = []

    def starts(models: list[Path], *options: str) -> Server:
        started.append(Server(models, tmp_path / f"server-{len(started)}", *options))
        return started[-1]

    yield starts
    for server in started:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)
