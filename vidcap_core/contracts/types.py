"""The boundary types: what passes between datasets, encoders, heads, metrics and reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from vidcap_metrics.event import Event as Event

if TYPE_CHECKING:  # torch is never imported at run time: readers, metrics and the CLI use these types too
    import numpy as np
    import torch
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Clip:
    """One video, or the span [start, end] of one, in seconds."""

    id: str
    path: str | None = None
    start: float = 0.0
    end: float | None = None
    duration: float | None = None

    @property
    def span(self) -> tuple[float, float]:
        """Start and end in seconds; an unknown end counts as the duration, or 0 when that is unknown too."""
        end = self.end if self.end is not None else self.duration
        return self.start, self.start if end is None else end


@dataclass(frozen=True, slots=True)
class Stream:
    """A named feature sequence: values [B, T, D] and mask [B, T], True where a row is real."""

    values: Tensor
    mask: Tensor
    times: Tensor | None = None  # [B, T], seconds in the file of each real row, where they are known
    attention: Tensor | None = (
        None  # [B, T, h, w], where in its frames the encoder looked, when panels are wanted
    )

    def to(self, device: str | torch.device) -> Stream:
        """The same stream on another device."""
        free = str(device) != "cpu"  # what comes to the CPU would be read before it is there
        parts = (self.values, self.mask, self.times, self.attention)
        return Stream(*(None if part is None else part.to(device, non_blocking=free) for part in parts))  # type: ignore[arg-type]

    def pin_memory(self) -> Stream:
        """The same stream in memory that a GPU copies from while the host goes on."""
        parts = (self.values, self.mask, self.times, self.attention)
        return Stream(*(None if part is None else part.pin_memory() for part in parts))  # type: ignore[arg-type]

    def rows(self, index: Tensor | Sequence[int]) -> Stream:
        """Some of its clips, in the order of `index`."""
        parts = (self.values, self.mask, self.times, self.attention)
        return Stream(*(None if part is None else part[index] for part in parts))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class RawClip:
    """A clip as it is read for a head: what it `reads` of frames uint8 [T, H, W, 3], their times, and sound [N]."""

    clip: Clip
    frames: np.ndarray | None = None
    times: np.ndarray | None = None  # [T], seconds in the file
    audio: np.ndarray | None = None  # float32, 16 kHz


@dataclass(frozen=True, slots=True)
class Sample:
    """What a dataset yields: one clip with what is known about it, as plain arrays."""

    clip: Clip
    events: tuple[Event, ...] = ()
    text: str | None = None  # the caption to learn from, when the unit of a sample is a caption
    streams: Mapping[str, np.ndarray] = field(default_factory=dict)  # cached features, [T, D]
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)  # "frames" uint8 [T, H, W, 3], "audio" [N]
    times: Mapping[str, np.ndarray] = field(
        default_factory=dict
    )  # [T] of a stream or input, seconds in the file
    targets: Mapping[str, Any] = field(default_factory=dict)  # filled by transforms

    def with_targets(self, **targets: Any) -> Sample:
        """The same sample with further targets."""
        return replace(self, targets={**self.targets, **targets})


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples side by side. `tokens` [B, L] starts with BOS, ends with EOS, and is padded on the right."""

    clips: tuple[Clip, ...]
    streams: Mapping[str, Stream] = field(default_factory=dict)
    inputs: Mapping[str, Stream] = field(default_factory=dict)
    texts: tuple[str, ...] | None = None
    tokens: Tensor | None = None
    token_mask: Tensor | None = None  # [B, L], True on BOS .. EOS; never derived from a pad id
    targets: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[tuple[Event, ...], ...] | None = (
        None  # by clip, to learn from; None: where clips are captioned
    )
    prepared: Mapping[str, Any] = field(default_factory=dict)  # what encoders (by name) and the head prepared
    progress: float | None = None  # share of the phase's steps that are done, in [0, 1]: for annealing

    def __len__(self) -> int:
        return len(self.clips)

    def to(self, device: str | torch.device) -> Batch:
        """The same batch with every tensor on another device."""
        return self._moved(lambda value: to_device(value, device))

    def pin_memory(self) -> Batch:
        """The same batch in memory that a GPU copies from while the host goes on; a data loader calls it."""
        return self._moved(lambda value: each(value, "pin_memory", lambda item: item.pin_memory()))

    def _moved(self, move: Callable[[Any], Any]) -> Batch:
        return replace(
            self,
            streams=move(dict(self.streams)),
            inputs=move(dict(self.inputs)),
            tokens=move(self.tokens),
            token_mask=move(self.token_mask),
            targets=move(dict(self.targets)),
            prepared=move(dict(self.prepared)),
        )


def to_device(value: Any, device: str | torch.device) -> Any:
    """A value on another device: what has `to`, and what lies in dicts, lists, tuples and dataclasses."""
    free = {"non_blocking": True} if str(device) != "cpu" else {}
    return each(value, "to", lambda item: item.to(device, **(free if hasattr(item, "is_pinned") else {})))


def each(value: Any, method: str, change: Callable[[Any], Any]) -> Any:
    """A value with all that has a method changed, in dicts, lists, tuples and dataclasses too."""
    if hasattr(value, method):
        return change(value)
    if isinstance(value, dict):
        return {key: each(item, method, change) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_make"):  # a named one takes its items one by one
        return value._make(each(item, method, change) for item in value)
    if isinstance(value, (list, tuple)):
        return type(value)(each(item, method, change) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        items = {
            item.name: each(getattr(value, item.name), method, change) for item in fields(value) if item.init
        }
        return replace(value, **items)
    return value


@dataclass(frozen=True, slots=True)
class Named:
    """One output of a head: its value, and what it should have been where that is known.

    For words: value = logits [R, L, V], target = ids [R, L], mask [R, L] (True where a target counts).
    """

    value: Tensor
    target: Tensor | None = None
    mask: Tensor | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Something to caption: spans of clips in the batch, through their own streams, prompts and settings.

    Spans are seconds in the file, as those of clips and events are. A view may have no row at all.
    """

    streams: Mapping[str, Stream]
    clips: tuple[int, ...]  # row r of the view belongs to clip clips[r] of the batch
    spans: tuple[tuple[float, float] | None, ...]  # None: the whole clip
    prompt: Tensor | None = None  # [R, P] ids that the text starts from; None: BOS
    prompt_mask: Tensor | None = None  # [R, P], True on real ids (left-padded)
    kind: str = "caption"  # decode settings are looked up under this name
    scores: tuple[float, ...] | None = None  # of the rows: how sure the head is that there is such an event
    inputs: Mapping[str, Any] = field(default_factory=dict)  # what `Head.prepare` made, of the whole batch
    extras: Mapping[str, Any] = field(default_factory=dict)  # the head's own: `start` and `explain` see them


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a captioner says of a clip: its events, and what can be shown about them."""

    clip: Clip
    events: tuple[Event, ...]
    extras: Mapping[str, Any] = field(default_factory=dict)  # panels, word scores, streams that were there

    @property
    def text(self) -> str:
        """All events' texts, one after the other."""
        return " ".join(event.text for event in self.events)


References = Mapping[str, Sequence[str]]
