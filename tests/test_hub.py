"""Push and pull against a stand-in server, in real processes, and what is said when there is no network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import Hub

from vidcap_core import bundle
from vidcap_core.config import Config
from vidcap_core.engine import api
from vidcap_core.engine.export import export
from vidcap_core.testing import tiny


def vidcap(*words: str, endpoint: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_TOKEN": "hf_test",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
    }
    environment.pop("HF_HUB_OFFLINE", None)
    return subprocess.run([sys.executable, "-m", "vidcap_core.cli.main", *words], capture_output=True, text=True,
                          env=environment, timeout=120)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    api.train(Config("test", tiny.config()), work_dir=folder / "run", device="cpu", quiet=True)
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

    code = "import vidcap_core.bundle as b; print(b.find('someone/my-captioner').path)"
    environment = {**os.environ, "HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_test", "HF_HOME": str(tmp_path / "home"),
                   "VIDCAP_CACHE": str(tmp_path / "cache")}  # fmt: skip
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
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
