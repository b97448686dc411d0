"""Checks of a bundle that a plugin ships."""

from __future__ import annotations

from pathlib import Path

from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.saved.bundle import open_bundle
from vidcap_core.saved.load import load_bundle
from vidcap_core.testing.check import Checks
from vidcap_core.testing.checks.files import two_captioned


def captions_files(folder: Path) -> None:
    """It is whole, and captions two real films, wide and high, with sound, the first one twice with one result."""
    two_captioned(FileCaptioner(load_bundle(open_bundle(folder)).eval(), folder.name))


CHECKS: Checks = {"files": captions_files}
