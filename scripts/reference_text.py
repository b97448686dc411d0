"""Signatures, fields and docstrings as Markdown."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import io
import re
import tokenize
import typing
from collections.abc import Callable, Iterator
from typing import Any

from vidcap_core.zoo.arguments import spell


def fields(spec: type[Any]) -> Iterator[list[str]]:
    """The keys of a record: type, default, and the comment or the line of the docstring that explains each."""
    hints, notes = typing.get_type_hints(spec), {**comments(spec), **docstring_lines(spec)}
    for field in dataclasses.fields(spec):
        default = "needed"
        if field.default is not dataclasses.MISSING:
            default = code(repr(field.default))
        elif field.default_factory is not dataclasses.MISSING:
            default = code(repr(field.default_factory()))
        yield [f"`{field.name}`", code(spell(hints[field.name])), default, notes.get(field.name, "")]


def record(kind: type[Any]) -> Iterator[list[str]]:
    """The fields of a record, whose types need not be importable."""
    notes = comments(kind)
    for field in dataclasses.fields(kind):
        yield [f"`{field.name}`", code(str(field.type)), "", notes.get(field.name, "")]


def comments(spec: type[Any]) -> dict[str, str]:
    """The comment behind each field of a class, in its source."""
    source = inspect.getsource(spec)
    spans = {
        node.target.id: range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.parse(source).body[0].body  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    found: dict[str, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        for name, lines in spans.items():
            if token.type == tokenize.COMMENT and token.start[0] in lines:
                found[name] = token.string.lstrip("# ").partition("  #")[0]
    return found


def docstring_lines(spec: type[Any]) -> dict[str, str]:
    """`name: what it means` in a class's docstring."""
    return dict(re.findall(r"^(\w+): (.+)$", inspect.getdoc(spec) or "", re.MULTILINE))


def function_lines(function: Callable[..., Any], title: str, level: str) -> Iterator[str]:
    """A function: how it is called, and its docstring."""
    yield from (f"{level} {title}", "")
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    written = []
    for number, p in enumerate(parameters):
        if p.kind is p.KEYWORD_ONLY and not any(o.kind is p.KEYWORD_ONLY for o in parameters[:number]):
            written.append("*")
        default = "" if p.default is p.empty else f" = {default_of(p.default)}"
        written.append(f"{p.name}: {p.annotation}{default}")
    arguments = "".join(f"    {each},\n" for each in written)
    name = title.removesuffix("(...)")
    returned = inspect.signature(function).return_annotation
    yield from ("```text", f"{name}(\n{arguments}) -> {returned}", "```", "")
    yield prose(inspect.getdoc(function) or "")


def default_of(value: object) -> str:
    """A default as one writes it; that of a function is told in its docstring."""
    return "..." if callable(value) else repr(value)


def prose(text: str) -> str:
    """A docstring as Markdown: `name: what it is` becomes an entry of a list; examples for a console are left out."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        entry = re.match(r"([a-z_]+(?:, [a-z_]+)*): ", line)
        if line.startswith(">>>"):
            continue
        if entry:
            if lines and lines[-1] and not lines[-1].startswith(("* ", "  ")):
                lines.append("")
            line = f"* `{entry[1]}`: {line[entry.end() :]}"
        elif lines and lines[-1].startswith("* ") and lines[-1].endswith(".") and line[:1].isupper():
            lines.append("")
        lines.append(line)
    return "\n".join(lines).rstrip()


def code(text: str) -> str:
    """Text as code."""
    return f"`{text}`" if text else ""
