"""`vidcap score`: caption metrics of a file of predictions, each with its signature."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap_core.cli.arguments import Subparsers

if TYPE_CHECKING:
    from vidcap_core.contracts.types import Clip


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap score`: those of `vidcap-score`, and where the videos are."""
    from vidcap_metrics.cli.score import add_arguments

    parser = subparsers.add_parser("score", help="metrics of a file of predictions", description=__doc__)
    add_arguments(parser)
    add_videos(parser)
    parser.set_defaults(func=run)


def add_videos(parser: argparse.ArgumentParser) -> None:
    """Where the videos are; metrics that look at them come with plugins."""
    parser.add_argument(
        "--videos",
        type=Path,
        metavar="PATH",
        help="for metrics that look at videos: a folder whose files are named by clip, or JSON {clip: path}",
    )


def chosen_videos(args: argparse.Namespace) -> Mapping[str, Clip] | None:
    """The videos by clip, where some were named."""
    from vidcap_core.video.by_clip import videos_by_clip

    return videos_by_clip(args.videos) if args.videos else None


def run(args: argparse.Namespace) -> int:
    """Print the table; metrics of plugins are known here, too."""
    from vidcap_core.cli.console import show
    from vidcap_core.zoo.registry import METRICS
    from vidcap_metrics.cli import score

    return score.run(args, METRICS.load, chosen_videos(args), lambda rows: show(rows, as_json=False))
