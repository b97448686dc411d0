"""`vidcap new NAME`: write the skeleton of a plugin of your own, ready to install, test and train."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap new`."""
    parser = subparsers.add_parser("new", help="write a plugin's skeleton")
    parser.add_argument("name", help="the plugin's name, as in `vidcap-run NAME/toy`")
    parser.add_argument(
        "--kind",
        default="head",
        help="what it brings: head (default), encoder, derived-encoder, loss, dataset, transform, metric, "
        "tokenizer, panel, writer, model-head, command, bundle",
    )
    parser.add_argument(
        "--into", type=Path, metavar="FOLDER", help="where to write it (default: ./vidcap-plugin-NAME)"
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Write it, and say what to type next."""
    from vidcap_core.testing import scaffold

    folder = scaffold.write(args.name, args.into, args.kind)
    name = scaffold.plugin_name(args.name)
    print(f"wrote {folder}; check it: vidcap conform {name}, after: pip install -e {folder}")
    print(f"then:\n  {scaffold.first_use(args.name, args.kind)}\n  python {folder}/tests/test_plugin.py")
    return 0
