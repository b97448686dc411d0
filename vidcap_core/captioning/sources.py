"""Where the streams that a head reads come from, when there is a file and no cache of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config import sources
from vidcap_core.contracts.encoder import DerivedEncoder
from vidcap_core.errors import UserError


def left_out(captioner: Captioner, name: str, without: Sequence[str]) -> dict[str, int]:
    """Streams that clips shall lack, with their widths; any other that the head reads must be made from a file."""
    read: Mapping[str, int] = getattr(captioner.head, "streams", {})
    strangers = [stream for stream in without if stream not in read]
    if strangers:
        raise UserError(
            f"'{name}' reads no stream '{strangers[0]}', so it cannot caption without it",
            hint=f"one of those it reads: {', '.join(read) or 'its head does not say which'}",
        )
    unmade = sources.unmade([stream for stream in read if stream not in without], _made_of(captioner))
    if unmade:
        raise _cannot_make(name, unmade, [stream for stream in read if stream not in (*without, *unmade)])
    if read and not set(read) - set(without):
        raise UserError(
            f"without {', '.join(without)} there is nothing left that '{name}' reads", hint="fewer of them"
        )
    return {stream: read[stream] for stream in without}


def _made_of(captioner: Captioner) -> dict[str, Sequence[str]]:
    """What the encoders make, and of what."""
    return {
        name: encoder.sources if isinstance(encoder, DerivedEncoder) else ()
        for name, encoder in captioner.encoders.items()
    }


def _cannot_make(name: str, unmade: Mapping[str, str], others: Sequence[str]) -> UserError:
    hint = (
        f"{sources.how_to_make(unmade)}, then its run again with --resume, which "
        "trains no step more; then export the bundle again"
    )
    if others:
        left = " ".join(f"--without {stream}" for stream in unmade)
        hint += f"; or {left} (in Python: without={list(unmade)}), which captions as clips that lack it"
    return UserError(
        f"'{name}' was trained on cached streams, and its config does not say how to make "
        f"{sources.named(unmade)} from a file",
        hint=hint,
    )
