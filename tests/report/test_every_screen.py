"""Pages at three widths, light and dark: nothing sticks out, values stay whole, axe finds nothing serious."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from report import made_up
from report.page_checks import SIZES, WITH_AXE, at_size, check, serious

from vidcap_core.contracts.panels import Bars
from vidcap_core.contracts.types import Clip, Event, Prediction
from vidcap_core.report.captions_page import write_job_report
from vidcap_core.report.run_page import write_run_report

UNFOLD = "document.querySelectorAll('.clip').forEach((clip) => clip.unfold())"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of captions, a dense run with every group of scores, and a caption job."""
    folder = tmp_path_factory.mktemp("pages")
    plain = made_up.run_folder(folder / "plain", clips=3, videos=1, panels=1)
    dense = made_up.dense_folder(folder / "dense")
    video = made_up.video(folder / ("a-name-without-any-space-" * 4 + ".mp4"), 1)
    events = (Event(0, 1.5, "a ball rises", -0.4), Event(1.5, 3, "it falls", -0.4))
    words = [
        {"tokens": event.text.split(), "log_probs": [-0.2] * len(event.text.split())} for event in events
    ]
    extras = {"words": words, "panels": [Bars({"joy": 0.5, "a-name-of-an-emotion-that-is-long": 0.25})]}
    job = write_job_report(
        [Prediction(Clip(video.name, str(video)), events, extras)],
        folder / "job.html",
        {"model": "core/toy", "weights": "0123456789abcdef", "decoding": {"mode": "beam", "beam": 5}},
        {"bad.mp4": "is empty"},
    )
    return {"plain": write_run_report(plain), "dense": write_run_report(dense), "job": job}


@pytest.mark.parametrize("kind", ["plain", "dense", "job"])
@pytest.mark.parametrize(("width", "theme"), SIZES)
def test_page(browser: Any, pages: dict[str, Path], kind: str, width: int, theme: str) -> None:
    with at_size(browser, width, theme):
        browser.get(pages[kind].as_uri())
        browser.execute_script(UNFOLD)
        check(browser)
        if (width, theme) in WITH_AXE:
            assert serious(browser) == []
        colour = browser.execute_script("return getComputedStyle(document.body).color")
        assert (colour == "rgb(36, 38, 43)") is (theme == "light")


def test_the_checks_can_fail(browser: Any, pages: dict[str, Path]) -> None:
    """Pale text, a broken value and a wide box are found."""
    with at_size(browser, 390, "light"):
        browser.get(pages["dense"].as_uri())
        browser.execute_script("document.querySelector('h1').style.color = '#ddd'")
        assert [finding.partition(" ")[0] for finding in serious(browser)] == ["color-contrast"]
        for spoil in (
            "document.querySelector('.number').style = 'display: block; width: 1rem; white-space: normal; "
            "word-break: break-all'",
            "document.querySelector('h2').style.width = '600px'",
        ):
            browser.get(pages["dense"].as_uri())
            browser.execute_script(spoil)
            with pytest.raises(AssertionError):
                check(browser)


def test_the_title_is_the_config(browser: Any, pages: dict[str, Path]) -> None:
    browser.get(pages["dense"].as_uri())
    assert browser.find_element("css selector", "h1").text == "toy/made_up"
    facts = browser.find_element("css selector", ".facts").text.splitlines()
    assert dict(zip(facts[::2], facts[1::2], strict=True)) == {
        "run": "dense",
        "split": "val",
        "clips": "6 of 6",
        "head": "GRUHead",
        "seed": "0",
    }


def test_groups_of_scores(browser: Any, pages: dict[str, Path]) -> None:
    """Plain names with help; signatures are folded; blind baselines stand beside the run."""
    browser.get(pages["dense"].as_uri())
    groups = {
        group.find_element("css selector", "h3").text: group
        for group in browser.find_elements("css selector", ".group")
    }
    assert list(groups) == [
        "Captions of events",
        "Times of events",
        "Story",
        "Emotion",
        "Variety",
        "Other scores",
        "At single thresholds",
    ]
    rows = groups["Times of events"].find_elements("css selector", ".scores tbody tr")
    assert [row.find_element("css selector", ".title").text for row in rows] == [
        "F1",
        "Precision",
        "Recall",
        "Mean F1",
        "In order",
    ]
    assert all(row.find_element("css selector", ".help").text for row in rows)
    blind = groups["Times of events"].find_elements("css selector", ".matrix tbody th")
    assert [row.text for row in blind] == [
        "this run",
        "equal segments, same number",
        "3 equal segments",
        "whole and halves",
    ]
    assert "chooses the best weights" in groups["Story"].text
    assert "4,312" in groups["Variety"].text
    assert not groups["Story"].find_element("css selector", "code + dl, .signatures dl").is_displayed()


def test_files_of_curves_are_folded(browser: Any, pages: dict[str, Path]) -> None:
    browser.get(pages["plain"].as_uri())
    links = browser.find_elements("css selector", ".files a")
    assert {Path(link.get_attribute("href")).suffix for link in links} == {".png", ".csv"}
    assert not any(link.is_displayed() for link in links)
    browser.find_element("css selector", ".files summary").click()
    assert all(link.is_displayed() for link in links)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ("[1, 2, 3]", ["0", "1", "2", "3"]),
        ("[10, 480, 990]", ["0", "200", "400", "600", "800", "1,000"]),
        ("[0.01, 0.33, 0.41]", ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
        ("[0.0001, 0.0005]", ["0", "1×10⁻⁴", "2×10⁻⁴", "3×10⁻⁴", "4×10⁻⁴", "5×10⁻⁴"]),
        ("[0.0012, 0.00135]", ["1.20×10⁻³", "1.25×10⁻³", "1.30×10⁻³", "1.35×10⁻³"]),
        ("[7, 7]", ["0", "5", "10", "15"]),
        ("[300.5, 318.9]", ["300", "305", "310", "315", "320"]),
        ("[-2.5, 2.5]", ["-3", "-2", "-1", "0", "1", "2", "3"]),
        ("[0, 0]", ["0", "1"]),
    ],
)
def test_ticks(browser: Any, pages: dict[str, Path], values: str, labels: list[str]) -> None:
    """1, 2 or 5 times a power of ten; whole numbers where all values are."""
    browser.get(pages["plain"].as_uri())
    script = (
        f"const a = axis({values}, 5); return ticks(a.low, a.high, a.step).map((x) => tickText(x, a.step))"
    )
    assert browser.execute_script(script) == labels
