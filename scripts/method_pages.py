"""A page of the docs site for each method: its README, and what its card says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vidcap_core.zoo import cards


def method_page(readme: str, card_file: Path) -> str:
    """The README under the card's title, with the card behind it."""
    card = cards.read(card_file)
    body = re.sub(r"\A# .*\n", f"# {card.title}\n", readme)
    return "\n".join([body.rstrip(), "", *card_lines(card), ""])


def card_lines(card: cards.Card) -> Iterator[str]:
    """The card as Markdown."""
    yield from ("## The card", "", card.summary, "")
    if card.paper is not None:
        links = [
            f"[{label}]({url})" for label, url in (("read", card.paper.url), ("code", card.paper.code)) if url
        ]
        about = (
            f"*{card.paper.title}*, {', '.join(card.paper.authors)}; {card.paper.venue}, {card.paper.year}"
        )
        yield from (f"Paper: {about}. {' · '.join(links)}".rstrip(), "")
    yield from (f"Licence: {card.licence}.", "")
    if card.parameters:
        rows = [[part, f"{count:,}"] for part, count in card.parameters.items()]
        yield from ("### Parameters", "", *table(["part", "parameters"], rows), "")
    if card.facts:
        rows = [[fact.what, fact.status, fact.source or ""] for fact in card.facts]
        yield from ("### What is known, inferred and decided", "")
        yield from (*table(["what", "status", "source"], rows), "")
    yield from ("### What was measured", "")
    for row in card.measured:
        values = ", ".join(f"{name} {value:g}" for name, value in row.values.items())
        where = f"{row.clips:,} of {row.of:,} clips of {row.data}; `{row.config}`, seed {row.seed}, commit {row.commit}"
        yield f"* **{row.what}**: {values}. On {where}; machine: {row.machine or 'not recorded'}. `{row.signature}`"
        if row.note:
            yield f"  {row.note[0].upper()}{row.note[1:].rstrip('.')}."
    if not card.measured:
        yield "Nothing yet."
    if card.limits:
        yield from ("", "### What it cannot do", "", *(f"* {limit}" for limit in card.limits))


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """A table of Markdown."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
