"""The kit's checks of a package without building anything, and that the core keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vidcap_core.testing.check import Broken, checked
from vidcap_core.testing.checks import plugins as packages
from vidcap_core.zoo import plugins

PLUGIN = '''
from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components():
    return {"transforms": {"Narrow": "planted_keys:Narrow"}}


class Narrow:
    """Keeps some rows, at a rate.

    width: how many.
    """

    def __init__(self, width, rate, other):
        pass
'''


class Cropped:
    """Looks at the middle of frames of a size: all else is cut.

    size (int): of the middle, in pixels.
    left, `top`: where it begins, in pixels.
    """

    def __init__(self, size: int, left: int = 0, top: int = 0) -> None:
        """Nothing."""


class Kept(Cropped):
    """Keeps what is cut."""


class Counted(Cropped):
    """Speaks of a rate and of frames as they come: it explains neither, as `data.count: 3` explains no count."""

    def __init__(
        self, size: int, rate: float, frames: int, count: int, tokenizer: object, **others: int
    ) -> None:
        """Nothing."""


def made(width: int, height: int) -> None:
    """width: in pixels."""


@pytest.mark.parametrize("check", packages.CHECKS)
def test_the_core_keeps_the_promises_of_a_package(check: str) -> None:
    finding = checked(check, packages.CHECKS[check], "core")
    assert finding.ok, finding.lines()


def test_a_key_is_explained_here_or_in_a_base() -> None:
    assert packages.undocumented(Cropped) == []
    assert packages.undocumented(Kept) == []


def test_a_key_that_is_only_spoken_of_is_not_explained() -> None:
    assert packages.undocumented(Counted) == ["rate", "frames", "count"]
    assert packages.undocumented(made) == ["height"]


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A plugin whose one component has keys that nothing explains, as an installer leaves it."""
    info = tmp_path / "planted_keys-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planted-keys\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vidcap.plugins]\nplanted = planted_keys\n")
    (tmp_path / "planted_keys.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    plugins.discover.cache_clear()
    yield
    monkeypatch.undo()
    plugins.discover.cache_clear()


@pytest.mark.usefixtures("planted")
def test_what_is_not_explained_is_named() -> None:
    with pytest.raises(Broken, match=r"explained; Narrow\.rate, Narrow\.other are not"):
        packages.documented("planted")
