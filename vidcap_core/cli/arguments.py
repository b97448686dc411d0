"""How commands read their arguments: in any order, and with what was meant where one is misspelt."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

from vidcap_core.errors import UserError
from vidcap_core.zoo.arguments import meant

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are user errors; those of its commands are of the same class."""

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments, in any order: `a.mp4 --beam 3 b.mp4` too, which `parse_args` does not take."""
        words = list(words)
        commands = next((a for a in self._actions if isinstance(a, argparse._SubParsersAction)), None)
        if commands is not None:
            inner = commands.choices.get(words[0]) if words else None
            if not isinstance(inner, Parser):
                return self.parse_args(words)  # help, or nothing that could be run
            args = inner.parse(words[1:])
            setattr(args, commands.dest, words[0])
            return args
        options = [option for action in self._actions for option in action.option_strings]
        self._refuse_files(words, options)
        parse = self.parse_known_args if "--" in words else self.parse_known_intermixed_args
        args, rest = parse(words)
        if rest:
            self._refuse(rest[0], options)
        return args

    def error(self, message: str) -> NoReturn:
        """A complaint of argparse's own."""
        raise UserError(f"{self.prog}: {message}", hint=f"{self.prog} --help")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            raise argparse.ArgumentError(action, f"there is no '{value}'{meant(str(value), action.choices)}")

    def _refuse_files(self, words: Sequence[str], options: Sequence[str]) -> None:
        """Refuse `-clip.mp4`, which would be read as `-c`."""
        for word in words[: words.index("--")] if "--" in words else words:
            if word.startswith("-") and word not in ("-", *options) and Path(word).exists():
                raise UserError(f"'{word}' starts with -, so it reads as an option", hint=f"./{word}")

    def _refuse(self, word: str, options: Sequence[str]) -> NoReturn:
        if word.startswith("-"):
            self.error(f"there is no option '{word}'{meant(word.partition('=')[0], options)}")
        self.error(f"'{word}' is one argument too many")


def add_changes(parser: argparse.ArgumentParser, what: str) -> None:
    """`--set KEY=VALUE`, as often as wanted, in `changes`."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="changes",
        help=f"{what} (again for more)",
    )
