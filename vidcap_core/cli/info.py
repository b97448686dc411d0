"""`vidcap info NAME`: a plugin's card, or what a component is: arguments, defaults, the configs that use it."""

from __future__ import annotations

import argparse
from typing import Any

from vidcap_core.cli.arguments import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap info`."""
    from vidcap_core.cli.console import add_json

    parser = subparsers.add_parser("info", help="a method's card, or what a component is")
    parser.add_argument(
        "name", help="a plugin (mffcl), a config of it (mffcl/toy), a card.yaml, or a component (TokenLoss)"
    )
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the card, or the component."""
    from vidcap_core.cli.console import print_json, table
    from vidcap_core.zoo import cards

    if (pages := _components(args.name)) is not None:
        if args.json:
            print_json(pages)
        else:
            for page in pages:
                _print_component(page)
        return 0
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


def _components(name: str) -> list[dict[str, Any]] | None:
    """What goes by this name, of every kind; None where it is a plugin, a config or a file."""
    from vidcap_core.errors import PluginError
    from vidcap_core.zoo import plugins, published
    from vidcap_core.zoo.registry import REGISTRIES

    key = name.replace("-", "_").removeprefix("vidcap_plugin_")
    if "/" in name or ":" in name or name.endswith((".yaml", ".yml")) or key in plugins.discover():
        return None
    entries = [
        (kind, entry)
        for kind, table in REGISTRIES.items()
        for entry in table
        if name in (entry.name, entry.full_name)
    ]
    if entries:
        from vidcap_core.config.usage import as_data  # heavy parts are imported, as the component is

        return [as_data(kind, entry, REGISTRIES[kind].load(entry.full_name)) for kind, entry in entries]
    if key in published.PLUGINS or plugins.broken(key):
        return None
    from vidcap_core.zoo.arguments import meant

    known = [known for table in REGISTRIES.values() for known in table.names()]
    close = meant(name, [*plugins.discover(), *known])
    suggestion = close if "did you mean" in close else ""
    raise PluginError(f"no plugin and no component is named '{name}'{suggestion}", hint="vidcap list")


def _print_component(page: dict[str, Any]) -> None:
    from vidcap_core.cli.console import table

    owner = "the core" if page["plugin"] == "core" else f"the plugin {page['plugin']}"
    print(f"{page['name']}: a {page['kind']} of {owner} ({page['where']})\n\n{page['about']}\n")
    if page["arguments"]:
        rows = [(row["argument"], row["type"], row["default"]) for row in page["arguments"]]
        table(["argument", "type", "default"], rows)
    else:
        print("it takes no arguments")
    print(f"\nused in: {', '.join(page['used']) or 'no config that is installed'}")
