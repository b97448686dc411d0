"""Where streams come from when there is a file and no cache: which of them something makes, and of what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from vidcap_core.config.recipe import CaptionerRecipe
from vidcap_core.zoo.component import Component

MadeOf = Mapping[str, Sequence[str]]
"""Streams that are made, each with the streams that it is made of: none where it is made of the file itself."""


def unmade(streams: Iterable[str], made_of: MadeOf) -> dict[str, str]:
    """Of some streams those that no file gives, each with what nothing makes: itself, or one that it is made of."""
    return {stream: source for stream in streams for source in _lacking(stream, made_of)}


def named(streams: Mapping[str, str]) -> str:
    """Streams that no file gives, as one lists them."""
    return ", ".join(
        f"'{stream}'" if stream == source else f"'{stream}' (made of '{source}')"
        for stream, source in streams.items()
    )


def how_to_make(streams: Mapping[str, str]) -> str:
    """What to add to a config for streams that no file gives."""
    made_by = ", ".join(f"{source}=dict(type=ENCODER)" for source in dict.fromkeys(streams.values()))
    return f"extract = dict({made_by}) in the config (vidcap list encoders)"


def read_streams(recipe: CaptionerRecipe) -> list[str] | None:
    """The streams that the head of a config reads; None where the config does not say."""
    streams = recipe.head.arguments.get("streams")
    return list(streams) if isinstance(streams, (dict, list)) else None


def made_of(recipe: CaptionerRecipe) -> dict[str, Sequence[str]]:
    """What a config's encoders make, and of what; only those that derive a stream are built for it, which is light."""
    return {name: _sources(encoder) for name, encoder in {**recipe.extract, **recipe.encoders}.items()}


def unread(recipe: CaptionerRecipe, read: Iterable[str] | None, made_of: MadeOf) -> list[str]:
    """Streams of `extract` that the head does not read, and of which none is made; none where it does not say."""
    if read is None:
        return []
    used = {*read, *(source for sources in made_of.values() for source in sources)}
    return [name for name in recipe.extract if name not in used]


def _sources(encoder: Component) -> Sequence[str]:
    from vidcap_core.contracts.encoder import DerivedEncoder  # imports torch

    derives = isinstance(encoder.target, type) and issubclass(encoder.target, DerivedEncoder)
    return tuple(encoder.build().sources) if derives else ()


def _lacking(stream: str, made_of: MadeOf) -> Iterator[str]:
    if stream not in made_of:
        yield stream
        return
    others = {
        name: sources for name, sources in made_of.items() if name != stream
    }  # nothing is made of itself
    for source in made_of[stream]:
        yield from _lacking(source, others)
