"""The scores of a page as HTML: groups side by side, signatures folded."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from vidcap_core.report.score_groups import BLIND_NOTE, DETAILS, Group, Matrix, Score, grouped


def section(scores: Sequence[tuple[str, float, str]], best: str | None) -> str:
    """All of it; `best` names the score by which the best weights are chosen. Nothing where there are no scores."""
    if not scores:
        return ""
    groups = "".join(_group(group, (best or "").lower()) for group in grouped(scores))
    return (
        '<section id="scores" aria-labelledby="scores-title">\n<h2 id="scores-title">Scores</h2>\n'
        f'<div class="groups">{groups}</div>\n</section>'
    )


def _group(group: Group, best: str) -> str:
    rows = "".join(_row(score, best) for score in group.scores)
    table = (
        f'<table class="scores" aria-label="{escape(group.title)}"><thead class="unseen"><tr>'
        f'<th scope="col">score</th><th scope="col">value</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    about = f'<p class="note">{escape(group.help)}</p>' if group.help else ""
    signatures = _signatures(group.scores)
    if group.title == DETAILS:
        table = f"<details><summary>{len(group.scores)} values</summary>{table}</details>"
    heading = f"<h3>{escape(group.title)}</h3>"
    return f'<div class="group">{heading}{about}{table}{_matrix(group.matrix)}{signatures}</div>'


def _row(score: Score, best: str) -> str:
    title = f'<span class="title">{escape(score.title)}</span>'
    if score.title != score.name:
        title += f" <code>{escape(score.name)}</code>"
    if score.name.lower() == best:
        title += ' <span class="tag">chooses the best weights</span>'
    about = f'<span class="help">{escape(score.help)}</span>' if score.help else ""
    return f'<tr><th scope="row">{title}{about}</th><td class="number">{score.text}</td></tr>'


def _matrix(matrix: Matrix | None) -> str:
    if matrix is None:
        return ""
    head = "".join(f'<th scope="col" class="number">{escape(name)}</th>' for name in matrix.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f'<td class="number">{"–" if x is None else f"{x:.4f}"}</td>' for x in values)
        + "</tr>"
        for name, values in matrix.rows
    )
    label = "Against blind baselines"
    return (
        f"<h4>{label}</h4>"
        f'<p class="note">{BLIND_NOTE}</p><div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        f'<table class="matrix"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _signatures(scores: Sequence[Score]) -> str:
    """Each signature once, with the scores that it belongs to."""
    names: dict[str, list[str]] = {}
    for score in scores:
        if score.signature:
            names.setdefault(score.signature, []).append(score.name)
    if not names:
        return ""
    rows = "".join(
        f"<dt>{escape(', '.join(of))}</dt><dd><code>{escape(signature)}</code></dd>"
        for signature, of in names.items()
    )
    title = "Signature" if len(names) == 1 else "Signatures"
    return f'<details class="signatures"><summary>{title}</summary><dl>{rows}</dl></details>'
