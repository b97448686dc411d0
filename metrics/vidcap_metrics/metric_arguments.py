"""Arguments of single metrics as they are typed: METRIC.KEY=VALUE."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

from vidcap_metrics.errors import UserError


def metric_arguments(changes: Iterable[str], metrics: Sequence[str]) -> dict[str, dict[str, Any]]:
    """{metric: {key: value}}; a key with dots is a mapping in a mapping, a value a literal or else text."""
    out: dict[str, dict[str, Any]] = {}
    for change in changes:
        path, equals, raw = change.partition("=")
        name = next((m for m in sorted(metrics, key=len, reverse=True) if path.startswith(f"{m}.")), None)
        if not equals or name is None or path == f"{name}.":
            raise UserError(
                f"--set {change}: is no argument of {' or '.join(metrics) or 'a metric'}",
                hint=f"--set {next(iter(metrics), 'METRIC')}.KEY=VALUE",
            )
        node = out.setdefault(name, {})
        *above, last = path[len(name) + 1 :].split(".")
        for key in above:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                raise UserError(f"--set {change}: '{key}' has a value already, and no keys")
        node[last] = _literal(raw)
    return out


def _literal(raw: str) -> Any:
    try:
        return ast.literal_eval(raw)
    except (ValueError, SyntaxError):
        return raw
