"""`vidcap run CONFIG`, or `vidcap-run CONFIG`: train, test or predict what a config describes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from vidcap_core.cli.arguments import Parser, Subparsers, add_changes
from vidcap_core.cli.outcome import INTERRUPTED, guarded
from vidcap_core.engine import slurm
from vidcap_core.engine.follow import follow_launcher
from vidcap_core.zoo.version import __version__

EPILOG = """\
examples:
  vidcap-run core/toy                              train on the built-in toy videos, score, report
  vidcap-run mffcl/msrvtt --set runtime.batch=8    change one key
  vidcap-run mffcl/msrvtt test                     score the best checkpoint of the run
  vidcap-run mffcl/msrvtt --resume                 go on where the run stopped
  vidcap-run my_config.py --nproc 2                two processes on this machine

configs that are installed: vidcap list configs
"""


AMP = ("off", "bf16", "fp16")
ABOUT = "Train, test or predict what a config describes."


def build_parser(prog: str = "vidcap-run") -> Parser:
    """The arguments of `vidcap-run`."""
    parser = Parser(
        prog=prog, description=ABOUT, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    _add_arguments(parser)
    return parser


def add_parser(subparsers: Subparsers) -> None:
    """The same as those of `vidcap run`, which `main` runs."""
    _add_arguments(subparsers.add_parser("run", help=ABOUT, description=ABOUT))


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="plugin/name, or the path of a .py file")
    parser.add_argument(
        "task",
        nargs="?",
        choices=("train", "test", "predict"),
        default="train",
        help="train (the default) with scores at its end, test, or predict",
    )
    parser.add_argument(
        "--work-dir", type=Path, metavar="DIR", help="the run's folder (default: runs/PLUGIN-CONFIG)"
    )
    parser.add_argument("--resume", action="store_true", help="go on where the run in the work dir stopped")
    parser.add_argument(
        "--force-resume", action="store_true", help="go on although the config or the data changed since"
    )
    add_changes(parser, "change one key of the config: head.layers=3")
    parser.add_argument("--split", default="test", help="what to test or predict (default: test)")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU where there is one)")
    parser.add_argument("--seed", type=int, help="short for --set seed=N")
    parser.add_argument(
        "--amp",
        choices=AMP,
        nargs="?",
        const="bf16",
        help="mixed precision, short for --set runtime.amp=...; alone: bf16",
    )
    parser.add_argument(
        "--nproc", type=int, default=1, metavar="N", help="processes on this machine, one a GPU"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, only errors and the end")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--version", action="version", version=f"vidcap {__version__}")


def main(argv: Sequence[str] | None = None, prog: str = "vidcap-run") -> int:
    """Run one config; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Before torch is imported: threads that wait by spinning make a busy machine many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    parser = build_parser(prog)
    if not arguments:
        parser.print_help()
        return 0
    debug = "--debug" in arguments
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # a polite kill says how to go on, as Ctrl-C does
    resume = [prog, *arguments, *([] if "--resume" in arguments else ["--resume"])]
    slurm.adopt(os.environ)
    worker = "LOCAL_RANK" in os.environ
    follow_launcher()

    def command() -> int:
        try:
            return _run(parser.parse(_with_amp(arguments)), arguments)
        except KeyboardInterrupt:
            if worker:  # the process that started it says so
                return INTERRUPTED
            raise

    code = guarded(command, debug, after_interrupt=f"go on with: {' '.join(resume)}")
    if worker:  # gloo's threads now and then abort a process that ends in the usual way
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _with_amp(arguments: Sequence[str]) -> list[str]:
    """The arguments, where `--amp` alone takes nothing that stands behind it for its value."""
    following = [*arguments[1:], ""]
    return [
        "--amp=bf16" if word == "--amp" and behind not in AMP and not behind.isalnum() else word
        for word, behind in zip(arguments, following, strict=True)
    ]


def _run(args: argparse.Namespace, arguments: list[str]) -> int:
    from vidcap_core.config import preflight, validate
    from vidcap_core.config.files import load_config

    changes = list(args.changes)
    changes += [] if args.seed is None else [f"seed={args.seed}"]
    changes += [] if args.amp is None else [f"runtime.amp={args.amp}"]
    resolved = load_config(args.config, changes)
    recipe = validate.validate(resolved)  # before any process is started, so that an error is said once

    from vidcap_core.cli.console import note
    from vidcap_core.engine import hooks, launch, runs
    from vidcap_core.saved import run as saved_run
    from vidcap_core.saved.load import holds_head

    run = saved_run.RunFolder(args.work_dir or saved_run.default_path(resolved))
    if "LOCAL_RANK" not in os.environ:
        splits = ("train", recipe.scoring.settings.split) if args.task == "train" else (args.split,)
        hooks.check(recipe)
        head = recipe.runtime.save == "trained" or not holds_head(run)
        preflight.check(recipe, splits, tokenizer=not run.tokenizer.is_file(), head=head)
        for line in preflight.notes(recipe) if args.task == "train" and not args.quiet else ():
            note(line)

    if args.nproc != 1 and "LOCAL_RANK" not in os.environ:
        return launch.launch(args.nproc, arguments)
    if args.task == "train":
        runs.train(
            recipe,
            work_dir=args.work_dir,
            resume=args.resume,
            force_resume=args.force_resume,
            device=args.device,
            quiet=args.quiet,
        )
        return 0
    task = runs.test if args.task == "test" else runs.predict
    task(recipe, work_dir=args.work_dir, split=args.split, device=args.device, quiet=args.quiet)
    if args.task == "predict" and not args.quiet:
        note(f"predictions: {run.predictions(args.split)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
