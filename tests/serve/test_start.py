"""How `vidcap serve` starts, and what keeps it from starting."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'serve'")

from serve.conftest import Server

from vidcap_core.cli import serve
from vidcap_core.errors import UserError
from vidcap_core.saved import load
from vidcap_core.serve.server import _listen, _only_here, _url
from vidcap_core.serve.settings import public_names
from vidcap_core.serve.sniff import container
from vidcap_core.zoo import catalogue, plugins


def command(*arguments: str, cwd: Path) -> Any:
    line = [sys.executable, "-m", "vidcap_core.cli.main", "serve", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, cwd=cwd)


def test_without_its_packages_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['fastapi'] = sys.modules['uvicorn'] = None\n"
        "from vidcap_core.cli.main import main; sys.exit(main(['serve', '--model', 'x']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "vidcap serve needs fastapi and uvicorn, which are not installed" in done.stderr
    assert "try: pip install 'vidcap-core[serve]'" in done.stderr


def test_no_other_command_imports_them() -> None:
    code = "import sys, vidcap_core.cli.main as m; m.build_parser('serve'); m.build_parser('caption')\n"
    code += "sys.exit(bool({'fastapi', 'starlette', 'uvicorn', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    done = command("--model", "nowhere", "--port", "0", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no bundle, run or model 'nowhere'" in done.stderr
    assert "a name of `vidcap list models`" in done.stderr
    assert "Traceback" not in done.stderr


def test_models_may_do_without_a_stream(served_run: Path, toy_clip: Path, tmp_path: Path) -> None:
    server = Server([served_run], tmp_path, "--without", "motion")
    said = server.wait(server.send(toy_clip.read_bytes()))
    server.stop()
    assert said["caption"]["streams"] == ["image"]


def shipping(folder: Path, name: str, card: str) -> plugins.Plugin:
    """A plugin with a model `small`, and one more line in its card."""
    (folder / name / "bundles" / "small").mkdir(parents=True)
    (folder / name / "bundles" / "small" / "bundle.json").write_text("{}")
    whole = f"name: {name}\ntitle: X\nsummary: It captions.\nlicence: MIT\n{card}"
    (folder / name / "card.yaml").write_text(whole)
    return plugins.Plugin(name, f"vidcap-plugin-{name}", "1", card=folder / name / "card.yaml")


def test_without_a_model_those_installed_are_served_the_default_one_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cards = {"a_plugin": "", "odd": "limits: 3", "tiny": "default: small", "wrong": "default: large"}
    there = {name: shipping(tmp_path, name, card) for name, card in cards.items()}
    monkeypatch.setattr(catalogue, "discover", lambda: there)
    assert serve._installed() == ["tiny", "a_plugin", "odd", "wrong"]
    assert load.default_model() == "tiny"
    there["other"] = shipping(tmp_path, "other", "default: small")
    with pytest.raises(
        UserError, match=r"several plugins bring a default one: tiny, other\n  try: --model tiny"
    ):
        load.default_model()
    there.clear()
    with pytest.raises(UserError, match=r"no model is installed\n  try: --model MODEL, or pip install"):
        serve._installed()
    with pytest.raises(UserError, match=r"default model is not installed\n  try: pip install"):
        load.default_model()


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = command("--model", "x", "--port", str(other.getsockname()[1]), cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot listen at 127.0.0.1" in done.stderr
    assert "--port 0 takes a free one" in done.stderr


def test_limits_that_make_no_sense(tmp_path: Path) -> None:
    done = command("--model", "x", "--max-size", "0", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "error: --max-size must be at least 1\n")


def test_another_host_is_warned_of_and_the_default_is_not(tmp_path: Path) -> None:
    done = command("--model", "nowhere", "--port", "0", "--host", "0.0.0.0", cwd=tmp_path)
    assert "warning: 0.0.0.0 can be reached from other machines" in done.stderr
    for host, only_here in (("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)):
        with _listen(host, 0) as listening:
            assert _only_here(listening) is only_here
            assert _url(listening, host).startswith(
                "http://localhost:" if host != "127.0.0.1" else "http://127.0.0.1:"
            )


def test_names_of_models_hide_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("a/model", "b/model"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    given = [str(tmp_path / "a/model"), "b/model", "srvc_la/toy", "srvc_la/toy", "../x", "a/model/."]
    names = public_names(given)
    assert list(names) == ["model", "model (2)", "srvc_la/toy", "x", "model (3)"]
    assert names["model"] == given[0]


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"\0\0\0\x18ftypmp42", ".mp4"),
        (b"\x1a\x45\xdf\xa3", ".mkv"),
        (b"RIFF\0\0\0\0AVI LIST", ".avi"),
        ((b"\x47" + bytes(187)) * 3, ".ts"),
        (b"\0\0\1\xba", ".mpg"),
        (b"FLV\x01", ".flv"),
        (b"OggS", ".ogv"),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"ffconcat version 1.0", None),
        (b"#EXTM3U", None),
        (b"ID3\4", None),
        (b"<?xml version='1.0'?><MPD>", None),
        (b"\x47" + bytes(600), None),
        (b"", None),
    ],
)
def test_containers_by_their_first_bytes(head: bytes, suffix: str | None) -> None:
    assert container(head) == suffix
