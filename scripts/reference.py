"""Write docs/reference from the code: `python scripts/reference.py`; again after a component, a key or an option changed.

A page for each kind of component (this project's: the core's and those of the plugins in plugins/), for the sections of
a config, the commands, Python, what plugins import, and errors. tests/test_reference.py compares them with the code.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import io
import re
import tokenize
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from method_pages import table
from reference_python import EXAMPLES

import vidcap_core
from vidcap_core import api, errors
from vidcap_core.captioning import captions, file_captioner
from vidcap_core.cli import main as cli
from vidcap_core.cli import outcome
from vidcap_core.config import schema, usage
from vidcap_core.contracts import generate_settings, types
from vidcap_core.engine import evaluate
from vidcap_core.saved import run as saved_run
from vidcap_core.zoo import published
from vidcap_core.zoo.arguments import spell
from vidcap_core.zoo.registry import REGISTRIES

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
GENERATED = "<!-- made by scripts/reference.py: change the code, and run it again -->\n"
MOST = 8
"""Configs that are named of those that use a component."""
OURS = {"core", *published.PLUGINS}
SETTINGS: dict[str, type[Any]] = {
    "phases": schema.Phase,
    "start_from": schema.StartFrom,
    "schedule": schema.Schedule,
    "generate": generate_settings.GenerateSettings,
    "evaluate": schema.Evaluate,
    "runtime": schema.Runtime,
}
"""Sections whose keys are the fields of a record; phases have one record each."""
COMPONENTS = {
    "data": "datasets",
    "tokenizer": "tokenizers",
    "encoders": "encoders",
    "extract": "encoders",
    "head": "heads",
    "losses": "losses",
}
"""Sections that name components, and the page that lists those."""
ABOUT = {
    "encoders": "Frames, sound or text to a stream.",
    "heads": "Streams to words, and to times where a method finds events.",
    "losses": "What is made small.",
    "datasets": "Annotations, with what a method sees of each clip.",
    "transforms": "They change a sample before it is trained on.",
    "metrics": "Scores of captions and events.",
    "tokenizers": "Text to ids and back.",
}


def pages() -> dict[str, str]:
    """Every page of the reference, by its file's name."""
    made = {f"{kind}.md": kind_page(kind) for kind in REGISTRIES}
    made |= {
        "config.md": config_page(),
        "commands.md": commands_page(),
        "python.md": python_page(),
        "api.md": api_page(),
        "errors.md": errors_page(),
    }
    made["README.md"] = index_page(made)
    return {name: GENERATED + text.rstrip() + "\n" for name, text in made.items()}


def index_page(others: dict[str, str]) -> str:
    """Links to all other pages."""
    lines = ["# Reference", "", "Made from the code: names, arguments, defaults, and what each is for.", ""]
    for name, text in others.items():
        title, _, rest = text.partition("\n")
        first = next(line for line in rest.splitlines() if line)
        lines.append(f"* [{title.removeprefix('# ')}]({name}): {first}")
    return "\n".join(lines)


def kind_page(kind: str) -> str:
    """All components of a kind: what each is, its arguments, and the configs that use it."""
    lines = [f"# {kind.capitalize()}", "", ABOUT[kind], ""]
    lines += [f"`vidcap info NAME` prints the same, `vidcap list {kind}` the names.", ""]
    for entry in REGISTRIES[kind]:
        if entry.plugin not in OURS:
            continue
        page = usage.as_data(kind, entry, REGISTRIES[kind].load(entry.full_name))
        owner = (
            "the core" if entry.plugin == "core" else f"the plugin [{entry.plugin}]({readme(entry.plugin)})"
        )
        used = [f"`{name}`" for name in page["used"] if name.partition("/")[0] in OURS]
        if len(used) > MOST:
            used = [*used[:MOST], f"and {len(used) - MOST} more"]
        lines += [f"## {page['name']}", "", f"Of {owner}: `{page['where']}`.", "", prose(page["about"]), ""]
        rows = [
            [
                f"`{row['argument']}`",
                code(row["type"]),
                code(row["default"]) if row["default"] != "(needed)" else "needed",
            ]
            for row in page["arguments"]
        ]
        lines += (
            [*table(["argument", "type", "default"], rows), ""] if rows else ["It takes no arguments.", ""]
        )
        lines += [f"Used in {', '.join(used)}." if used else "No config of this project uses it.", ""]
    return "\n".join(lines)


def readme(plugin: str) -> str:
    """Where a plugin's page lies, from docs/reference."""
    return f"../../plugins/{plugin}/README.md"


def config_page() -> str:
    """Every section of a config, with its keys where they are fixed."""
    lines = [
        "# Sections of a config",
        "",
        "What a config may say; [running.md](../running.md) explains it.",
        "",
    ]
    lines += [*table(["section", "what it says"], [[f"`{k}`", v] for k, v in schema.SECTIONS.items()]), ""]
    lines += [
        "`vidcap config show NAME --full` prints all keys of a config, and where each value comes from.",
        "",
    ]
    for section, what in schema.SECTIONS.items():
        if section in SETTINGS:
            spec = SETTINGS[section]
            each = ", for each phase" if section == "phases" else ""
            lines += [f"## {section}", "", f"{what.capitalize()}{each}.", ""]
            lines += [*table(["key", "type", "default", "meaning"], list(fields(spec))), ""]
        elif section in COMPONENTS:
            kind = COMPONENTS[section]
            lines += [f"## {section}", "", f"{what.capitalize()}. `type` is one of the [{kind}]({kind}.md);"]
            lines += ["the other keys are its arguments.", ""]
    return "\n".join(lines)


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


def commands_page() -> str:
    """Every command with its options."""
    lines = ["# Commands", "", "What each command takes; `vidcap COMMAND --help` prints the same.", ""]
    lines += [
        *table(["command", "what it does"], [[f"`vidcap {k}`", v] for k, v in cli.COMMANDS.items()]),
        "",
    ]
    for name in cli.COMMANDS:
        parser = inner(cli.build_parser(name)[0])[name]
        lines += [*parser_lines(parser, f"vidcap {name}", "##"), ""]
    return "\n".join(lines)


def parser_lines(parser: argparse.ArgumentParser, title: str, level: str) -> Iterator[str]:
    """A command: what it does, its arguments, and those of commands inside of it."""
    yield from (f"{level} {title}", "")
    if parser.description:
        yield from (text_block(parser.description), "")
    rows = [row(action) for action in parser._actions if shown(action)]
    if rows:
        yield from (*table(["argument", "meaning"], rows), "")
    if parser.epilog:
        yield from ("```text", parser.epilog.strip(), "```", "")
    for name, each in inner(parser).items():
        yield from parser_lines(each, f"{title} {name}", level + "#")


def inner(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands inside of a command."""
    return {
        k: v
        for a in parser._actions
        if isinstance(a, argparse._SubParsersAction)
        for k, v in a.choices.items()
    }


def shown(action: argparse.Action) -> bool:
    """Whether an argument is listed: all but help and commands inside of the command."""
    quiet = isinstance(action, (argparse._HelpAction, argparse._SubParsersAction))
    return not quiet and action.help is not argparse.SUPPRESS


def row(action: argparse.Action) -> list[str]:
    """An argument: how it is typed, and its help."""
    values = "|".join(map(str, action.choices)) if action.choices else action.metavar or action.dest.upper()
    value = "" if action.nargs == 0 else " ".join(values) if isinstance(values, tuple) else str(values)
    names = ", ".join(action.option_strings)
    typed = f"{names} {value}".strip() if names else str(action.metavar or action.dest)
    about = (action.help or "").replace("%%", "%").replace("%(default)s", str(action.default))
    return [code(typed), about]


def python_page() -> str:
    """The functions of the package, what they give, and examples that a test runs in their order."""
    lines = [
        "# Python",
        "",
        "The functions of `vidcap_core`, with examples that run one after the other.",
        "",
    ]
    for name in ("train", "test", "predict", "load"):
        lines += [*function_lines(getattr(vidcap_core, name), f"vidcap_core.{name}", "##"), ""]
        lines += ["```python", EXAMPLES[name].strip(), "```", ""]
    lines += ["## What they give", ""]
    given: list[tuple[type[Any], tuple[str, ...]]] = [
        (saved_run.RunFolder, ("config", "checkpoints", "predictions", "scores")),
        (evaluate.Evaluation, ("value",)),
        (types.Prediction, ("text",)),
        (types.Clip, ("span",)),
        (types.Event, ()),
        (captions.Captions, ()),
        (file_captioner.FileCaptioner, ("__call__", "each", "with_decoding")),
    ]
    for kind, names in given:
        lines += [f"### {kind.__name__}", "", prose(inspect.getdoc(kind) or ""), ""]
        if dataclasses.is_dataclass(kind) and kind is not captions.Captions:
            lines += [*table(["field", "type", "meaning"], [[a, b, d] for a, b, _, d in record(kind)]), ""]
        for name in names:
            member = getattr(kind, name, None)
            if callable(member):
                title = f"{kind.__name__}.{name}" if name != "__call__" else f"{kind.__name__}(...)"
                lines += [*function_lines(member, title, "####"), ""]
            elif isinstance(member, property):
                lines += [f"`{name}`: {inspect.getdoc(member) or ''}", ""]
    return "\n".join(lines)


def record(kind: type[Any]) -> Iterator[list[str]]:
    """The fields of a record, whose types need not be importable."""
    notes = comments(kind)
    for field in dataclasses.fields(kind):
        yield [f"`{field.name}`", code(str(field.type)), "", notes.get(field.name, "")]


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


def api_page() -> str:
    """What a plugin may import from `vidcap_core.api`, with the first line of each docstring."""
    lines = ["# What plugins import", "", "All of `vidcap_core.api`, the one module that a plugin needs.", ""]
    lines += ["[A method of your own](../plugins.md) shows them at work.", ""]
    rows = []
    for name in sorted(api.__all__, key=str.lower):
        value = getattr(api, name)
        about = inspect.getdoc(value) or ""
        kind = "class" if inspect.isclass(value) else "function" if inspect.isroutine(value) else "value"
        where = value.__module__ if kind != "value" else ""
        rows.append([f"`{name}`", kind, code(where), about.partition("\n\n")[0] if where else ""])
    return "\n".join([*lines, *table(["name", "", "defined in", "what it is"], rows)])


def errors_page() -> str:
    """Exit codes, and the errors that a program can catch."""
    lines = ["# Errors and exit codes", "", "How commands end, and what a program can catch.", ""]
    lines += ["## Exit codes", ""]
    codes = [
        ["0", "it worked"],
        [
            str(outcome.FAILED),
            "it ran, and something failed: files that cannot be read (`caption`, `find`, `features`), "
            "data or a machine that is broken (`data check`, `doctor`), a promise that a plugin breaks (`conform`), "
            "or an internal error, which is a fault of vidcap or of a plugin (`--debug` shows where)",
        ],
        [
            str(outcome.WRONG_INPUT),
            "something that you can mend: the message says what, where, and what to type next",
        ],
        [
            str(outcome.INTERRUPTED),
            "it was interrupted (Ctrl-C, or a polite kill); `vidcap-run` says how to go on",
        ],
    ]
    lines += [*table(["code", "meaning"], codes), ""]
    lines += ["With `--debug`, or in Python, an error is raised with its traceback.", "", "## Classes", ""]
    lines += [
        "All are `vidcap_core.errors.UserError`: `message` is what is wrong, `hint` what to type next.",
        "",
    ]
    rows = [
        [
            f"`{name}`",
            code(" < ".join(parent.__name__ for parent in parents(value))),
            prose(inspect.getdoc(value) or ""),
        ]
        for name, value in errors_in(errors)
    ]
    lines += [*table(["error", "kind of", "meaning"], rows), ""]
    lines += ["## Refusals of `vidcap serve`", "", "Status codes of HTTP: [serving](../serve.md#rest)."]
    return "\n".join(lines)


def errors_in(module: ModuleType) -> Iterator[tuple[str, type[errors.UserError]]]:
    """The errors that a module has, the base first."""
    found = {n: v for n, v in vars(module).items() if inspect.isclass(v) and issubclass(v, errors.UserError)}
    return iter(sorted(found.items(), key=lambda each: (len(each[1].__mro__), each[0])))


def parents(kind: type[errors.UserError]) -> list[type[Any]]:
    """The classes behind an error, up to Exception."""
    return [
        parent for parent in kind.__mro__[1:] if issubclass(parent, Exception) and parent is not BaseException
    ]


def prose(text: str) -> str:
    """A docstring as Markdown: `name: what it is` becomes an entry of a list; examples for a console are left out."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        entry = re.match(r"([a-z_]+(?:, [a-z_]+)*): ", line)
        if line.startswith(">>>"):
            continue
        if entry:
            if lines and lines[-1] and not lines[-1].startswith("* "):
                lines.append("")
            line = f"* `{entry[1]}`: {line[entry.end() :]}"
        elif lines and lines[-1].startswith("* ") and lines[-1].endswith(".") and line[:1].isupper():
            lines.append("")
        lines.append(line)
    return "\n".join(lines).rstrip()


def text_block(text: str) -> str:
    """A command's description; one that is laid out by hand is shown as it is."""
    return f"```text\n{text.strip()}\n```" if re.search(r"^ {2,}\S", text, re.MULTILINE) else text.strip()


def code(text: str) -> str:
    """Text as code."""
    return f"`{text}`" if text else ""


def main() -> None:
    """Write them all, and remove what is no page any more."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for stale in set(FOLDER.glob("*.md")) - {FOLDER / name for name in made}:
        stale.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
