"""Where the cache is, on each system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vidcap_metrics.files.cache import cache_home

VARIABLES = ("VIDCAP_CACHE", "LOCALAPPDATA", "XDG_CACHE_HOME")


@pytest.mark.parametrize(
    ("platform", "given", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "xdg", "LOCALAPPDATA": "local"}, "xdg/vidcap"),
        ("darwin", {"XDG_CACHE_HOME": "xdg"}, "xdg/vidcap"),
        ("linux", {"LOCALAPPDATA": "local"}, "home/.cache/vidcap"),
        ("linux", {"XDG_CACHE_HOME": ""}, "home/.cache/vidcap"),
        ("win32", {"XDG_CACHE_HOME": "xdg", "LOCALAPPDATA": "local"}, "local/vidcap"),
        ("win32", {"XDG_CACHE_HOME": "xdg"}, "home/AppData/Local/vidcap"),
        ("linux", {"VIDCAP_CACHE": "own", "XDG_CACHE_HOME": "xdg"}, "own"),
        ("win32", {"VIDCAP_CACHE": "own", "LOCALAPPDATA": "local"}, "own"),
    ],
)
def test_cache_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, given: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", classmethod(lambda cls: tmp_path / "home"))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, folder in given.items():
        monkeypatch.setenv(name, str(tmp_path / folder) if folder else "")
    assert cache_home() == tmp_path / expected
