"""Panels: what a method can show of one clip, as small typed records of plain numbers.

A head returns them from `explain(views, streams, batch, events)`, one list a clip. Numbers may
be given as lists, arrays or tensors; a record holds tuples of floats, so that it goes into JSON and back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeAlias

from vidcap_core.contracts.types import Event
from vidcap_core.errors import UserError

Row: TypeAlias = tuple[float, ...]
DIGITS = 5
"""Significant digits kept of a number: more cannot be seen."""


class PanelError(UserError):
    """A panel whose numbers do not fit each other: which one, and what it wants."""


@dataclass(frozen=True)
class FrameAttention:
    """Where in time each word looked: `weights[branch][l][t]` for word l at `times[t]` (seconds)."""

    kind: ClassVar[str] = "frame_attention"
    words: tuple[str, ...]
    weights: Mapping[str, tuple[Row, ...]]
    times: Row
    title: str = "Attention over frames"
    event: int | None = None
    """Which event of the clip the words are of; None: the only one."""

    def __post_init__(self) -> None:
        weights = {name: tuple(numbers(row) for row in rows(value)) for name, value in self.weights.items()}
        set_fields(self, words=strings(self.words), times=numbers(self.times), weights=weights)
        for name, value in self.weights.items():
            expect(self, f"weights[{name!r}]", value, (len(self.words), len(self.times)))


@dataclass(frozen=True)
class SpatialAttention:
    """Where in each frame a word looked: `weights[l][t][y][x]`; without words one map for the whole text."""

    kind: ClassVar[str] = "spatial_attention"
    words: tuple[str, ...]
    weights: tuple[tuple[tuple[Row, ...], ...], ...]
    times: Row
    title: str = "Attention over space"
    event: int | None = None

    def __post_init__(self) -> None:
        maps = tuple(
            tuple(tuple(numbers(line) for line in rows(grid)) for grid in rows(word))
            for word in rows(self.weights)
        )
        set_fields(self, words=strings(self.words), times=numbers(self.times), weights=maps)
        sides = (len(maps[0][0]), len(maps[0][0][0])) if maps and maps[0] and maps[0][0] else (0, 0)
        expect(self, "weights", maps, (len(self.words) or 1, len(self.times), *sides))


@dataclass(frozen=True)
class Curve:
    """A line through (x, y), e.g. the effective number of frames per epoch."""

    kind: ClassVar[str] = "curve"
    name: str
    x: Row
    y: Row
    x_label: str = ""
    y_label: str = ""

    def __post_init__(self) -> None:
        set_fields(self, x=numbers(self.x), y=numbers(self.y))
        expect(self, "y", self.y, (len(self.x),))


@dataclass(frozen=True)
class Timeline:
    """Events over time: predicted, reference, and masks as curves over seconds."""

    kind: ClassVar[str] = "timeline"
    predicted: tuple[Event, ...]
    reference: tuple[Event, ...] = ()
    masks: tuple[Curve, ...] = ()
    title: str = "Events"

    def __post_init__(self) -> None:
        set_fields(
            self, predicted=tuple(self.predicted), reference=tuple(self.reference), masks=tuple(self.masks)
        )


@dataclass(frozen=True)
class Bars:
    """A value for each label, e.g. attributes or emotions; `highlight` marks labels that the text uses."""

    kind: ClassVar[str] = "bars"
    values: Mapping[str, float]
    highlight: tuple[str, ...] = ()
    title: str = "Scores"

    def __post_init__(self) -> None:
        set_fields(
            self,
            values={str(k): number(v) for k, v in self.values.items()},
            highlight=strings(self.highlight),
        )


@dataclass(frozen=True)
class Custom:
    """A kind of a plugin's own: plain data, and who draws it.

    `renderer="package.module:function"` takes the data and gives HTML; it must lie in an installed plugin.
    Without one, or where that plugin is absent, the data is shown as a table.
    """

    kind: str
    data: Mapping[str, Any]
    renderer: str | None = None
    title: str = ""

    def __post_init__(self) -> None:
        if self.kind in KINDS:
            raise PanelError(f"a panel of the kind '{self.kind}' exists; give yours another name")
        set_fields(self, data=plain(self.data))


Panel: TypeAlias = FrameAttention | SpatialAttention | Timeline | Bars | Curve | Custom
KINDS: dict[str, type[Any]] = {c.kind: c for c in (FrameAttention, SpatialAttention, Timeline, Bars, Curve)}


def to_plain(panel: Panel) -> dict[str, Any]:
    """A panel as JSON data; `from_plain` makes it a panel again."""
    return {"kind": panel.kind, **{f.name: plain(getattr(panel, f.name)) for f in fields(panel)}}


def from_plain(data: Mapping[str, Any]) -> Panel:
    """The panel that `to_plain` made this data from."""
    kind = data.get("kind")
    if not isinstance(kind, str):
        raise PanelError(f"a panel without a kind; it has {', '.join(map(str, data)) or 'no keys'}")
    record = KINDS.get(kind, Custom)
    known = {f.name for f in fields(record)}
    values = {key: value for key, value in data.items() if key in known}
    try:
        if record is Timeline:
            values |= {
                key: tuple(Event(**e) for e in values.get(key, ())) for key in ("predicted", "reference")
            }
            values["masks"] = tuple(Curve(**_without_kind(mask)) for mask in values.get("masks", ()))
        return record(**values)  # type: ignore[no-any-return]
    except TypeError as error:
        raise PanelError(f"a panel '{kind}' that cannot be read: {error}") from error


def _without_kind(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "kind"}


def plain(value: object) -> Any:
    """Anything that panels hold, as JSON data: tensors and arrays become lists, not-a-number becomes None."""
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, Event):
        return {
            "start": plain(value.start),
            "end": plain(value.end),
            "text": value.text,
            "score": plain(value.score),
        }
    if isinstance(value, Curve):
        return to_plain(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (Sequence, set, frozenset)):
        return [plain(item) for item in value]
    raise PanelError(
        f"a panel cannot hold a {type(value).__name__}",
        hint="numbers, texts, lists, dicts, arrays or tensors",
    )


def rows(value: Any) -> Sequence[Any]:
    """A list, array or tensor as a list."""
    return value.tolist() if hasattr(value, "tolist") else value  # type: ignore[no-any-return]


def number(value: Any) -> float:
    """A number as a float; None (how JSON says not-a-number) as nan."""
    return math.nan if value is None else float(value)


def numbers(value: object) -> Row:
    """A row of numbers."""
    return tuple(number(item) for item in rows(value))


def strings(value: Any) -> tuple[str, ...]:
    """Words; one string alone is a mistake, as it would become letters."""
    if isinstance(value, str):
        raise PanelError(f"expected a list of words, got the text {value!r}")
    return tuple(str(item) for item in value)


def set_fields(panel: object, **values: Any) -> None:
    """Give a frozen record its fields as they are stored."""
    for name, value in values.items():
        object.__setattr__(panel, name, value)


def expect(panel: Any, name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Check that nested tuples have a shape, everywhere."""
    if not _fits(value, shape):
        raise PanelError(
            f"{type(panel).__name__}.{name} must be {list(shape)}, as its words and times say; "
            f"its outer length is {len(value)}"
        )


def _fits(value: Any, shape: tuple[int, ...]) -> bool:
    return len(value) == shape[0] and (len(shape) == 1 or all(_fits(item, shape[1:]) for item in value))
