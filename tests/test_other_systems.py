"""Every module of the core is imported where there is no `fcntl` and no `resource`, as on Windows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import vidcap_core

OPTIONAL = {
    "fastapi",
    "starlette",
    "pydantic",
    "uvicorn",
    "python_multipart",
    "gguf",
    "h5py",
    "decord",
    "torchcodec",
}
"""Packages of extras: a module that needs one that is not installed cannot be imported anywhere."""

CHILD = """
import importlib, importlib.abc, json, sys
from pathlib import Path

core, absent = Path(sys.argv[1]), {"fcntl", "resource"}

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        frame = sys._getframe(1)
        while "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        if name in absent and Path(frame.f_code.co_filename).is_relative_to(core):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

for name in absent:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Refuse())
failed = {}
for name in json.loads(sys.stdin.read()):
    for gone in absent:  # another package that found its own way to it must not hide ours
        sys.modules.pop(gone, None)
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = [error.name, str(error)]
print(json.dumps(failed))
"""


def modules() -> list[str]:
    root = Path(vidcap_core.__file__).parent
    paths = [path.relative_to(root.parent).with_suffix("") for path in sorted(root.rglob("*.py"))]
    shown = [
        path for path in paths if not {"bases", "templates"} & set(path.parts) and path.name != "__main__"
    ]
    return [".".join(path.parts).removesuffix(".__init__") for path in shown]


def test_no_module_needs_what_windows_lacks() -> None:
    names = modules()
    assert len(names) > 250
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(Path(vidcap_core.__file__).parent)],
        input=json.dumps(names),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    failed = json.loads(done.stdout.splitlines()[-1])
    skipped = {name: error for name, error in failed.items() if error[0] in OPTIONAL}
    assert {name: error for name, error in failed.items() if name not in skipped} == {}
    if skipped:
        pytest.skip("; ".join(f"{name}: {text}" for name, (_, text) in skipped.items()))
