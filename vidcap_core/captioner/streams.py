"""The streams of a batch, encoded as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, cast

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from vidcap_core.contracts.encoder import DerivedEncoder, Encoder
from vidcap_core.contracts.types import Batch, Stream
from vidcap_core.encoders.rows import encode
from vidcap_core.errors import UserError


class Streams(Mapping[str, Stream]):
    """The streams of a batch: cached ones as they are, others encoded when they are first asked for.

    panels: whether encoders shall also tell where they looked.
    """

    def __init__(self, batch: Batch, encoders: nn.ModuleDict, panels: bool = False) -> None:
        self._batch = batch
        self._encoders = encoders
        self._panels = panels
        self._ready = dict(batch.streams)
        self._rows: dict[str, list[bool]] | None = None

    def __getitem__(self, name: str) -> Stream:
        if name not in self._ready:
            if name not in self._encoders:
                raise KeyError(name)
            self._ready[name] = self._encode(name, cast(Encoder, self._encoders[name]))
        return self._ready[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._ready, **dict.fromkeys(self._encoders)})

    def __len__(self) -> int:
        return len(set(self._ready) | set(self._encoders))

    def present(self, index: int) -> list[str]:
        """Names of the streams that were used and had something of one clip."""
        if self._rows is None or self._rows.keys() != self._ready.keys():
            there = {name: stream.mask.any(1) for name, stream in self._ready.items()}
            rows = torch.stack(list(there.values())).tolist() if there else []  # the host waits once for all
            self._rows = dict(zip(there, rows, strict=True))
        return sorted(name for name, rows in self._rows.items() if rows[index])

    def _encode(self, name: str, encoder: Encoder) -> Stream:
        if encoder.reads == "text":
            if self._batch.texts is None:
                raise UserError("a text encoder was asked for, but this batch has no captions")
            return encoder(self._batch.texts)  # type: ignore[no-any-return]
        if encoder.reads == "streams":
            return self._derive(name, cast(DerivedEncoder, encoder))
        inputs, times = self._inputs(name, encoder)
        frozen = not any(p.requires_grad for p in encoder.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
            return encode(encoder, inputs, times, self._panels)

    def _derive(self, name: str, encoder: DerivedEncoder) -> Stream:
        """Clip by clip; an encoder without weights works on the host, for which a batch is copied once each way."""
        device = next((stream.values.device for stream in self._ready.values()), torch.device("cpu"))
        here = next(chain(encoder.parameters(), encoder.buffers()), None) is not None or device.type == "cpu"
        source: Mapping[str, Stream] = self if here else _OnHost(self)
        clips = enumerate(self._batch.clips)
        made = stack([encoder.derive(ClipStreams(source, i, without=name), clip.id) for i, clip in clips])
        return made if here else made.to(device)

    def _inputs(self, name: str, encoder: Encoder) -> tuple[tuple[Any, ...], Stream | None]:
        """What `forward` gets, and the frames' times where they are known."""
        raw = self._batch.inputs.get(name) or self._batch.inputs.get(encoder.reads)
        if encoder.prepares and name in self._batch.prepared:
            return (self._batch.prepared[name],), raw
        if raw is None:
            raise UserError(
                f"{type(encoder).__name__} reads {encoder.reads}, which this batch lacks",
                hint=f"data.*.{encoder.reads} in the config, or a cached stream under the encoder's name",
            )
        return (raw.values, raw.mask), raw


class _OnHost(Mapping[str, Stream]):
    """Streams as the CPU sees them, each copied when it is first read."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._here: dict[str, Stream] = {}

    def __getitem__(self, name: str) -> Stream:
        if name not in self._here:
            self._here[name] = _in_one_copy(self._streams[name])
        return self._here[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._streams)

    def __len__(self) -> int:
        return len(self._streams)


def _in_one_copy(stream: Stream) -> Stream:
    """Values [B, T, D], mask and times on the CPU, for which the host waits once."""
    parts = [stream.values, stream.mask[..., None]]
    if stream.times is not None:
        parts.append(stream.times[..., None])
    here = torch.cat([part.float() for part in parts], -1).cpu()
    width = stream.values.shape[-1]
    times = None if stream.times is None else here[..., width + 1]
    return Stream(here[..., :width].to(stream.values.dtype), here[..., width].bool(), times)


class ClipStreams(Mapping[str, Stream]):
    """One clip's rows of a batch's streams, without padding, for an encoder that derives a stream from others."""

    def __init__(self, streams: Mapping[str, Stream], index: int, without: str = "") -> None:
        self._streams, self._index, self._without = streams, index, without

    def __getitem__(self, name: str) -> Stream:
        if name == self._without:  # a stream is not made of itself
            raise KeyError(name)
        stream = self._streams[name]
        keep = stream.mask[self._index]
        times = None if stream.times is None else stream.times[self._index][keep]
        return Stream(stream.values[self._index][keep], keep[keep], times)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._streams if name != self._without)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def stack(streams: Sequence[Stream]) -> Stream:
    """Streams of single clips ([T, D]) side by side, padded to the longest.

    Times and attention are kept where all clips have them (and, for attention, of one shape).
    """
    values = pad_sequence([s.values for s in streams], batch_first=True)
    mask = pad_sequence([s.mask for s in streams], batch_first=True)
    times = [s.times for s in streams if s.times is not None]
    maps = [s.attention for s in streams if s.attention is not None]
    made = Stream(values, mask)
    if len(times) == len(streams):
        made = replace(made, times=pad_sequence(times, batch_first=True))
    if len(maps) == len(streams) and len({m.shape for m in maps}) == 1:
        made = replace(made, attention=torch.stack(maps))
    return made
