"""Parts of the tests of `vidcap features`."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap_core.cli import features as command


def tiny_encoder(frames: int) -> list[str]:
    """Arguments for a small image network with random weights."""
    return [
        "--encoder",
        "TimmImage",
        "--set",
        "model=test_resnet",
        "--set",
        "pretrained=False",
        "--set",
        f"frames={frames}",
    ]


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return parser.parse_args(["features", *arguments])


def vidcap_features(*arguments: str) -> int:
    args = parse(*arguments)
    return int(args.func(args))


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}
