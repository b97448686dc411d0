"""What training a config needs before there is a machine: memory, arithmetic, data, hours and disk."""

from __future__ import annotations

import argparse

from vidcap_core.cli.arguments import Subparsers, add_changes


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap plan`."""
    from vidcap_core.cli.console import add_json

    parser = subparsers.add_parser("plan", help="memory, time and disk that a config needs on a GPU")
    parser.add_argument("config", help="plugin/name, or the path of a .py file")
    parser.add_argument(
        "--gpu", default="h100", help="h100 (default), a100, 4090, ...: an unknown one lists them"
    )
    parser.add_argument("--gpus", type=int, default=1, metavar="N", help="cards a node (default: 1)")
    parser.add_argument("--nodes", type=int, default=1, metavar="N", help="machines (default: 1)")
    add_changes(parser, "change one key: runtime.batch=64")
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Measure the config's updates on tensors without data, and print what that means on the card."""
    from vidcap_core.config.validate import load_recipe
    from vidcap_core.engine.gpus import gpu
    from vidcap_core.errors import UserError

    card = gpu(args.gpu)
    for option, count in (("--gpus", args.gpus), ("--nodes", args.nodes)):
        if count < 1:
            raise UserError(f"{option} {count}: at least 1")
    recipe = load_recipe(args.config, args.changes)
    from vidcap_core.cli.console import print_json
    from vidcap_core.engine.plan.plan import plan  # heavy
    from vidcap_core.engine.plan.words import as_data, lines

    made = plan(recipe, card, args.gpus * args.nodes)
    if args.json:
        print_json(as_data(made))
    else:
        print("\n".join(lines(made)))
    return 0
