"""Click through a run's page in headless Chromium."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.report.run_page import write_run_report

spec = importlib.util.spec_from_file_location("made_up", Path(__file__).with_name("made_up.py"))
assert spec is not None
assert spec.loader is not None
made_up = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made_up)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up.run_folder(tmp_path_factory.mktemp("runs") / "made-up")


@pytest.fixture(scope="module")
def report(folder: Path) -> Path:
    return write_run_report(folder, "val")


@pytest.fixture
def page(browser: Any, report: Path) -> Any:
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(report.as_uri())
    return browser


def one(page: Any, css: str) -> Any:
    return page.find_element("css selector", css)


def many(page: Any, css: str) -> list[Any]:
    return list(page.find_elements("css selector", css))


def until(told: Callable[[], Any], wanted: Any) -> None:
    """Wait until a reading is what it should be, three seconds at most."""
    end = time.monotonic() + 3
    while (found := told()) != wanted and time.monotonic() < end:
        time.sleep(0.03)
    assert found == wanted


def seen(page: Any, clip: int) -> str:
    """Scroll to a clip and wait until it is built; returns its selector."""
    css = f".clip[data-index='{clip}']"
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", one(page, css))
    until(lambda: one(page, css).get_attribute("data-ready"), "yes")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", one(page, f"{css} .caption"))
    return css


def scores(page: Any) -> list[float]:
    """CIDEr-D of the clips in view, as the page prints it."""
    chips = page.execute_script(
        "return [...document.querySelectorAll('.chips')].map(node => node.textContent)"
    )
    return [float(re.search(r"CIDEr-D ([\d.]+)", chip)[1]) for chip in chips]  # type: ignore[index]


def heights(page: Any, clip: int) -> list[float]:
    """Bars of the first branch of a clip's attention."""
    css = f".clip[data-index='{clip}'] .attention .row:first-child rect"
    script = "return [...document.querySelectorAll(arguments[0])].map(bar => +bar.getAttribute('height'))"
    return page.execute_script(script, css)  # type: ignore[no-any-return]


def test_pages_turn(page: Any) -> None:
    assert one(page, "#status").text == "1–20 of 45 clips"
    assert not one(page, "#previous").is_enabled()
    one(page, "#next").click()
    assert one(page, "#status").text == "21–40 of 45 clips"
    assert many(page, ".clip")[0].get_attribute("data-id") == "video20"
    one(page, "#next").click()
    assert one(page, "#status").text == "41–45 of 45 clips"
    assert len(many(page, ".clip")) == 5
    assert not one(page, "#next").is_enabled()
    one(page, "#previous").click()
    assert one(page, "#status").text == "21–40 of 45 clips"


@pytest.mark.parametrize(("choice", "sign"), [("down|score:CIDEr-D", -1), ("up|score:CIDEr-D", 1)])
def test_order_by_score(page: Any, folder: Path, choice: str, sign: int) -> None:
    one(page, f"#order option[value='{choice}']").click()
    stored = json.loads((folder / "scores-val.json").read_text())["per_clip"]["CIDEr-D"].values()
    wanted = sorted(stored, key=lambda value: sign * value)[:20]
    assert scores(page) == pytest.approx(wanted, abs=6e-4)


def test_filter_finds_captions_and_references(page: Any, folder: Path) -> None:
    predictions = json.loads((folder / "predictions-val.json").read_text())
    references = json.loads((folder / "references-val.json").read_text())
    hits = [p for p in predictions if any("small dog" in t for t in (p["text"], *references[p["id"]]))]
    assert 0 < len(hits) < 45
    one(page, "#filter").send_keys("Small DOG")
    until(lambda: one(page, "#status").text.partition(" of ")[2], f"{len(hits)} clips")
    one(page, "#filter").send_keys("xyz")
    until(lambda: one(page, "#status").text, "No clip matches")


def test_a_word_moves_the_attention(page: Any, folder: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    words = many(page, f"{seen(page, 2)} button.word")
    overall = heights(page, 2)
    peaks = []
    for word in (words[0], words[-1]):
        ActionChains(page).move_to_element(word).perform()
        now = heights(page, 2)
        assert now != overall
        peaks.append(now.index(max(now)))
    panel = json.loads((folder / "panels-val.json").read_text())["video2"][0]["weights"]["image"]
    assert peaks == [row.index(max(row)) for row in (panel[0], panel[-1])]
    assert len(many(page, ".clip[data-index='2'] .frame canvas")) == 8
    assert "probability" in one(page, ".clip[data-index='2'] .sure-text").text
    ActionChains(page).move_to_element(one(page, "#clips-title")).perform()
    until(lambda: heights(page, 2), overall)
    assert many(page, ".clip[data-index='2'] .frame canvas") == []


def test_words_by_keyboard(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    words = many(page, f"{seen(page, 2)} button.word")
    page.execute_script("arguments[0].focus()", words[0])
    first = heights(page, 2)
    words[0].send_keys(Keys.ARROW_RIGHT)
    assert page.switch_to.active_element == words[1]
    assert heights(page, 2) != first
    assert [word.get_attribute("tabindex") for word in words[:2]] == ["-1", "0"]


def test_worst_clip_is_one_click_away(page: Any, folder: Path) -> None:
    stored = json.loads((folder / "scores-val.json").read_text())["per_clip"]["CIDEr-D"]
    one(page, ".extremes div:last-child button").click()
    assert one(page, ".clip.marked").get_attribute("data-id") == min(stored, key=stored.get)  # type: ignore[arg-type]


def test_events_of_a_dense_clip(page: Any) -> None:
    assert len(many(page, f"{seen(page, 1)} .caption")) == 2
    predicted = many(page, ".clip[data-index='1'] .predicted .event")
    assert len(predicted) == 2
    assert len({bar.rect["y"] for bar in predicted}) == 2, "events that overlap lie in two rows"
    assert len(many(page, ".clip[data-index='1'] .masks path")) == 2
    page.execute_script("arguments[0].focus()", many(page, ".clip[data-index='1'] .reference .event")[1])
    assert "1.2 s – 3.0 s: it falls" in one(page, ".clip[data-index='1'] .said").text


def test_a_clip_without_a_word_still_has_its_place(page: Any) -> None:
    css = seen(page, 5)
    assert [note.text for note in many(page, f"{css} .panel .note")] == ["Nothing to show for this clip."] * 5
    assert many(page, f"{css} button.word") == []
    assert len(many(page, f"{css} .references li")) == 4


def test_a_clip_without_an_event_says_so(page: Any) -> None:
    css = seen(page, 7)
    assert one(page, f"{css} .caption").text == "(no events)"
    assert len(many(page, f"{css} .references li")) == 4


def test_hostile_texts_stay_texts(page: Any, folder: Path) -> None:
    wanted = json.loads((folder / "predictions-val.json").read_text())[0]
    assert page.title == "toy/made_up"
    first = one(page, ".clip[data-index='0']")
    assert first.get_attribute("data-id") == wanted["id"]
    assert one(page, ".clip[data-index='0'] h3").get_property("textContent") == wanted["id"]
    assert many(page, ".clip b[class], .clip script, h3 b") == []
    light = page.execute_script(
        "return JSON.parse(document.getElementById('page-data').textContent).clips[0]"
    )
    assert light["text"] == wanted["text"]
    one(page, "#filter").send_keys('"owned"</script>')
    until(lambda: one(page, "#status").text, "1–1 of 1 clip")


def test_nothing_is_fetched_and_nothing_fails(page: Any, report: Path) -> None:
    page.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    time.sleep(0.3)
    sent = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    urls = {m["params"]["request"]["url"] for m in sent if m["method"] == "Network.requestWillBeSent"}
    assert {url for url in urls if not url.startswith("data:")} == {report.as_uri()}
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_frames_are_pictures(page: Any) -> None:
    css = f"{seen(page, 0)} .frame img"
    script = "return [...document.querySelectorAll(arguments[0])].map(picture => picture.naturalHeight)"
    until(lambda: page.execute_script(script, css), [120] * 8)


def test_each_event_of_a_dense_clip_has_its_own_frames(page: Any, folder: Path) -> None:
    events = json.loads((folder / "predictions-val.json").read_text())[1]["events"]
    assert len(events) == 2
    strips = many(page, f"{seen(page, 1)} .caption .film")
    for strip, event in zip(strips, events, strict=True):
        images = strip.find_elements("css selector", "img")
        assert len(images) == 4
        times = [float(image.get_attribute("alt").split()[2]) for image in images]
        assert event["start"] <= min(times) <= max(times) <= event["end"]


def test_controls_have_names(page: Any) -> None:
    """What a screen reader would say of each control and picture that is shown."""
    for node in many(page, "button, input, select, [role=img], img"):
        if node.is_displayed():
            assert node.accessible_name or node.get_attribute("alt"), node.get_attribute("outerHTML")


def test_three_thousand_clips_open_quickly(browser: Any, tmp_path: Path) -> None:
    """20 references a clip, frames of 96 clips, attention over frames for all."""
    folder = made_up.run_folder(tmp_path / "large", clips=3000, videos=4, panels=3000, references=20)
    predictions = json.loads((folder / "predictions-val.json").read_text())
    for number, prediction in enumerate(predictions):
        prediction["path"] = str(folder.parent / "videos" / f"{number % 4}.mp4")
    made_up.write(folder / "predictions-val.json", predictions)
    panels = json.loads((folder / "panels-val.json").read_text())
    made_up.write(folder / "panels-val.json", {clip: shown[:1] for clip, shown in panels.items()})
    begin = time.monotonic()
    report = write_run_report(folder, "val")
    written = time.monotonic() - begin
    begin = time.monotonic()
    browser.get(report.as_uri())
    opened = time.monotonic() - begin
    assert one(browser, "#status").text == "1–20 of 3,000 clips"
    assert len(many(browser, ".clip")) == 20
    took = browser.execute_async_script("""
        const done = arguments[0], order = document.getElementById("order"), begin = performance.now();
        order.value = "down|score:CIDEr-D";
        order.dispatchEvent(new Event("change"));
        requestAnimationFrame(() => done(performance.now() - begin));""")
    size = report.stat().st_size / 1e6
    print(f"{size:.1f} MB, written in {written:.1f} s, opened in {opened:.2f} s, sorted in {took:.0f} ms")
    assert size < 40
    assert opened < 10
    assert took < 2000


@pytest.mark.parametrize(("theme", "clip", "word"), [("light", 1, 2), ("dark", 2, -1)])
def test_pictures(page: Any, tmp_path: Path, theme: str, clip: int, word: int) -> None:
    """Screenshots for the eye; with VIDCAP_PICTURES=docs/pictures those of the docs."""
    from selenium.webdriver.common.action_chains import ActionChains

    folder = Path(os.environ.get("VIDCAP_PICTURES", tmp_path))
    media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        if theme == "light":
            page.save_screenshot(str(folder / "report-top.png"))
        words = many(page, f"{seen(page, clip)} button.word")
        page.execute_script("arguments[0].scrollIntoView()", one(page, f".clip[data-index='{clip}']"))
        ActionChains(page).move_to_element(words[word]).perform()
        time.sleep(0.3)
        page.save_screenshot(str(folder / f"report-clip-{theme}.png"))
        background = page.execute_script("return getComputedStyle(document.body).backgroundColor")
        brightness = sum(map(int, re.findall(r"\d+", background)[:3])) / 3
        assert (brightness > 200) if theme == "light" else (brightness < 60)
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
