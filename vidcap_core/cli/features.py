"""`vidcap features`: make, look at and import feature stores."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap_core.cli.arguments import Subparsers
from vidcap_core.cli.cluster_options import add_cluster, refuse_stray

if TYPE_CHECKING:
    from vidcap_core.datasets.store_plan import Cluster, StorePlan
    from vidcap_core.features.extract import Report
    from vidcap_core.jobs.share import Share


def add_parser(subparsers: Subparsers) -> None:
    """The arguments of `vidcap features`."""
    parser = subparsers.add_parser(
        "features", help="make, look at and import feature stores", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    extract = actions.add_parser(
        "extract",
        help="videos -> the stores of a config, or one store; started again, it goes on",
        description="Videos -> every feature store that a run's config reads, with the encoders that it names; or, "
        "with --dataset or --videos, one store by one encoder. Started again, it goes on.",
    )
    extract.add_argument(
        "config", nargs="?", metavar="CONFIG", help="a run's config: its stores go where it reads them"
    )
    source = extract.add_mutually_exclusive_group()
    source.add_argument(
        "--dataset", metavar="NAME|CONFIG", help="one store: of the clips of a dataset, or of a run's config"
    )
    source.add_argument("--videos", metavar="DIR", help="one store: of every video below a folder")
    extract.add_argument("--split", action="append", help="one split only; can be repeated; without it, all")
    extract.add_argument("--root", metavar="DIR", help="the folder of the dataset")
    extract.add_argument(
        "--data", action="append", default=[], metavar="KEY=VALUE", help="further arguments of the dataset"
    )
    extract.add_argument("--encoder", metavar="CONFIG", help="one store: an encoder's name, or a config file")
    extract.add_argument(
        "--stream", action="append", metavar="NAME", help="this stream of a config only; can be repeated"
    )
    extract.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change one key of CONFIG, or one argument of the encoder",
    )
    extract.add_argument("--out", type=Path, metavar="STORE", help="one store: its folder")
    extract.add_argument(
        "--dry-run", action="store_true", help="of CONFIG: say what would be made, and make nothing"
    )
    extract.add_argument(
        "--workers", type=int, default=2, metavar="N", help="threads that decode (default: 2)"
    )
    extract.add_argument(
        "--dtype",
        choices=("float16", "float32"),
        default="float16",
        help="of what is stored (default: float16)",
    )
    extract.add_argument(
        "--decoder",
        choices=("pyav", "torchcodec", "decord"),
        default="pyav",
        help="what reads videos (default: pyav)",
    )
    extract.add_argument("--device", help="cpu, cuda, ...; without it, a GPU where there is one")
    add_cluster(extract.add_argument_group("large jobs (docs/scale.md)"), "encoder")
    extract.set_defaults(func=run_extract)

    inspect = actions.add_parser("inspect", help="what is in a store, and how it was made")
    inspect.add_argument("store", type=Path, help="the store's folder")
    inspect.add_argument("--verify", action="store_true", help="check every hash")
    inspect.add_argument("--json", action="store_true", help="print JSON")
    inspect.set_defaults(func=run_inspect)

    imports = actions.add_parser(
        "import", help="h5 with a key a video, npz, or a folder of npy or npz -> a store"
    )
    imports.add_argument("source", type=Path, help="an .h5 or .npz file, or a folder of .npy or .npz files")
    imports.add_argument("--out", required=True, type=Path, metavar="STORE", help="the store's folder")
    imports.add_argument("--dtype", choices=("float16", "float32"), default="float16")
    imports.add_argument(
        "--note", action="append", default=[], metavar="KEY=VALUE", help="how the features were made"
    )
    imports.add_argument(
        "--rename",
        metavar="OLD=NEW",
        help="ids there to clips here: 'video{n}=vid{n+1}' for features of MSVD that count from video0",
    )
    imports.set_defaults(func=run_import)


def run_extract(args: argparse.Namespace) -> int:
    """Extract, then say what was skipped and why."""
    from vidcap_core.errors import UserError

    refuse_stray(args)
    if args.config is not None:
        for option in ("dataset", "videos", "encoder", "out", "root", "data"):
            if getattr(args, option):
                raise UserError(
                    f"--{option} is for one store, and {args.config} says all of its stores",
                    hint=f"vidcap features extract {args.config}; its data lie elsewhere: VIDCAP_DATA=FOLDER, "
                    "or --set data.train.root=FOLDER",
                )
        return _extract_all(args)
    if not (args.dataset or args.videos):
        raise UserError(
            "nothing says of which clips",
            hint="vidcap features extract CONFIG; or --dataset NAME or --videos DIR, with --encoder and --out",
        )
    if args.dry_run:
        raise UserError(
            "--dry-run is for the stores of a config", hint="vidcap features extract CONFIG --dry-run"
        )
    if lacks := next((option for option in ("encoder", "out") if not getattr(args, option)), None):
        raise UserError(
            f"--{lacks} is missing", hint="--encoder NAME --out STORE, or: vidcap features extract CONFIG"
        )
    return _extract_one(args)


def _extract_all(args: argparse.Namespace) -> int:
    """Every store of a config: what it takes, then the work; 1 where clips were skipped."""
    from vidcap_core.captioner.device import choose_device
    from vidcap_core.cli.console import note, progress, show
    from vidcap_core.config.validate import load_recipe
    from vidcap_core.datasets.config_stores import refuse_unmade, stores_of
    from vidcap_core.datasets.store_plan import make, plan

    recipe = load_recipe(args.config, args.set)
    stores = stores_of(recipe, args.split or (), args.stream or ())
    refuse_unmade(recipe, stores)
    if not stores:
        print(f"{args.config}: its data read no stores, so nothing is to be made")
        return 0
    device, size = choose_device(args.device), 2 if args.dtype == "float16" else 4
    plans = [plan(store, args.decoder, args.dtype, device) for store in stores]
    show([_planned(each, size) for each in plans], as_json=False, title=f"{args.config}: stores")
    for each in plans:
        for line in each.lines(size):
            note(line)
    outcome, part = 0, _part(args)
    for each in plans:
        if part is not None and each.store.derived:
            note(f"{each.store.stream}: is made of other streams, by the same command without --shard")
        elif each.todo and not args.dry_run:
            with progress(each.store.stream, len(each.todo)) as advance:
                report = make(
                    each,
                    recipe,
                    args.workers,
                    args.decoder,
                    args.dtype,
                    device,
                    advance,
                    _cluster(args),
                    part,
                )
            outcome |= _finish(report, each.store.path, part)
    return outcome


def _planned(each: StorePlan, size: int) -> dict[str, object]:
    """A row of the table."""
    gigabytes, hours = each.gigabytes(size), each.hours
    return {
        "stream": each.store.stream,
        "by": each.by,
        "clips": f"{len(each.store.clips):,}",
        "there": f"{each.there:,}",
        "to make": f"{len(each.todo):,}",
        "GB": "" if gigabytes is None else f"{gigabytes:.2g}",
        "hours": "" if hours is None else f"{hours:.2g}",
        "store": str(each.store.path),
    }


def _extract_one(args: argparse.Namespace) -> int:
    """One store by one encoder."""
    from vidcap_core.captioner.device import choose_device
    from vidcap_core.cli.console import note, progress
    from vidcap_core.datasets.extraction import Source, clips_in, clips_of, load_encoder
    from vidcap_core.datasets.locations import arguments
    from vidcap_core.datasets.store_plan import refuse_packed
    from vidcap_core.errors import UserError
    from vidcap_core.features.extract import extract

    if len(args.stream or ()) > 1:
        raise UserError("one store is of one stream", hint="--stream once")
    stream = args.stream[0] if args.stream else None
    if args.videos:
        if args.split or args.root or args.data:
            raise UserError(
                "--split, --root and --data belong to --dataset", hint="leave them out with --videos"
            )
        clips, absent, packed = Source(clips_in(args.videos))
        encoder = load_encoder(args.encoder, args.set, stream)
    else:
        changes = arguments(args.root, (), args.data)
        encoder = load_encoder(args.encoder, args.set, stream)
        clips, absent, packed = clips_of(args.dataset, args.split or (), changes, encoder)
    device = choose_device(args.device)
    encoder, part, engine = encoder.to(device), _part(args), None
    if cluster := _cluster(args):
        refuse_packed(packed)
        engine = cluster(partial(load_encoder, args.encoder, tuple(args.set), stream), encoder)
    with progress("extract", len(clips)) as advance:
        report = extract(
            clips, encoder, args.out, args.workers, args.dtype, args.decoder, advance, packed, engine, part
        )
    if absent:
        note(
            f"{absent} of {len(clips) + absent} clips have no video (vidcap data check lists what is missing)"
        )
    return _finish(report, args.out, part)


def _part(args: argparse.Namespace) -> Share | None:
    """The part of this process, where there are several."""
    from vidcap_core.jobs.share import parse

    share = parse(args.shard, os.environ)
    return share if share.count > 1 else None


def _cluster(args: argparse.Namespace) -> Cluster | None:
    """What makes the engine of a cluster, where one is asked for."""
    if args.engine == "local":
        return None
    from vidcap_core.jobs.ray_encoding import RayEncoding

    return partial(
        RayEncoding,
        decoder=args.decoder,
        actors=args.actors or 2,
        gpus=args.gpus_per_actor or 0.0,
        address=args.address,
    )


def run_inspect(args: argparse.Namespace) -> int:
    """Print the facts of a store; with --verify, exit 1 when a hash is wrong."""
    from vidcap_core.cli.console import print_json, show
    from vidcap_core.features.store import FeatureStore

    store = FeatureStore(args.store)
    facts = store.facts()
    wrong = store.verify() if args.verify else []
    if args.json:
        print_json({**facts, "recipe": store.recipe, **({"wrong": wrong} if args.verify else {})})
    else:
        rows = [{"what": key, "value": value} for key, value in [*facts.items(), *store.recipe.items()]]
        show(rows, as_json=False, title=str(args.store))
        for line in wrong or (["every hash is right"] if args.verify else []):
            print(line)
    return 1 if wrong else 0


def run_import(args: argparse.Namespace) -> int:
    """Import, then say what was skipped and why."""
    from vidcap_core.cli.console import progress
    from vidcap_core.errors import UserError
    from vidcap_core.features.importers import import_features
    from vidcap_core.features.renaming import Renaming

    if any("=" not in note for note in args.note):
        raise UserError("--note is not of the form key=value", hint="--note model=ResNeXt-101")
    notes = dict(note.split("=", 1) for note in args.note)
    rename = Renaming(args.rename) if args.rename else str
    with progress("import", None) as advance:
        report = import_features(args.source, args.out, args.dtype, notes, advance, rename)
    return _finish(report, args.out)


def _finish(report: Report, out: Path, part: Share | None = None) -> int:
    from vidcap_core.cli.console import note, show
    from vidcap_core.features.parts import part_of

    if part is not None:
        note(f"part {part}: the same command without --shard puts all parts together in {out}")
        out = part_of(out, part)

    silent = f", {report.silent} without sound" if report.silent else ""
    print(f"{out}: {report.made} made, {report.kept} already there, {len(report.skipped)} skipped{silent}")
    if report.skipped:
        show(
            [{"id": clip, "reason": reason} for clip, reason in report.skipped],
            as_json=False,
            title="skipped",
        )
    return 1 if report.skipped else 0
