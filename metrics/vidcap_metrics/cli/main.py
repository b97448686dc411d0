"""`vidcap-score`: caption metrics of a file of predictions, each with its signature."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from vidcap_metrics.cli import score
from vidcap_metrics.cli.console import note
from vidcap_metrics.errors import UserError

FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Score; 0, or one short message and an exit code."""
    parser = argparse.ArgumentParser(prog="vidcap-score", description=__doc__)
    parser.add_argument("--version", action="version", version=f"vidcap-score {version('vidcap-metrics')}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    score.add_arguments(parser)
    args = parser.parse_args(argv)
    try:
        return score.run(args)
    except UserError as error:
        if args.debug:
            raise
        note(f"error: {error}")
        return WRONG_INPUT
    except KeyboardInterrupt:
        note("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if args.debug:
            raise
        note(f"internal error: {type(error).__name__}: {error}\n  try: the same command with --debug")
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
