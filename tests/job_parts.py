"""Parts of the tests of jobs."""

from __future__ import annotations

from typing import Any

import pytest


def alike(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> bool:
    """Row for row the same; a score's last digits depend on who was captioned beside it."""
    exact = [[{**row, "score": None, "events": None} for row in rows] for rows in (first, second)]
    texts = [[[event["text"] for event in row["events"]] for row in rows] for rows in (first, second)]
    scores = [[row["score"] or 0.0 for row in rows] for rows in (first, second)]
    return exact[0] == exact[1] and texts[0] == texts[1] and scores[0] == pytest.approx(scores[1], abs=1e-5)
