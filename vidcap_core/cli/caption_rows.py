"""The part of `vidcap caption` that fills a folder with rows: large jobs, on this machine or on a cluster."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from vidcap_core.cli.cluster_options import add_cluster, refuse_stray

if TYPE_CHECKING:
    from vidcap_core.captioning.file_captioner import FileCaptioner
    from vidcap_core.captioning.inputs import Inputs
    from vidcap_core.captioning.spans import Every
    from vidcap_core.jobs.job import Engine

ROWS = ("jsonl", "parquet", "webdataset")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of large jobs."""
    large = parser.add_argument_group("large jobs (docs/scale.md)")
    large.add_argument(
        "--rows",
        choices=ROWS,
        help="fill --out, a folder or a URL, with shards of a row a clip; errors are rows too",
    )
    add_cluster(large, "model")
    large.add_argument("--retry", action="store_true", help="try files again that failed before")


def wanted(args: argparse.Namespace) -> bool:
    """Whether rows are to be written; refuses options that belong to them where they are not."""
    from vidcap_core.errors import UserError

    if args.rows or args.engine == "ray" or args.shard:
        if not args.out:
            raise UserError("rows go into a folder", hint="--out DIR, or --out s3://BUCKET/DIR")
        if args.format != "text":
            raise UserError(
                f"--format {args.format} makes a file a video; here shards of rows are made",
                hint="--rows jsonl, parquet or webdataset, and no --format",
            )
        if args.rows == "webdataset" and args.every:
            raise UserError("--rows webdataset holds whole files", hint="without --every, or --rows jsonl")
        refuse_stray(args)
        return True
    for name in ("address", "actors", "gpus_per_actor", "retry"):
        if getattr(args, name):
            raise UserError(
                f"--{name.replace('_', '-')} belongs to large jobs", hint="--rows jsonl --out DIR"
            )
    return False


def run(
    args: argparse.Namespace,
    inputs: Inputs,
    every: Every,
    captioner: FileCaptioner,
    bad: list[tuple[str, str]],
) -> int:
    """Fill the folder; `bad` gets the files that failed, with reasons."""
    import json
    from pathlib import Path

    from vidcap_core.captioning.caption_job import Job
    from vidcap_core.captioning.progress import progress
    from vidcap_core.cli.console import note, on_terminal
    from vidcap_core.cli.outcome import FAILED, INTERRUPTED
    from vidcap_core.files.remote import Source
    from vidcap_core.jobs.job import caption
    from vidcap_core.jobs.output import Output
    from vidcap_core.jobs.shards import check_form
    from vidcap_core.jobs.share import parse

    form = args.rows or "jsonl"
    check_form(form)
    share = parse(args.shard, os.environ)
    sources: list[Source] = [Path(os.path.abspath(file)) for file in inputs.files]
    sources += inputs.elsewhere
    facts = Job(captioner, every=every).facts()
    output = Output(args.out)
    output.claim(form, facts)
    about = {"model": captioner.name, "weights": facts["weights"], "decoding": json.dumps(facts["decoding"])}
    total = len(share.of(sources))
    try:
        with progress(total, on_terminal(sys.stderr), note) as moving:
            done = caption(
                lambda: _engine(args, captioner, every),
                sources,
                output,
                share,
                form,
                about,
                moving.file,
                args.retry,
            )
    except KeyboardInterrupt:
        note(f"interrupted; what is finished is kept in {args.out}; the same command goes on")
        return INTERRUPTED
    bad += done.failed
    note(f"{args.out}: {done.made} captioned, {done.kept} were finished before, {len(done.failed)} failed")
    return FAILED if bad else 0


def _engine(args: argparse.Namespace, captioner: FileCaptioner, every: Every) -> Engine:
    if args.engine == "local":
        from vidcap_core.jobs.local_engine import LocalEngine

        return LocalEngine(captioner, every, args.batch, args.workers)
    from vidcap_core.jobs.ray_engine import RayEngine, everywhere

    assert captioner.recipe is not None  # it was loaded by its name
    return RayEngine(
        replace(everywhere(captioner.recipe), device=args.device),
        captioner.reader.wanted,
        every,
        args.batch,
        args.actors or 2,
        args.gpus_per_actor or 0.0,
        args.address,
    )
