"""Fixtures for the whole suite."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent

# A suite that a shell started in the background would hand its deafness for Ctrl-C on to the commands it tests.
signal.signal(signal.SIGINT, signal.default_int_handler)


def find_shared_data() -> Path | None:
    """The folder with real annotations and features, or None on a machine that has none."""
    given = os.environ.get("VIDCAP_SHARED_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data for development; tests that need it skip where it is absent."""
    folder = find_shared_data()
    if folder is None:
        pytest.skip("needs the real data: no ../shared/data, and VIDCAP_SHARED_DATA is not set")
    os.environ.setdefault(
        "VIDCAP_SHARED_DATA", str(folder)
    )  # configs that a test loads by name look there too
    return folder


@pytest.fixture(scope="session")
def peers(shared_data: Path) -> Path:
    """What the code of other authors gave for small random weights: a folder for each method."""
    folder = shared_data.parent / "golden" / "peers"
    if not folder.is_dir():
        pytest.skip(f"the numbers of the authors' code are not at {folder}")
    return folder


class Deprecations(logging.Handler):
    """What transformers logs of calls that it will not take for ever; it says each once a process."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember it."""
        if "deprecated" in (message := record.getMessage()):
            self.messages.append(message)


@pytest.fixture(autouse=True)
def no_deprecated_calls() -> Iterator[None]:
    """A test fails that calls transformers in a way that is on its way out."""
    logger, handler = logging.getLogger("transformers"), Deprecations()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    assert handler.messages == []
