"""`vidcap config show NAME` prints a resolved config; `vidcap config check NAME...` validates."""

from __future__ import annotations

import argparse

from vidcap_core.cli.arguments import Subparsers, add_changes


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap config`."""
    from vidcap_core.cli.console import add_json

    parser = subparsers.add_parser("config", help="print or check a config")
    actions = parser.add_subparsers(dest="action", required=True, metavar="show|check")
    show = actions.add_parser("show", help="print a config with its bases and changes resolved")
    show.add_argument("name", help="plugin/name, the path of a .py file, or a base: vidcap://datasets/toy.py")
    add_changes(show, "change one key: head.layers=3")
    show.add_argument(
        "--full", action="store_true", help="every key with its value, defaults too, and where it comes from"
    )
    add_json(show)
    show.set_defaults(func=run_show)
    check = actions.add_parser("check", help="validate configs: every key against the component it is for")
    check.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="plugin/name, or a .py file, or a folder of them; none: all installed",
    )
    check.add_argument(
        "--deep",
        action="store_true",
        help="read the data and build the parts too, where they are here: widths, names of parts and scores",
    )
    add_changes(check, "change one key of each: head.layers=3")
    check.set_defaults(func=run_check)


def run_show(args: argparse.Namespace) -> int:
    """Print the resolved config as Python, or as JSON."""
    from vidcap_core.config.files import load_config

    resolved = load_config(args.name, args.changes)
    if args.full:
        from dataclasses import asdict

        from vidcap_core.cli.console import print_json, table
        from vidcap_core.config.full import values
        from vidcap_core.config.validate import validate

        validate(resolved)  # a key that is wrong has no default
        rows = values(resolved)
        if args.json:
            print_json([asdict(row) for row in rows])
        else:
            table(["key", "value", "from"], [(row.key, repr(row.value), row.origin) for row in rows])
        return 0
    print(resolved.to_json() if args.json else resolved.text())
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Validate each, say what its encoders will be and all that is wrong, and exit 2 when anything is."""
    from vidcap_core.cli.console import note
    from vidcap_core.cli.outcome import WRONG_INPUT
    from vidcap_core.config import preflight
    from vidcap_core.config.files import expand_names
    from vidcap_core.config.validate import load_recipe
    from vidcap_core.errors import UserError

    broken = 0
    for name in expand_names(args.names):
        try:
            recipe = load_recipe(name, args.changes)
            if recipe.hooks:
                from vidcap_core.engine import hooks  # heavy, and few configs have any

                hooks.check(recipe)
            lines = [f"{name}: fine", *preflight.remarks(recipe), *preflight.notes(recipe)]
            if lacking := list(preflight.lacking(recipe)):
                lines.append(f"lacks here: {', '.join(lacking)}: vidcap-run {name} says where to put them")
            elif args.deep:
                from vidcap_core.engine import trial  # heavy, as what it builds

                trial.rehearse(recipe)
            print("\n".join(lines).replace("\n", "\n  "))
        except UserError as error:
            broken += 1
            note(f"error: {error}")
    return WRONG_INPUT if broken else 0
