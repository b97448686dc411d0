"""`vidcap serve`: a page on this computer: drop a video, watch it with its captions; and a REST interface."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from vidcap_core.cli.arguments import Subparsers, add_changes

NEEDS = {"fastapi": "fastapi", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}
"""Module -> package, of the extra `serve`."""


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap serve`."""
    parser = subparsers.add_parser("serve", help="a page that captions videos", description=__doc__)
    parser.add_argument(
        "--model",
        action="append",
        metavar="MODEL",
        help="a run folder, a bundle folder, plugin/name, or a hub id; again for more (default: those installed)",
    )
    parser.add_argument("--device", help="cpu, cuda, ... (default: a GPU where there is one)")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="STREAM",
        help="caption without this stream, though models were trained with it",
    )
    add_changes(parser, "where a base that the model leaves out lies, for a single --model: head.lm=FOLDER")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one (default: 8765)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; one of the network lets other machines in (default: this computer only)",
    )
    parser.add_argument(
        "--allow-name",
        action="append",
        default=[],
        metavar="NAME",
        help="another name of this server",
    )
    limits = parser.add_argument_group("limits")
    limits.add_argument("--max-size", type=int, default=200, metavar="MB", help="largest file (default: 200)")
    limits.add_argument(
        "--max-duration", type=float, default=600, metavar="SECONDS", help="longest video (default: 600)"
    )
    limits.add_argument("--queue", type=int, default=4, metavar="N", help="jobs that may wait (default: 4)")
    limits.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="videos at once, each with its own models (default: 1)",
    )
    limits.add_argument(
        "--timeout", type=float, default=600, metavar="SECONDS", help="longest time for a job (default: 600)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl+C."""
    from vidcap_core.cli.console import note
    from vidcap_core.errors import UserError

    missing = [package for module, package in NEEDS.items() if find_spec(module) is None]
    if missing:
        what = f"vidcap serve needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
        raise UserError(what, hint="pip install 'vidcap-core[serve]'")
    from vidcap_core.serve.server import serve
    from vidcap_core.serve.settings import Limits, Settings, public_names

    limits = Limits(args.max_size, args.max_duration, args.queue, args.workers, args.timeout)
    models = public_names(args.model or _installed())
    if args.changes and len(models) != 1:
        raise UserError(
            f"--set {args.changes[0]}: of which of these {len(models)} models: {', '.join(models)}?",
            hint="one --model, or a server for each",
        )
    names, without, changes = tuple(args.allow_name), tuple(args.without), tuple(args.changes)
    settings = Settings(models, limits, args.host, args.port, names, args.device, without, changes)
    serve(settings, note, args.open)
    return 0


def _installed() -> list[str]:
    """The models that come with installed plugins, the default one first."""
    from vidcap_core.errors import UserError
    from vidcap_core.zoo import catalogue

    models = [row["name"] for row in catalogue.rows("models")]
    if not models:
        raise UserError(
            "no model is installed", hint="--model MODEL, or pip install vidcap-plugin-default-model"
        )
    return models
