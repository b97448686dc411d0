"""What every page must hold, at each width, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SIZES = [(width, theme) for width in (390, 800, 1280) for theme in ("light", "dark")]
WITH_AXE = [(390, "light"), (1280, "dark")]
"""Contrast hangs on the theme, the rest on the width: each once, since axe takes long."""
STICKING_OUT = """
const cut = (node) => ["auto", "scroll", "hidden"].includes(getComputedStyle(node).overflowX);
const inBox = (node) => node.parentElement && (cut(node.parentElement) || inBox(node.parentElement));
return [...document.body.querySelectorAll("*")].filter((node) => {
  const box = node.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && !inBox(node);
}).map((node) => node.outerHTML.slice(0, 120));
"""
WRAPPED = """
return [...document.querySelectorAll(".number, .chips b, .amount")].filter((node) => {
  const range = document.createRange();
  range.selectNodeContents(node);
  return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1;
}).map((node) => node.textContent);
"""
AXE = """
const done = arguments[0];
axe.run(document, { resultTypes: ["violations"] })
  .then((found) => done(found.violations), (error) => done(String(error)));
"""


@contextmanager
def at_size(page: Any, width: int, theme: str) -> Iterator[None]:
    """A window of this width whose reader wants this theme."""
    size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    wishes = {
        "prefers-color-scheme": theme,
        "prefers-reduced-motion": "reduce",
    }  # no colour on its way to another
    media = {"features": [{"name": name, "value": value} for name, value in wishes.items()]}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        yield
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def check(page: Any) -> None:
    """Nothing sticks out of the window, and no value is broken over lines, also where all is unfolded."""
    page.execute_script("document.querySelectorAll('details').forEach((node) => { node.open = true; })")
    width, window = page.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert width <= window
    assert page.execute_script(STICKING_OUT) == []
    assert page.execute_script(WRAPPED) == []


def serious(page: Any) -> list[str]:
    """What axe-core calls serious or critical on a page as it is shown now."""
    axe = pytest.importorskip("axe_core_python", reason="needs axe-core-python (the extra 'test')")
    page.set_script_timeout(300)
    page.execute_script((Path(axe.__file__).parent / "axe.min.js").read_text("utf-8"))
    violations = page.execute_async_script(AXE)
    assert isinstance(violations, list), violations
    return [
        f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:200]}"
        for each in violations
        if each["impact"] in ("serious", "critical")
    ]
