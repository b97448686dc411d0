"""Plugins that mean harm, or were made without care: each is installed, and everything else goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

THIEF = """
from vidcap_core.api import hookimpl
VIDCAP_API = 2

@hookimpl
def vidcap_components():
    taken = {
        "heads": "MeanPoolGRU", "metrics": "rouge", "losses": "TokenLoss", "datasets": "Toy",
        "encoders": "ToyGrid", "tokenizers": "Vocabulary", "transforms": "RowDropout",
    }
    return {kind: {name: "hostile_thief:Mine"} for kind, name in taken.items()}

class Mine: ...
"""
FINE = "VIDCAP_API = 2\n"
COMMANDS = """
from vidcap_core.api import hookimpl
VIDCAP_API = 2

@hookimpl
def vidcap_commands(add):
    add(%s)
"""
LOUD = """
import os, sys
print('LOUD')
sys.stdout.write('LOUD\\n')
os.write(1, b'LOUD\\n')
os.system('echo LOUD')
VIDCAP_API = 2
"""
MUTE = """class Mute(Exception):
    def __str__(self): raise ValueError
raise Mute
"""
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "stops": ("raise GeneratorExit('no')", "GeneratorExit: no (__init__.py:1)"),
    "base": ("class Odd(BaseException): pass\nraise Odd('odd')", "Odd: odd (__init__.py:2)"),
    "leaves": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "cancelled": ("import asyncio; raise asyncio.CancelledError", "CancelledError: CancelledError"),
    "mute": (MUTE, "Mute: an error that cannot say what it is"),
    "deep": ("def f(): f()\nf()", "RecursionError: "),
    "syntax": ("def (", "SyntaxError: "),
    "bytes": (b"VIDCAP_API = '\xff'", "SyntaxError: "),
    "number": ("class Odd: VIDCAP_API = 2\nodd = Odd()", "its entry point names a Odd, not a module"),
    "command_number": (COMMANDS % "3, 'json'", "vidcap_commands() added 3: 'json', not a name and a module"),
    "command_option": (COMMANDS % "'-x', 'json'", "vidcap_commands() added '-x': 'json'"),
    "command_module": (COMMANDS % "'x', None", "vidcap_commands() added 'x': None"),
}
FILES: dict[str, dict[str, str | bytes]] = {
    **{name: {"__init__.py": text} for name, (text, _) in BROKEN.items()},
    "thief": {"__init__.py": THIEF},
    "loud": {"__init__.py": LOUD},
    "configs": {
        "__init__.py": FINE,
        "configs/good.py": '"""A good one."""',
        "configs/latin.py": b'"""Caf\xe9."""',
        "configs/nul.py": b"x = 1\0",
        "configs/deep.py": "(" * 5000 + ")" * 5000,
        "configs/half.py": '"""Half \\ud800."""',
    },
    "cookie": {"__init__.py": b"# -*- coding: latin-1 -*-\nname = '\xe9'\nVIDCAP_API = 2\n"},
}


def install(site: Path, name: str, files: dict[str, str | bytes], points: bytes | None = None) -> None:
    """A distribution `hostile-NAME` as an installer leaves it."""
    for path, text in files.items():
        file = site / f"hostile_{name}" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    info = site / f"hostile_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hostile-{name}\nVersion: 1.0\n")
    target = f"hostile_{name}:odd" if name == "number" else f"hostile_{name}"
    (info / "entry_points.txt").write_bytes(points or f"[vidcap.plugins]\n{name} = {target}\n".encode())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    for name, files in FILES.items():
        install(folder, name, files)
    install(folder, "nameless", {"__init__.py": FINE})
    (folder / "hostile_nameless-1.0.dist-info" / "METADATA").unlink()
    return folder


def environment(site: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}


def command(site: Path, *arguments: str, module: str = "main") -> Any:
    line = [sys.executable, "-m", f"vidcap_core.cli.{module}", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=240, cwd=site, env=environment(site))


@pytest.fixture(scope="module")
def listed(site: Path) -> dict[str, Any]:
    """`vidcap plugins --json`: also the test that nothing which was printed spoils it."""
    done = command(site, "plugins", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("LOUD") == 4
    return {row["name"]: row for row in json.loads(done.stdout)}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_it_raises_is_its_own_reason(listed: dict[str, Any], name: str) -> None:
    assert listed[name]["reason"].startswith(BROKEN[name][1])


@pytest.mark.parametrize("name", ["thief", "loud", "configs", "cookie", "nameless", "core"])
def test_the_others_work(listed: dict[str, Any], name: str) -> None:
    assert listed[name]["reason"] is None


def test_a_plugin_takes_no_name_of_the_core_away(site: Path) -> None:
    rows = json.loads(command(site, "list", "--json").stdout)
    owners = {row["name"]: row["plugin"] for kind in ("heads", "metrics", "losses") for row in rows[kind]}
    for name in ("MeanPoolGRU", "rouge", "TokenLoss"):
        assert owners[name] == "core"
        assert owners[f"thief.{name}"] == "thief"
    (site / "said.jsonl").write_text('{"id": "a", "text": "a dog runs"}\n')
    (site / "meant.json").write_text('{"a": ["a dog runs", "a dog"]}\n')
    scored = command(site, "score", "said.jsonl", "meant.json", "--metrics", "rouge")
    assert scored.returncode == 0, scored.stderr
    checked = command(site, "config", "check", "core/toy")
    assert checked.returncode == 0, checked.stderr


def test_a_distribution_whose_entry_points_are_no_text(tmp_path: Path) -> None:
    """What loads torch fails all the same: torch reads the entry points of everything too."""
    install(tmp_path, "undecodable", {"__init__.py": FINE}, b"[vidcap.plugins]\nundecodable = \xff\xfe\n")
    install(tmp_path, "fine", {"__init__.py": FINE})
    rows = json.loads(command(tmp_path, "plugins", "--json").stdout)
    assert {row["name"]: row["reason"] for row in rows}.items() >= {"core": None, "fine": None}.items()


def test_a_config_that_cannot_be_read_spoils_only_itself(site: Path) -> None:
    done = command(site, "list", "configs", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row["what"] for row in json.loads(done.stdout)}
    assert rows["configs/good"] == "A good one."
    for name in ("latin", "nul", "deep"):
        assert rows[f"configs/{name}"].startswith("cannot be read: ")
    assert "core/toy" in rows
    assert "Half \\ud800." in command(site, "list", "configs").stdout


@pytest.mark.parametrize("name", ["latin", "nul", "deep"])
def test_who_runs_such_a_config_is_told(site: Path, name: str) -> None:
    done = command(site, f"configs/{name}", module="run")
    assert done.returncode == 2
    assert "error: " in done.stderr
    assert "internal" not in done.stderr


def test_an_import_that_hangs_is_told_by_name_and_can_be_interrupted(tmp_path: Path) -> None:
    install(tmp_path, "hangs", {"__init__.py": "import time\ntime.sleep(600)"})
    line = [sys.executable, "-m", "vidcap_core.cli.main", "plugins"]
    variables = environment(tmp_path)
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=variables, cwd=tmp_path)
    assert process.stderr is not None
    began = time.monotonic()
    said = [process.stderr.readline(), process.stderr.readline()]
    assert said[0] == "plugin 'hangs' (hostile-hangs) has been importing for 5 s\n"
    assert said[1].endswith("VIDCAP_DISABLE_PLUGINS=hangs\n")
    assert time.monotonic() - began > 4
    process.send_signal(signal.SIGINT)
    assert "interrupted" in process.stderr.read()
    assert process.wait(30) == 130
    left_out = subprocess.run(line, env={**variables, "VIDCAP_DISABLE_PLUGINS": "hangs"}, timeout=60)
    assert left_out.returncode == 0
