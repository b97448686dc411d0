"""`vidcap info NAME`: the card of a plugin, or of the plugin a config belongs to."""

from __future__ import annotations

import argparse

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap info`."""
    from vidcap_core.cli.console import add_json

    parser = subparsers.add_parser("info", help="a method's card")
    parser.add_argument("name", help="a plugin (mffcl), a config of it (mffcl/toy), or a card.yaml")
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the card."""
    from vidcap_core.cli.console import print_json, table
    from vidcap_core.zoo import cards

    card = cards.find(args.name)
    if args.json:
        print_json(cards.to_data(card))
        return 0
    print(card.title, "", card.summary, "", sep="\n")
    if card.paper is not None:
        paper = card.paper
        print(f"paper    {paper.title}\n         {', '.join(paper.authors)}; {paper.venue}, {paper.year}")
        for label, link in (("read", paper.url), ("code", paper.code)):
            if link:
                print(f"{label:<9}{link}")
    print(f"licence  {card.licence}\n")
    if card.parameters:
        table(["part", "parameters"], [(part, f"{count:,}") for part, count in card.parameters.items()])
        print()
    if card.facts:
        table(["status", "what", "source"], [(fact.status, fact.what, fact.source) for fact in card.facts])
        print()
    print("measured" if card.measured else "measured: nothing yet")
    for row in card.measured:
        print(f"  {row.what}: " + ", ".join(f"{name} {value:g}" for name, value in row.values.items()))
        print(f"    on {row.clips} of {row.of} clips of {row.data}")
        print(f"    {row.config}, seed {row.seed}, commit {row.commit}")
        print(f"    {row.machine or 'machine not recorded'}")
        print(f"    {row.signature}" + (f"\n    {row.note}" if row.note else ""))
    if card.limits:
        print("\nlimits", *(f"  - {limit}" for limit in card.limits), sep="\n")
    return 0
