"""Which metrics were meant, and what the command line says of some of them."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidcap_metrics.cli.console import note
from vidcap_metrics.errors import UserError
from vidcap_metrics.names import DEFAULT, DENSE, METRICS
from vidcap_metrics.own_files import hold_events

EMOTION, PARAGRAPH = ("full", "epan"), ("published", "ptb")
"""The protocols of two metrics."""


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Options of single metrics, and how texts are read."""
    parser.add_argument(
        "--tokenizer", default="ptb", metavar="NAME", help="ptb (the default), none, 13a, or char"
    )
    parser.add_argument(
        "--paragraphs", action="store_true", help="events as one paragraph a clip, for metrics of captions"
    )
    parser.add_argument(
        "--annotators", choices=("mean", "merged", "multi"), help="soda_c: what several reference files mean"
    )
    parser.add_argument(
        "--tious", type=_numbers, metavar="T,T", help="dense, localisation: thresholds of tIoU"
    )
    parser.add_argument(
        "--segments", type=int, metavar="N", help="dense, localisation: a blind baseline's segments"
    )
    parser.add_argument(
        "--detail", action="store_true", default=None, help="dense, localisation: each threshold's values"
    )
    parser.add_argument(
        "--protocol",
        choices=(*EMOTION, *PARAGRAPH),
        default="full",
        help="emotion: full (the default), or epan; paragraph: published (the default), or ptb",
    )


def chosen(args: argparse.Namespace) -> dict[str, Any]:
    """What was typed of the options of single metrics."""
    typed = {name: getattr(args, name) for name in ("annotators", "tious", "segments", "detail", "garbage")}
    typed["protocol"] = args.protocol if args.protocol in PARAGRAPH else None
    return {name: value for name, value in typed.items() if value is not None}


def metric_names(
    typed: str | None, predictions: Path, references: Sequence[Path], paragraphs: bool
) -> list[str]:
    """The metrics that were named; without, those of events for files of events, those of captions for others."""
    if typed is not None:
        names = [_meant(name.strip()) for name in typed.split(",") if name.strip()]
        if not names:
            raise UserError(
                "--metrics names no metric", hint="--metrics bleu,cider-d, or leave it out for the usual"
            )
        return list(dict.fromkeys(names))
    if not paragraphs and hold_events(predictions, references):
        return list(DENSE)
    if importlib.util.find_spec("pycocoevalcap") is None:
        note("METEOR is left out, as its tables are not here: pip install 'vidcap-metrics[meteor]'")
        return [name for name in DEFAULT if name != "meteor"]
    return list(DEFAULT)


def _meant(name: str) -> str:
    """A name of ours in any case; papers' CIDEr is asked about."""
    small = name.lower()
    if small == "cider" and name != small:
        raise UserError(
            f"'{name}' is not clear: what papers call CIDEr is cider-d, and cider is the same without clipping",
            hint="--metrics cider-d",
        )
    return small if small in METRICS else name


def _numbers(text: str) -> tuple[float, ...]:
    """Numbers between 0 and 1, with commas between them."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(0 <= number <= 1 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} are no numbers between 0 and 1, as in 0.3,0.5,0.7,0.9")
    return numbers
