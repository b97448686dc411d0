"""All attacks: by kind, each whole or every so many of it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import torch
from attacks import bundles, media, packages, scores
from attacks.attempt import Attempt, Row, tried
from security_parts import good_models

KINDS = ("media files", "bit flips", "bundles", "plugins", "score files")
FLIPS = 300


def kinds(folder: Path) -> Iterator[tuple[str, list[Attempt]]]:
    """Attempts by kind, made when their turn comes."""
    torch.set_num_threads(1)  # before any fork: threads of a parent do not exist in its child
    good_models(folder)
    bundle, film = folder / "bundle", folder / "film.mp4"
    _warm(media.command(film, bundle))
    yield KINDS[0], media.attempts(folder / "media", bundle)
    yield KINDS[1], media.flips(folder / "flips", bundle, FLIPS)
    yield KINDS[2], bundles.attempts(folder / "bundles", bundle, film)
    yield KINDS[3], packages.attempts(folder / "packages")
    made = scores.attempts(folder / "scores")
    _warm(made[0].words)
    yield KINDS[4], made


def rows(folder: Path, every: int = 1) -> Iterator[Row]:
    """The table, row after row; `every`: how many attempts there are to one that is made."""
    for kind, attempts in kinds(folder):
        yield tried(kind, attempts[::every])


def _warm(words: list[str] | object) -> None:
    """Import what the command needs once, here, and not in each fork."""
    from vidcap_core.cli.main import main

    with (
        contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        assert main(list(words)) == 0  # type: ignore[call-overload]
