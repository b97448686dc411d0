"""`vidcap plugins`: the installed plugins, what each provides, and why a broken one is broken."""

from __future__ import annotations

import argparse

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap plugins`."""
    from vidcap_core.cli.console import add_json

    parser = subparsers.add_parser(
        "plugins",
        help="the installed plugins",
        epilog="VIDCAP_DISABLE_PLUGINS=a,b leaves plugins out.",
    )
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    from vidcap_core.cli.console import print_json, show
    from vidcap_core.zoo import catalogue, plugins

    if args.json:
        print_json([plugins.describe(plugin) for plugin in plugins.discover().values()])
    else:
        show(catalogue.plugin_rows(), as_json=False, title="plugins")
    return 0
