"""`vidcap`: one small module a command, imported only when that command is typed."""

from __future__ import annotations

import argparse
import difflib
import importlib
import keyword
import sys
from collections.abc import Sequence

from vidcap_core.cli.arguments import Parser, Subparsers
from vidcap_core.cli.outcome import guarded
from vidcap_core.errors import UserError
from vidcap_core.zoo.version import __version__

COMMANDS: dict[str, str] = {
    "run": "train, test or predict what a config describes; vidcap-run is short for it",
    "list": "what is installed: encoders, heads, losses, datasets, transforms, metrics, tokenizers, configs, models",
    "plugins": "the installed plugins, and why a broken one is broken",
    "demo": "train on built-in toy videos, score, caption a clip: minutes, and nothing is downloaded",
    "info": "a method's card, or what a component is: arguments, defaults, the configs that use it",
    "config": "print a resolved config, or check one",
    "plan": "memory, time and disk that training a config needs on a GPU, before there is one",
    "doctor": "check this machine: versions, GPU, decoder, caches, known conflicts",
    "score": "caption metrics of a file of predictions, each with its signature",
    "compare": "whether two systems differ, with confidence intervals",
    "data": "where datasets lie, prepare one, check one",
    "features": "extract, inspect and import feature streams",
    "sweep": "run a grid of configs, seeds and folds, and make the table",
    "report": "one page over a run: scores, curves, every clip with its caption",
    "caption": "caption video files with a run or a bundle",
    "job": "how far a large caption job is; its rows as one file",
    "find": "search films and pictures by a text",
    "serve": "a page on this computer that captions videos, and a REST interface",
    "export": "write a run's captioner as a bundle, ready to caption",
    "import": "turn a checkpoint that a method's authors published into a bundle",
    "push": "upload a bundle to the Hugging Face hub",
    "pull": "download a bundle from the Hugging Face hub",
    "conform": "check what an installed plugin promises",
    "completion": "what a shell needs to complete commands, options and configs",
    "new": "write the skeleton of a plugin of your own",
}
"""Command -> what it does; the command `x` is the module `vidcap_core.cli.x` (`import_` of `import`)."""

PACKAGE = "vidcap_core.cli"
EPILOG = """\
configs to train:              vidcap list configs
help on a command:             vidcap COMMAND --help
"""


def build_parser(typed: str | None) -> tuple[Parser, list[str]]:
    """The parser, with the arguments of the typed command only, and the names of all commands."""
    parser = Parser(
        prog="vidcap",
        description="A model zoo for video captioning in which a paper is a package.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"vidcap {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers: Subparsers = parser.add_subparsers(  # type: ignore[assignment]  # of parsers of our class
        dest="command", metavar="COMMAND", title="commands", required=True
    )
    commands = {name: (f"{PACKAGE}.{_module(name)}", summary) for name, summary in COMMANDS.items()}
    commands |= _plugin_commands(typed)
    for name, (module, summary) in commands.items():
        if name == typed:
            _add(module, name, subparsers)
        else:
            subparsers.add_parser(name, help=summary)
    return parser, list(commands)


def _module(command: str) -> str:
    """The module of a command, which has a line below where Python keeps the name for itself."""
    return f"{command}_" if keyword.iskeyword(command) else command


def _add(module: str, name: str, subparsers: Subparsers) -> None:
    """Import one command and add its arguments; its docstring is its description, unless it gives another."""
    try:
        command = importlib.import_module(module)
    except ImportError as error:
        raise UserError(
            f"the command '{name}' ({module}) cannot be imported: {error}", hint="vidcap doctor"
        ) from error
    command.add_parser(subparsers)
    added = subparsers.choices[name]
    added.description = added.description or (command.__doc__ or "").strip()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["run"]:  # it has a debug option and an end of its own
        from vidcap_core.cli import run

        return run.main(arguments[1:], "vidcap run")
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    typed = next((argument for argument in arguments if not argument.startswith("-")), None)

    def command() -> int:
        parser, names = build_parser(typed)
        if typed is not None and typed not in names:
            close = difflib.get_close_matches(typed, names, n=1)
            meant = f"did you mean '{close[0]}'?" if close else f"commands: {', '.join(names)}"
            raise UserError(f"vidcap has no command '{typed}'; {meant}")
        if not arguments:
            parser.print_help()
            return 0
        args = parser.parse(arguments)
        return int(args.func(args))

    return guarded(command, debug)


def _plugin_commands(typed: str | None) -> dict[str, tuple[str, str]]:
    """Commands that plugins add; ours win, so a plugin cannot replace one."""
    if typed in COMMANDS:
        return {}
    from vidcap_core.zoo.plugins import discover

    return {
        name: (module, f"from plugin {plugin.name}")
        for plugin in discover().values()
        for name, module in plugin.commands.items()
        if name not in COMMANDS
    }


if __name__ == "__main__":
    sys.exit(main())
