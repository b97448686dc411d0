"""Caption video files: `vidcap caption clip.mp4 videos/ 'more/*.avi' @list.txt -`.

A PATH is a file, a folder (every video below it), a pattern in quotes, @LIST (a file with one path a line), - (such
a list, or a video, from a pipe), a URL (s3://, gs://, hf://, https://), or a .tar or .parquet that holds or names
videos. Files that cannot be read are listed at the end, and the exit code is 1 then. With --out nothing is captioned
twice: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap_core.captioning.formats import FORMATS
from vidcap_core.cli import caption_rows
from vidcap_core.cli.arguments import add_changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidcap_core.captioning.inputs import Inputs
    from vidcap_core.captioning.spans import Every

SHOWN, LONG = 10, 300
"""Of files that are not there: so many are named, and so many characters of each."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The arguments of `vidcap caption`."""
    parser = subparsers.add_parser(
        "caption",
        help="caption video files",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, folders, 'patterns', @LIST, or -")
    parser.add_argument(
        "--list", action="append", default=[], metavar="FILE", help="a file with one path a line, as @FILE"
    )
    parser.add_argument(
        "--model",
        help="a run or bundle folder, plugin/name, hf:OWNER/NAME, or with the plugin vlm a folder of transformers or "
        "http://HOST/v1#MODEL (default: the default model)",
    )
    parser.add_argument("--copy", help="a named copy of the weights (`keep` of a phase), not the best ones")
    add_changes(
        parser,
        "of a --model that is a config: change one key, head.say=each; "
        "of one that leaves out its base: where that lies, head.lm=FOLDER",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="STREAM",
        help="caption without this stream, though the model was trained with it",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--format", choices=FORMATS, default="text", help="html: one page, with frames and attention"
    )
    output.add_argument(
        "--json", action="store_const", const="jsonl", dest="format", help="short for --format jsonl"
    )
    output.add_argument(
        "--sentences", action="store_const", const=True, help="with a capital letter and a full stop"
    )
    output.add_argument(
        "--out",
        metavar="DIR",
        help="write files into this folder; started again, it goes on there",
    )
    texts = parser.add_argument_group("how texts are found (default: as the model's config says)")
    way = texts.add_mutually_exclusive_group()
    way.add_argument("--beam", type=int, metavar="N", help="beam search with N beams")
    way.add_argument("--sample", action="store_true", help="sample words from their probabilities")
    texts.add_argument("--n-best", type=int, metavar="N", help="N texts a clip, the best first")
    texts.add_argument("--seed", type=int, help="the seed of --sample (default: 0)")
    texts.add_argument(
        "--prompt", metavar="TEXT", help="words that each text goes on from; they are not printed"
    )
    texts.add_argument("--every", metavar="SECONDS|shots", help="a caption every SECONDS, or for each shot")
    machine = parser.add_argument_group("machine")
    machine.add_argument("--device", help="cpu, cuda, ... (default: a GPU where there is one)")
    machine.add_argument(
        "--batch", type=_count, default=16, metavar="N", help="clips captioned side by side (default: 16)"
    )
    machine.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help="threads that read ahead (default: one for each processor)",
    )
    caption_rows.add_arguments(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Caption, then say what was skipped and why."""
    import os
    import signal
    import tempfile

    # threads of torch that wait must not spin: they would take the processor from those that decode
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # a polite kill says how to go on, as Ctrl-C does
    from vidcap_core.captioning.inputs import find, shown
    from vidcap_core.captioning.spans import parse
    from vidcap_core.cli.console import note
    from vidcap_core.errors import UserError

    every = None if args.every is None else parse(args.every)
    if not args.paths and not args.list:
        raise UserError("no file was named", hint="vidcap caption clip.mp4")
    with tempfile.TemporaryDirectory(prefix="vidcap-") as piped:
        inputs = find(args.paths, args.list, (sys.stdin.buffer, Path(piped)))
        if not inputs.files and not inputs.elsewhere:
            reasons = "; ".join(f"{shown(name)[:LONG]}: {reason}" for name, reason in inputs.bad[:SHOWN])
            more = f"; and {len(inputs.bad) - SHOWN} more" if len(inputs.bad) > SHOWN else ""
            raise UserError(f"nothing to caption: {reasons or 'the lists are empty'}{more}")
        if inputs.others:
            note(f"files in folders that are no videos by their names, left out: {inputs.others}")
        return _caption(args, inputs, every)


def _caption(args: argparse.Namespace, inputs: Inputs, every: Every) -> int:
    from vidcap_core.captioner.panels import panel_warnings
    from vidcap_core.captioning.caption_job import Job, PageError
    from vidcap_core.captioning.file_captioner import load
    from vidcap_core.captioning.formats import Printer
    from vidcap_core.captioning.progress import progress
    from vidcap_core.captioning.results_folder import FolderError
    from vidcap_core.cli.console import note, on_terminal
    from vidcap_core.cli.outcome import FAILED, INTERRUPTED
    from vidcap_core.errors import UserError
    from vidcap_core.files.remote import Source, is_url

    rows = caption_rows.wanted(args)
    if args.out and is_url(args.out) and not rows:
        raise UserError(f"--out {args.out}: only rows go elsewhere", hint="--rows jsonl")
    files: list[Source] = [*inputs.files, *inputs.elsewhere]
    printer = None if args.out else Printer(args.format, _write, len(files))
    # on a cluster actors caption; here the model only says what it wants of a file
    device = "cpu" if args.engine == "ray" and args.device is None else args.device
    captioner = load(args.model, device, args.copy, args.without, args.changes).with_decoding(
        beam=args.beam,
        sample=args.sample,
        n_best=args.n_best,
        seed=args.seed,
        prompt=args.prompt,
        sentences=args.sentences,
    )
    if rows:
        bad = list(inputs.bad)
        try:
            return caption_rows.run(args, inputs, every, captioner, bad)
        finally:
            _list_bad(bad, note)
    job = Job(captioner, args.format, every, args.batch, args.workers, bad=list(inputs.bad))
    total = len(files)
    try:
        with progress(total, on_terminal(sys.stderr), note) as moving:
            if printer is not None:
                job.to_stream(files, printer, moving)
            else:
                with job.folder(Path(args.out)) as folder:
                    page = job.to_folder(files, folder, moving)
                note(f"{page or args.out}: {job.made} captioned, {job.kept} were finished before")
    except (FolderError, PageError) as error:
        note(f"error: {error}")
        return FAILED
    except KeyboardInterrupt:
        done = f"interrupted: {job.made + job.kept} of {total} {'file is' if total == 1 else 'files are'} finished"
        goes_on = f"and kept in {args.out}; the same command goes on"
        note(f"{done} {goes_on if args.out else '; with --out DIR such a job could go on'}")
        return INTERRUPTED
    finally:
        for line in panel_warnings(job.unexplained):
            note(f"warning: {line}")
        _list_bad(job.bad, note)
    return FAILED if job.bad else 0


def _list_bad(bad: list[tuple[str, str]], note: Callable[[str], None]) -> None:
    from vidcap_core.captioning.inputs import shown

    if bad:
        lines = [f"  {shown(name)}: {' '.join(reason.split())}" for name, reason in bad]
        note(
            "\n".join([f"{len(bad)} {'file' if len(bad) == 1 else 'files'} could not be captioned:", *lines])
        )


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"at least 1, not {value}")
    return value
