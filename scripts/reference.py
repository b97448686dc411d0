"""Write docs/reference from the code: `python scripts/reference.py`; again after a component, key or option changed.

A page for each kind of component (this project's: the core's and those of the plugins in plugins/), for the sections of
a config, the commands, Python, what plugins import, and errors. tests/test_reference.py compares them with the code.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from method_pages import table
from reference_commands import commands_page
from reference_python import python_page
from reference_text import code, fields, prose

from vidcap_core import api, errors
from vidcap_core.cli import outcome
from vidcap_core.config import schema, usage
from vidcap_core.contracts import generate_settings
from vidcap_core.zoo import published
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
