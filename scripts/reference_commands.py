"""The page of all commands, made of their parsers."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from method_pages import table
from reference_text import code

from vidcap_core.cli import main as cli


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


def text_block(text: str) -> str:
    """A command's description; one that is laid out by hand is shown as it is."""
    return f"```text\n{text.strip()}\n```" if re.search(r"^ {2,}\S", text, re.MULTILINE) else text.strip()
