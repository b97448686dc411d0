"""`vidcap serve --model FOLDER`: a real server with a tiny model, asked over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytestmark = pytest.mark.slow
STARTS_WITHIN, ANSWERS_WITHIN = 300, 120


def ask(request: str | urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


def upload(url: str, film: Path) -> Any:
    line = uuid.uuid4().hex
    head = f'--{line}\r\nContent-Disposition: form-data; name="video"; filename="{film.name}"\r\n\r\n'
    body = head.encode() + film.read_bytes() + f"\r\n--{line}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={line}"}
    return ask(urllib.request.Request(f"{url}/api/captions", body, kind, method="POST"))


def test_a_page_captions_with_a_folder_of_transformers(
    smolvlm: str, films: list[Path], load: Any, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    changes = ["head.script=None", "generate.max_length=12"]
    words = ["serve", "--model", smolvlm, "--port", str(port), "--device", "cpu"]
    words += [word for change in changes for word in ("--set", change)]
    log = tmp_path / "log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "vidcap_core.cli.main", *words]
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + STARTS_WITHIN
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            try:
                (model,) = ask(f"{url}/api/models")["models"]
                break
            except OSError:
                time.sleep(1)
        assert model["name"] == Path(smolvlm).name
        job = upload(url, films[0])
        until = time.monotonic() + ANSWERS_WITHIN
        while (state := ask(f"{url}/api/captions/{job['id']}"))["state"] not in ("done", "failed"):
            assert time.monotonic() < until, state
            time.sleep(0.5)
        assert state["caption"]["text"] == load(smolvlm, changes=changes)(films[0]).text
    finally:
        process.terminate()
        process.wait(30)
