"""`vidcap features`: make, look at and import feature stores."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap_core.cli.arguments import Subparsers

if TYPE_CHECKING:
    from vidcap_core.features.extract import Report


def add_parser(subparsers: Subparsers) -> None:
    """The arguments of `vidcap features`."""
    parser = subparsers.add_parser(
        "features", help="make, look at and import feature stores", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    extract = actions.add_parser("extract", help="videos -> a feature store; started again, it goes on")
    source = extract.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--dataset", metavar="NAME|CONFIG", help="the clips of a dataset, or of a run's config"
    )
    source.add_argument("--videos", metavar="DIR", help="every video below a folder")
    extract.add_argument("--split", action="append", help="one split only; can be repeated; without it, all")
    extract.add_argument("--root", metavar="DIR", help="the folder of the dataset")
    extract.add_argument(
        "--data", action="append", default=[], metavar="KEY=VALUE", help="further arguments of the dataset"
    )
    extract.add_argument(
        "--encoder", required=True, metavar="CONFIG", help="an encoder's name, or a config file"
    )
    extract.add_argument("--stream", metavar="NAME", help="which encoder of a config that has several")
    extract.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change one argument of the encoder"
    )
    extract.add_argument("--out", required=True, type=Path, metavar="STORE", help="the store's folder")
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
    extract.set_defaults(func=run_extract)

    inspect = actions.add_parser("inspect", help="what is in a store, and how it was made")
    inspect.add_argument("store", type=Path, help="the store's folder")
    inspect.add_argument("--verify", action="store_true", help="check every hash")
    inspect.add_argument("--json", action="store_true", help="print JSON")
    inspect.set_defaults(func=run_inspect)

    imports = actions.add_parser("import", help="h5 with a key a video, npz, or a folder of npy -> a store")
    imports.add_argument("source", type=Path, help="an .h5 or .npz file, or a folder of .npy files")
    imports.add_argument("--out", required=True, type=Path, metavar="STORE", help="the store's folder")
    imports.add_argument("--dtype", choices=("float16", "float32"), default="float16")
    imports.add_argument(
        "--note", action="append", default=[], metavar="KEY=VALUE", help="how the features were made"
    )
    imports.set_defaults(func=run_import)


def run_extract(args: argparse.Namespace) -> int:
    """Extract, then say what was skipped and why."""
    from vidcap_core.captioner.device import choose_device
    from vidcap_core.cli.console import note, progress
    from vidcap_core.datasets.extraction import Source, clips_in, clips_of, load_encoder
    from vidcap_core.datasets.locations import arguments
    from vidcap_core.errors import UserError
    from vidcap_core.features.extract import extract

    if args.videos:
        if args.split or args.root or args.data:
            raise UserError(
                "--split, --root and --data belong to --dataset", hint="leave them out with --videos"
            )
        clips, absent, packed = Source(clips_in(args.videos))
        encoder = load_encoder(args.encoder, args.set, args.stream)
    else:
        changes = arguments(args.root, (), args.data)
        encoder = load_encoder(args.encoder, args.set, args.stream)
        clips, absent, packed = clips_of(args.dataset, args.split or (), changes, encoder)
    device = choose_device(args.device)
    encoder = encoder.to(device)
    with progress("extract", len(clips)) as advance:
        report = extract(clips, encoder, args.out, args.workers, args.dtype, args.decoder, advance, packed)
    if absent:
        note(
            f"{absent} of {len(clips) + absent} clips have no video (vidcap data check lists what is missing)"
        )
    return _finish(report, args.out)


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

    if any("=" not in note for note in args.note):
        raise UserError("--note is not of the form key=value", hint="--note model=ResNeXt-101")
    notes = dict(note.split("=", 1) for note in args.note)
    with progress("import", None) as advance:
        report = import_features(args.source, args.out, args.dtype, notes, advance)
    return _finish(report, args.out)


def _finish(report: Report, out: Path) -> int:
    from vidcap_core.cli.console import show

    print(f"{out}: {report.made} made, {report.kept} already there, {len(report.skipped)} skipped")
    if report.skipped:
        show(
            [{"id": clip, "reason": reason} for clip, reason in report.skipped],
            as_json=False,
            title="skipped",
        )
    return 1 if report.skipped else 0
