"""Writes docs/zoo.md, the table of all methods, from the cards, the configs and the table of toy runs.

python scripts/zoo.py            # write the page
python scripts/zoo.py --count    # count the parameters of each method's config, for the cards
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from method_pages import table

from vidcap_core.config.validate import load_recipe
from vidcap_core.engine.sweep_table import shown
from vidcap_core.zoo import cards, plugins
from vidcap_core.zoo.cards import Card, Method

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "zoo.md"
RUNS = ROOT / "benchmarks" / "results" / "zoo.json"
SPEED = ROOT / "benchmarks" / "results" / "zoo_speed.json"
EVENTS = ("localisation", "soda_c", "dense")
"""Metrics that only a method which finds events is scored with begin so."""
INTRO = """# All methods

<!-- written by scripts/zoo.py from the cards; change a card, and run it again -->

Each row is a method that runs here. What it reads and does is taken from its config, the rest from its card
(`vidcap info NAME`), which says of every part whether it is known, inferred or decided here. Published scores are
what their sources say, on their data and with their features: none of them was reproduced here. What was measured
here is small on purpose; the page or the card says on what."""


def main() -> None:
    """Write the page, or count."""
    if "--count" in sys.argv[1:]:
        for name, card in found():
            for config in dict.fromkeys(method.config for method in methods(card)):
                print(f"{name}  {config}: {count(f'{name}/{config}'):_}")
        return
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


def found() -> Iterator[tuple[str, Card]]:
    """The cards of this repository's plugins that bring a head or a captioner, and the core's."""
    names = sorted(path.parent.name for path in (ROOT / "plugins").glob("*/card.yaml"))
    for name in ["core", *names]:
        plugin = plugins.get(name)
        if plugin.card is not None and (plugin.components.get("heads") or plugin.bundles()):
            yield name, cards.read(plugin.card)


def methods(card: Card) -> list[Method]:
    """Those that a card names, or the one that it is about."""
    return card.methods or [Method(card.name, "toy")]


def page() -> str:
    """The whole page."""
    runs = json.loads(RUNS.read_text(encoding="utf-8")) if RUNS.is_file() else None
    known = list(found())
    rows = [row(name, card, method, runs) for name, card in known for method in methods(card)]
    head = [
        "method",
        "paper",
        "task",
        "reads",
        "parameters",
        "known / inferred / decided",
        "published",
        "measured here",
        "get it",
    ]
    lines = [INTRO, "", *table(head, rows), ""]
    lines += ["## Published scores", "", "In the units of their sources.", ""]
    lines += [*table(["method", "data", "split", "scores", "source"], published(known)), ""]
    lines += ["## Measured here", "", *toys(runs), *measured(known)]
    if SPEED.is_file():
        lines += ["## Speed", "", *speed(json.loads(SPEED.read_text(encoding="utf-8")))]
    return "\n".join(lines).rstrip() + "\n"


def row(name: str, card: Card, method: Method, runs: dict[str, Any] | None) -> list[str]:
    """A method's row."""
    config = f"{name}/{method.config}"
    status = Counter(fact.status for fact in card.facts)
    size = card.parameters.get(method.config)
    shares = f"{status['known']} / {status['inferred']} / {status['decision']}" if card.facts else "none"
    return [
        f"`{name}`: {method.name}" if method.name != name else f"`{name}`",
        paper(card, method),
        *reads(config),
        f"{size:,} (`{method.config}`)" if size else "not counted",
        shares,
        best(card, method),
        here(card, method, runs),
        get(name, method),
    ]


def paper(card: Card, method: Method) -> str:
    """Where it was published."""
    given = card.paper
    title = method.title or (given.title if given else None)
    if title is None:
        return "none"
    venue = method.venue or (given.venue if given else "")
    year = method.year or (given.year if given else "")
    url = method.url or (given.url if given and method.title is None else None)
    where = venue if str(year) in venue else f"{venue}, {year}"
    return f"[{where}]({url})" if url else f"{title}, {where}"


def reads(config: str) -> list[str]:
    """Task and streams, as the config has them."""
    recipe = load_recipe(config)
    dense = any(metric.type.startswith(EVENTS) for metric in recipe.scoring.metrics)
    streams = list(recipe.head.arguments.get("streams", {}))
    frames = [
        name for name in streams if name in recipe.encoders and _of_frames(recipe.encoders[name].target)
    ]
    said = ", ".join(
        [*(name for name in streams if name not in frames), *(f"{name} (from frames)" for name in frames)]
    )
    return ["events and their captions" if dense else "a caption per clip", said or "frames"]


def _of_frames(encoder: Any) -> bool:
    return getattr(encoder, "reads", None) == "frames"


def best(card: Card, method: Method) -> str:
    """The first published score of each data set."""
    shown: dict[str, str] = {}
    for one in card.published:
        if one.method.startswith(method.name.removesuffix("-style")):
            score = "CIDEr" if "CIDEr" in one.values else next(iter(one.values))
            shown.setdefault(one.data, f"{one.data} {one.split} {score} {one.values[score]:g}")
    return "; ".join(shown.values()) or "none found"


def here(card: Card, method: Method, runs: dict[str, Any] | None) -> str:
    """The toy row, or how many rows the card has."""
    said = []
    if runs is not None and method.row in runs["rows"]:
        cell = runs["rows"][method.row]["CIDEr-D"]
        said.append(f"toy CIDEr-D {cell['mean']:.3f} ± {cell['std']:.3f}")
    if card.measured:
        said.append(f"{len(card.measured)} more, below")
    return "; ".join(said) or "not yet"


def get(name: str, method: Method) -> str:
    """A bundle that is shipped, or the command that reads the authors' checkpoints."""
    plugin = plugins.get(name)
    importer = method.importer or (name if name in plugin.importers else None)
    if importer in plugin.importers:
        return f"`vidcap import {importer}`"
    if bundles := plugin.bundles():
        return ", ".join(f"bundle `{bundle}`" for bundle in bundles)
    trained = load_recipe(f"{name}/{method.config}").head.target
    return "comes trained" if getattr(trained, "comes_trained", False) else "train it"


def published(known: list[tuple[str, Card]]) -> list[list[str]]:
    """All published scores."""
    return [
        [one.method, one.data, one.split, values(one.values), one.source]
        for _, card in known
        for one in card.published
    ]


def toys(runs: dict[str, Any] | None) -> Iterator[str]:
    """The table of toy runs, with what it was made by."""
    if runs is None:
        yield from ("The table of toy runs is not made yet: `python benchmarks/tables.py zoo` makes it.", "")
        return
    yield (
        f"Toy videos, {runs['clips']} test clips, three seeds, 176 to 180 updates of 16 captions "
        f"(`benchmarks/rows/zoo.py`; {runs['machine']})."
    )
    yield (
        f"Mean and standard deviation over seeds, in brackets a 95 % interval over seeds and clips; * differs from "
        f"`{runs['from']}` beyond chance. So short a training says who learns fast, not who learns well."
    )
    yield ""
    scores = ("BLEU-4", "METEOR", "ROUGE-L", "CIDEr-D")
    rows = [
        [f"`{name}`", *(shown(each[score], 3) for score in scores)]
        for name, each in sorted(runs["rows"].items(), key=lambda item: -item[1]["CIDEr-D"]["mean"])
    ]
    yield from table(["row", *scores], rows)
    yield ""


def measured(known: list[tuple[str, Card]]) -> Iterator[str]:
    """What the cards say was measured."""
    rows = [
        [
            f"`{name}`",
            one.what,
            f"{one.data}, {one.clips:,} of {one.of:,} clips",
            f"`{one.config}`",
            values(one.values),
        ]
        for name, card in known
        for one in card.measured
    ]
    yield from table(["plugin", "what", "on", "config", "scores"], rows)
    yield ""


def speed(given: dict[str, Any]) -> Iterator[str]:
    """Each method against its plain PyTorch form."""
    yield (
        f"Against the same network in plain PyTorch modules, with the same weights, losses and texts "
        f"(`benchmarks/zoo_speed.py`; {given['machine']}; {given['clips']} clips, {given['clock']})."
    )
    yield "Above 1: faster than the plain form. Texts: beam search, in the plain form clip by clip without caches."
    yield ""
    rows = [
        [f"`{name}`", f"{one['training']['ratio']:.2f}", f"{one['texts']['ratio']:.2f}"]
        for name, one in given.items()
        if isinstance(one, dict) and "training" in one
    ]
    yield from table(["method", "training step", "texts"], rows)
    yield ""


def values(given: dict[str, float]) -> str:
    """Scores by name."""
    return ", ".join(f"{name} {value:g}" for name, value in given.items())


def count(config: str) -> int:
    """Parameters of a config's captioner, built untrained."""
    from vidcap_core.captioner.build import build_captioner, build_tokenizer

    recipe = load_recipe(config)
    train = recipe.data["train"].build()
    captioner = build_captioner(recipe, build_tokenizer(recipe, train))
    return sum(part.numel() for part in captioner.parameters())


if __name__ == "__main__":
    main()
