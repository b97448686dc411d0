"""The fast way through a file: read its packets first, then decode only what the wanted pictures need.

Pictures that nothing refers to are skipped inside the decoder; groups of pictures without a wanted one are not
decoded at all. What comes out is the same, bit for bit; where the file's time stamps cannot be trusted, nothing does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream


class Entry(NamedTuple):
    """What the container says of a packet."""

    pts: int | None
    key: bool


def index(container: InputContainer, stream: VideoStream) -> list[Entry]:
    """The packets of a stream, in the order of decoding, without decoding them."""
    return [Entry(p.pts, p.is_keyframe) for p in container.demux(stream) if p.size and not p.is_discard]


def wanted_stamps(entries: list[Entry], stream: Any, moments: np.ndarray) -> tuple[np.ndarray, float] | None:
    """The time stamp of the picture that is on the screen at each moment, and the last picture's time."""
    given = [entry.pts for entry in entries if entry.pts is not None]
    stamps = np.array(sorted(given), np.int64)
    if not len(stamps) or len(given) < len(entries) or (np.diff(stamps) == 0).any():
        return None
    times = (stamps - stamps[0]) * float(stream.time_base)
    indices = np.clip(np.searchsorted(times, moments + 1e-6, side="right") - 1, 0, len(stamps) - 1)
    return stamps[indices], float(times[-1])


def pictures(container: InputContainer, stream: Any, entries: list[Entry], wanted: set[int]) -> Iterator[Any]:
    """The wanted frames; fewer of them where a time stamp turns out to be wrong."""
    context = stream.codec_context
    feed = _needed(entries, wanted)
    container.seek(0)
    before: int | None = None
    index, idle = -1, True
    for packet in container.demux(stream):
        if not packet.size:
            break
        if packet.is_discard:
            continue
        index += 1
        if index >= len(entries) or packet.pts != entries[index].pts:
            return
        if not feed[index]:
            if not idle:
                for frame in context.decode(None):
                    if frame.pts in wanted:
                        yield frame
                context.flush_buffers()
                idle, before = True, None
            continue
        idle = False
        context.skip_frame = "DEFAULT" if packet.pts in wanted else "NONREF"
        for frame in context.decode(packet):
            if frame.is_corrupt or (before is not None and frame.pts <= before):
                return
            before = frame.pts
            if frame.pts in wanted:
                yield frame
    if not idle:
        for frame in context.decode(None):
            if frame.pts in wanted:
                yield frame


def _needed(entries: list[Entry], wanted: set[int]) -> list[bool]:
    """Which packets to decode: of each group of pictures, all up to the last wanted one.

    A picture shown before the key picture of its own group may refer to the group before.
    """
    feed = [False] * len(entries)
    starts = [0, *(i for i, entry in enumerate(entries) if entry.key and i), len(entries)]
    for group in range(len(starts) - 1):
        first, stop = starts[group], starts[group + 1]
        hits = [i for i in range(first, stop) if entries[i].pts in wanted]
        if not hits:
            continue
        key = entries[first].pts
        leads = any(key is not None and (pts := entries[i].pts) is not None and pts < key for i in hits)
        start = starts[group - 1] if leads and group else first
        feed[start : hits[-1] + 1] = [True] * (hits[-1] + 1 - start)
    return feed
