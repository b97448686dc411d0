"""The options of work that several machines share: a cluster of Ray, or a part for each process."""

from __future__ import annotations

import argparse


def add_cluster(group: argparse._ArgumentGroup, copies: str) -> None:
    """Which engine, and how large. copies: what each actor holds."""
    group.add_argument("--engine", choices=("local", "ray"), default="local", help="what runs the stages")
    group.add_argument(
        "--address", metavar="HOST:PORT|auto", help="a Ray cluster (default: one on this machine)"
    )
    group.add_argument("--actors", type=int, metavar="N", help=f"copies of the {copies} on the cluster (2)")
    group.add_argument(
        "--gpus-per-actor", type=float, metavar="G", help="GPUs of each copy (default: 0; 0.5 is half of one)"
    )
    group.add_argument(
        "--shard",
        metavar="I/N",
        help="do part I of N, from 0, beside other processes (default: the task of a SLURM array)",
    )


def refuse_stray(args: argparse.Namespace) -> None:
    """Refuse options of a cluster without one, and numbers that no cluster can have."""
    from vidcap_core.errors import UserError

    cluster = {"--address": args.address, "--actors": args.actors, "--gpus-per-actor": args.gpus_per_actor}
    given = [name for name, value in cluster.items() if value is not None]
    if given and args.engine != "ray":
        raise UserError(f"{given[0]} belongs to a cluster", hint="--engine ray")
    if (1 if args.actors is None else args.actors) < 1 or (args.gpus_per_actor or 0) < 0:
        raise UserError("--actors is at least 1, and --gpus-per-actor at least 0", hint="--actors 2")
