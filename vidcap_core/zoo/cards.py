"""Cards: what a method is, its paper, what of it is known or inferred, what was measured and how."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from vidcap_core.errors import UserError
from vidcap_core.zoo import plugins
from vidcap_core.zoo.arguments import problems


class CardError(UserError):
    """A card that lacks something or says it wrongly: which file, which key."""


@dataclass(frozen=True, slots=True)
class Paper:
    """Where the method was published."""

    title: str
    authors: list[str]
    year: int
    venue: str
    url: str | None = None
    code: str | None = None  # the authors' own code, where there is some


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the method does, and how sure that is.

    known: a source says so; inferred: our reading of a source; decision: free choice, made here.
    """

    what: str
    status: Literal["known", "inferred", "decision"]
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """Numbers with everything one needs to get them again."""

    what: str
    data: str
    clips: int  # how many clips were scored ...
    of: int  # ... of how many that the split has
    config: str
    seed: int
    commit: str
    values: dict[str, float]
    signature: str  # metric, version, tokeniser, references, which clips
    machine: str | None = None  # processor, torch's threads and version, as meta.json says; or "not recorded"
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a plugin, where its card is about several, or where its name is not the plugin's."""

    name: str
    config: str  # of the plugin: what the method reads is read from it
    title: str | None = None  # of its paper, where that is not the card's
    venue: str | None = None
    year: int | None = None
    url: str | None = None
    importer: str | None = None  # `vidcap import NAME` reads its authors' checkpoints
    row: str | None = None  # SWEEP:ROW of the table of toy runs


@dataclass(frozen=True, slots=True)
class Published:
    """Scores that somebody published of a method, in the units of the source."""

    method: str
    data: str
    split: str
    values: dict[str, float]
    source: str


@dataclass(frozen=True, slots=True)
class Card:
    """The whole card of a plugin or of a bundle."""

    name: str
    title: str
    summary: str
    licence: str
    paper: Paper | None = None  # a plugin that follows no paper has none
    facts: list[Fact] = field(default_factory=list)
    measured: list[Measurement] = field(default_factory=list)
    methods: list[Method] = field(default_factory=list)  # empty: one, named as the card, with its paper
    published: list[Published] = field(default_factory=list)
    parameters: dict[str, int] = field(default_factory=dict)  # config or part -> number of parameters
    limits: list[str] = field(default_factory=list)
    default: str | None = None  # the plugin's bundle that captions when nobody names a model

    def missing(self) -> list[str]:
        """What a reader will look for and not find, though the card is well formed."""
        gaps = {
            "facts: nothing says what is known, inferred and decided": not self.facts
            and self.paper is not None,
            "limits: nothing says what it cannot do": not self.limits,
            "measured: a figure does not say its machine (`machine` in meta.json)": not all(
                row.machine for row in self.measured
            ),
            "facts: a known fact names no source": any(
                f.status == "known" and not f.source for f in self.facts
            ),
        }
        return [gap for gap, open_ in gaps.items() if open_]


ROWS: dict[str, type[Any]] = {
    "facts": Fact,
    "measured": Measurement,
    "methods": Method,
    "published": Published,
}
"""Lists of a card, and what each of their rows is."""
NESTED = 50
"""Levels of a card at most; a card of ours has five."""


def read(path: Path) -> Card:
    """A card from its YAML file; all that is wrong with it in one error."""
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_traps(text, path)
        data = yaml.safe_load(text)
    except OSError as error:
        raise CardError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:  # also bytes that are no text, dates that are none
        raise CardError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    return from_data(data, str(path))


def _refuse_traps(text: str, path: Path) -> None:
    """Refuse what is small on the disk and endless to read: parts that refer to others, parts in parts in parts."""
    depth = 0
    for event in yaml.parse(text):
        if isinstance(event, yaml.AliasEvent):
            raise CardError(f"{path}: refers to another part of itself (*)", hint="write the part again")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > NESTED:
            raise CardError(f"{path}: is nested too deeply", hint="vidcap info core shows a whole card")


def find(name: str) -> Card:
    """The card of a plugin, of the plugin a config belongs to, or of a file."""
    if name.endswith((".yaml", ".yml")):
        return read(Path(name))
    plugin = plugins.get(name.partition("/")[0])
    if plugin.card is None:
        raise CardError(f"plugin '{plugin.name}' ({plugin.distribution} {plugin.version}) has no card")
    return read(plugin.card)


def from_data(data: Any, name: str) -> Card:
    """A card from plain data; `name` says where the data came from."""
    wrong = list(_check(data))
    if wrong:
        raise CardError(f"{name}: {'; '.join(wrong)}", hint="vidcap info core shows a whole card")
    parts: dict[str, Any] = dict(data)
    if parts.get("paper") is not None:
        parts["paper"] = Paper(**parts["paper"])
    for key, kind in ROWS.items():
        parts[key] = [kind(**row) for row in parts.get(key, [])]
    return Card(**parts)


def to_data(card: Card) -> dict[str, Any]:
    """The card as plain data, for JSON and YAML."""
    return dataclasses.asdict(card)


def _check(data: object) -> Iterator[str]:
    if not isinstance(data, dict):
        yield f"holds {type(data).__name__}, not a card"
        return
    nested: dict[str, Any] = {"paper": Paper, **ROWS}
    flat = {key: value for key, value in data.items() if key not in nested}
    yield from _say("", problems(flat, Card, "a card"))
    for key, kind in nested.items():
        value = data.get(key)
        if value is None:
            continue
        if key == "paper":
            yield from _say("paper", problems(value, kind, "a paper"))
        elif not isinstance(value, list):
            yield f"{key}: must be a list"
        else:
            for index, row in enumerate(value):
                yield from _say(f"{key}.{index}", problems(row, kind, f"a row of {key}"))


def _say(prefix: str, complaints: Iterator[tuple[tuple[str, ...], str]]) -> Iterator[str]:
    for where, what in complaints:
        path = ".".join(part for part in (prefix, *where) if part)
        yield f"{path}: {what}" if path else what
