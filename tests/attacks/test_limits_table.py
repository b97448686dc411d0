"""The table of limits in docs/security.md says what the constants say."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
ROWS = re.findall(
    r"^\| [^|]+ \| ([\d.,]+)( MiB| GiB)?[^|]*\| `([\w.]+)\.([A-Z]+)` \|$", PAGE.read_text("utf-8"), re.M
)
UNITS = {"": 1, " MiB": 1 << 20, " GiB": 1 << 30}


def test_the_table_is_there() -> None:
    assert len(ROWS) == 14


@pytest.mark.parametrize(
    ("number", "unit", "module", "name"), ROWS, ids=[f"{row[2]}.{row[3]}" for row in ROWS]
)
def test_a_limit_is_what_the_table_says(number: str, unit: str, module: str, name: str) -> None:
    said = float(number.replace(",", "")) * UNITS[unit]
    assert getattr(importlib.import_module(f"vidcap_core.{module}"), name) == said
