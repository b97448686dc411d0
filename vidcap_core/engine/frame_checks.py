"""Before a run: training must show an encoder what captioning will show it of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vidcap_core.config.paths import KeyPath, dotted
from vidcap_core.config.recipe import Recipe
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.head import Head
from vidcap_core.datasets.missing import by_name
from vidcap_core.errors import ConfigError
from vidcap_core.video.frame_request import FrameOptions, FrameRequest
from vidcap_core.video.sampling import check_sampling


def check(recipe: Recipe, part: tuple[str, ...], reader: Encoder | Head) -> None:
    """Refuse data whose frames are others than those that a part of the config asks for of a file."""
    try:
        check_sampling(reader.sampling)
    except ConfigError as error:
        raise recipe.config.wrap(part, error) from error
    name, wanted = part[-1], FrameRequest.of(reader)
    changes = {
        (*path, key): value
        for path, frames in _frames(recipe, name)
        for key, value in FrameOptions(**frames).request.changes(wanted)
    }
    if not changes:
        return
    (*path, _), *_ = changes
    asked = ", ".join(f"{key}={value!r}" for (*at, key), value in changes.items() if at == path)
    settings = " ".join(f"--set {dotted(key)}={value!r}" for key, value in changes.items())
    raise recipe.config.error(
        tuple(path),
        f"training would see other pictures than captioning: of a file, {dotted(part)} "
        f"({type(reader).__name__}) asks for {asked}",
        hint=f"{settings}; or another part there, which asks for what the data give",
    )


def _frames(recipe: Recipe, name: str) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The `frames` of all data that an encoder reads, and where they stand; not where its stream is cached."""
    data: dict[KeyPath, Mapping[str, Any]] = {
        ("data", split): made_by.arguments for split, made_by in recipe.data.items()
    }
    for phase in recipe.phases:
        if "frames" in (recipe.config["phases"][phase.name].get("data") or {}):
            data["phases", phase.name, "data"] = phase.data.arguments
    for path, arguments in data.items():
        frames = arguments.get("frames")
        if isinstance(frames, dict) and name not in by_name(arguments.get("streams")):
            yield (*path, "frames"), frames
