"""A real server: `transformers serve` with a tiny model, started here; it says the model's own words."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor
from transformers.utils.import_utils import is_serve_available
from vidcap_vlm.endpoint import Endpoint

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_serve_available(), reason="needs transformers[serving]"),
]
STARTS_WITHIN = 300


@pytest.fixture(scope="module")
def served(smolvlm: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the tiny SmolVLM."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("served") / "log"
    command = shutil.which("transformers") or str(Path(sys.executable).with_name("transformers"))
    words = [command, "serve", smolvlm, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    try:
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            assert process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
                break
            except OSError:
                time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def picture(part: dict[str, Any]) -> Image.Image:
    """The picture of a data URL."""
    data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_files_get_the_words_of_the_models_own_generate(
    served: str, vidcap: Any, smolvlm: str, films: list[Path], load: Any
) -> None:
    settings = ("--set", "head.script=None", "--set", "head.frames=2", "--set", "generate.max_length=8")
    done = vidcap(
        "caption",
        *films,
        "--model",
        f"{served}#{smolvlm}",
        "--json",
        *settings,
        "--set",
        "head.sentences=None",
    )
    assert done.code == 0, done.err
    said = [json.loads(line)["text"] for line in done.out.splitlines()]
    model, processor = (
        AutoModelForImageTextToText.from_pretrained(smolvlm),
        AutoProcessor.from_pretrained(smolvlm),
    )
    captioner = load(f"{served}#{smolvlm}", changes=["head.frames=2"])
    head = captioner.captioner.head
    assert isinstance(head, Endpoint)
    for film, text in zip(films, said, strict=True):
        (message,) = captioner.reader.read(film).__next__().prepared["messages"]
        content = [
            {"type": "image", "image": picture(part)} if part["type"] == "image_url" else part
            for part in message["content"]
        ]
        inputs = processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
        made = model.eval().generate(**inputs, do_sample=False, max_new_tokens=8)
        own = processor.tokenizer.decode(made[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        assert text == head.tidy(own, whole=False)
