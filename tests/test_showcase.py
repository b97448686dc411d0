"""What the picture of the README calls right and wrong."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "showcase.py"
CLIP = {"shape": "square", "colour": "yellow", "big": True, "action": "grow", "quick": False}


@pytest.fixture(scope="module")
def showcase() -> Any:
    spec = importlib.util.spec_from_file_location("showcase", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a large yellow box gets bigger slowly", []),
        ("something grows", []),
        ("a yellow circle gets bigger", ["shape: circle, where the clip has square"]),
        (
            "a small red square grows",
            ["colour: red, where the clip has yellow", "size: small, where the clip has big"],
        ),
        (
            "a square shrinks quickly",
            ["action: shrink, where the clip has grow", "pace: quick, where the clip has slow"],
        ),
    ],
)
def test_a_caption_is_judged_by_what_the_clip_shows(showcase: Any, text: str, wrong: list[str]) -> None:
    assert list(showcase.mistakes(text, CLIP)) == wrong
