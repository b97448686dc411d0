"""`vidcap report RUN`: one HTML page over a run: scores, curves, and every clip with its caption."""

from __future__ import annotations

import argparse

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap report`."""
    parser = subparsers.add_parser("report", help="a page over a run", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="the run's folder")
    parser.add_argument("--split", default="val", help="which predictions to show (default: val)")
    parser.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help="clips whose frames go into the page, however long reading them takes (default: 96, 90 s)",
    )
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Write the page and say where it is."""
    import webbrowser
    from pathlib import Path

    from vidcap_core.report.run_page import write_run_report

    path = write_run_report(Path(args.run), args.split, args.frames)
    print(path)
    if args.open:
        webbrowser.open(path.resolve().as_uri())
    return 0
