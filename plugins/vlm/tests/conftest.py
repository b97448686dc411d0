"""Tiny random models with real processors, and two short films."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import AutoModelForImageTextToText
from vidcap_vlm import tiny

from vidcap_core.testing import write_video


@pytest.fixture(scope="session")
def smolvlm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny SmolVLM, as a hub lays one out."""
    folder = tmp_path_factory.mktemp("models") / "smolvlm"
    folder.mkdir()
    tiny.write(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder)
    for name, weight in model.named_parameters():
        weight.data.mul_(2.0 if "text_model" in name else 4.0)  # so that words differ from film to film
    model.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Films of different lengths, sizes and colours."""
    folder = tmp_path_factory.mktemp("films")
    made = []
    for index, name in enumerate("abc"):
        path = folder / f"{name}.mp4"
        colour = (90 * index, 200 - 60 * index, 40)
        write_video(path, seconds=1 + index, colour=colour, sound=False, height=48 + 16 * index)
        made.append(path)
    return made


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The folder of a tiny model of a family, by its name."""
    spec = importlib.util.spec_from_file_location("families", Path(__file__).with_name("families.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: dict[str, str] = {}

    def folder(name: str) -> str:
        if name not in made:
            made[name] = module.write(name, tmp_path_factory.mktemp("families") / name)
        return made[name]

    return folder


@pytest.fixture
def vidcap(capfd: pytest.CaptureFixture[str]) -> Callable[..., SimpleNamespace]:
    """`vidcap WORDS`, in this process: its exit code and what it prints."""
    (command,) = entry_points(group="console_scripts", name="vidcap")
    main = command.load()

    def run(*words: object) -> SimpleNamespace:
        capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return run


@pytest.fixture
def load() -> Any:
    """`vidcap_core.load`, which is for people and no part of the door for plugins."""
    return importlib.import_module("vidcap_core").load
