"""The page in headless Chromium: a video goes in, its captions are seen, heard of, moved through and downloaded."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from report.page_checks import SIZES, WITH_AXE, at_size, check, serious
from serve.conftest import Server, until

WATCH = """
window.said = [];
new MutationObserver(() => said.push(document.getElementById("status").textContent))
  .observe(document.getElementById("status"), { childList: true, characterData: true, subtree: true });
"""


@pytest.fixture(scope="module")
def server(
    browser: Any, served_run: Path, second_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    running = Server([served_run, second_run], tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture
def page(browser: Any, server: Server) -> Any:
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(server.url)
    until(lambda: one(browser, "#model").text)
    browser.execute_script(WATCH)
    return browser


def one(page: Any, css: str) -> Any:
    return page.find_element("css selector", css)


def many(page: Any, css: str) -> list[Any]:
    return list(page.find_elements("css selector", css))


def status(page: Any) -> str:
    return str(one(page, "#status").text)


def ready(page: Any, by: str = "first") -> None:
    """Wait until captions are there; a problem ends the wait."""
    until(
        lambda: (
            (status(page).startswith("Captions are ready") and status(page).endswith(by)) or problem(page)
        ),
        180,
    )
    assert problem(page) == ""


def problem(page: Any) -> str:
    return str(one(page, "#problem").text)


def choose(page: Any, select: str, value: str) -> None:
    one(page, f"#{select} option[value='{value}']").click()


def cues(page: Any) -> list[str]:
    """What the captions track of the video says."""
    script = "return [...document.getElementById('video').textTracks[0].cues || []].map(cue => cue.text)"
    until(lambda: page.execute_script(script))
    return [" ".join(text.split()) for text in page.execute_script(script)]


def avi(path: Path) -> Path:
    """A video in a container that browsers do not play."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(16):
            picture = np.full((240, 320, 3), (20, 60, 200), np.uint8)
            picture[60:180, 10 * number : 10 * number + 60] = (220, 200, 40)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def listed(page: Any) -> list[str]:
    return [node.text for node in many(page, "#cues button span:last-child")]


def test_a_video_goes_in_and_is_watched_with_its_captions(page: Any, toy_clip: Path) -> None:
    one(page, "#file").send_keys(str(toy_clip))
    ready(page)
    assert len(listed(page)) == 1
    assert cues(page) == listed(page) != [""]
    track = page.execute_script(
        "const t = document.getElementById('video').textTracks; return [t.length, t[0].mode, t[0].kind, t[0].label]"
    )
    assert track == [1, "showing", "captions", "first"]
    until(lambda: page.execute_script("return document.getElementById('video').readyState") >= 2)
    assert len(many(page, "#drawing .timeline .event")) == 1
    assert len(many(page, "#drawing .frame img")) == 8
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_dropped_video(page: Any, toy_clip: Path) -> None:
    page.execute_script(
        """const bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0)), given = new DataTransfer();
        given.items.add(new File([bytes], "dropped.mp4", { type: "video/mp4" }));
        const drag = { dataTransfer: given, bubbles: true, cancelable: true }, place = document.getElementById("drop");
        for (const type of ["dragenter", "drop"]) place.dispatchEvent(new DragEvent(type, drag));""",
        base64.b64encode(toy_clip.read_bytes()).decode(),
    )
    ready(page)
    assert one(page, "#watch-title").text == "dropped.mp4"
    assert cues(page) == listed(page)


def test_a_word_moves_the_attention(page: Any, toy_clip: Path) -> None:
    one(page, "#file").send_keys(str(toy_clip))
    ready(page)
    heights = "return [...document.querySelectorAll('#drawing .attention rect')].map(b => +b.getAttribute('height'))"
    words = many(page, "#drawing button.word")
    peaks = []
    for word in (words[0], words[-1]):
        page.execute_script("arguments[0].focus()", word)
        now = page.execute_script(heights)
        peaks.append(now.index(max(now)))
    assert peaks[0] < 2 < 6 < peaks[1]


def test_stretches_are_a_list_that_leads_through_the_video(page: Any, toy_clip: Path) -> None:
    choose(page, "every", "5")
    assert not one(page, "#again").is_displayed()
    one(page, "#file").send_keys(str(toy_clip))
    ready(page)
    page.execute_script(
        "document.querySelector('#every option[value=\"5\"]').value = '2'"
    )  # a toy clip is short
    page.execute_script("document.getElementById('every').dispatchEvent(new Event('change'))")
    one(page, "#again").click()
    until(lambda: len(many(page, "#cues li")) >= 2, 180)
    last = many(page, "#cues button")[-1]
    last.click()
    start = float(last.get_attribute("data-start"))
    until(
        lambda: (
            page.execute_script("return document.getElementById('video').currentTime") == pytest.approx(start)
        )
    )
    until(lambda: last.get_attribute("aria-current") == "true")
    assert many(page, "#cues button")[0].get_attribute("aria-current") is None
    bars = many(page, "#drawing .timeline .event")
    assert "now" in bars[-1].get_attribute("class")
    bars[0].click()
    until(lambda: page.execute_script("return document.getElementById('video').currentTime") == 0)


def test_models_are_switched_and_what_they_said_is_kept(page: Any, toy_clip: Path) -> None:
    one(page, "#file").send_keys(str(toy_clip))
    ready(page)
    choose(page, "model", "second")
    assert one(page, "#by").text == "Captions by first", "nothing changes before the button is pressed"
    one(page, "#again").click()
    ready(page, "second")
    assert one(page, "#by").text == "Captions by second"
    page.get_log("performance")
    choose(page, "model", "first")
    assert one(page, "#by").text == "Captions by first"
    assert status(page) == "Captions by first"
    sent = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in sent if m["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if "/api/" in url] == []
    assert page.execute_script("return document.getElementById('video').textTracks.length") == 1


def test_by_keyboard_alone_with_downloads(page: Any, toy_clip: Path, tmp_path: Path) -> None:
    """Tab, arrows and Enter; only the system's own dialog, which no page draws, is left out."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    page.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})

    def press(*keys: str) -> None:
        ActionChains(page).send_keys(*keys).perform()

    def tab_to(css: str) -> None:
        for _ in range(40):
            press(Keys.TAB)
            if page.switch_to.active_element == one(page, css):
                return
        raise AssertionError(f"Tab never comes to {css}")

    tab_to("#model")
    press(Keys.ARROW_DOWN)
    assert one(page, "#model").get_attribute("value") == "second"
    tab_to("#file")
    one(page, "#file").send_keys(str(toy_clip))
    ready(page, "second")
    tab_to("#video")
    tab_to("#cues button")
    press(Keys.ENTER)
    for kind in ("srt", "vtt", "json"):
        tab_to(f"#{kind}")
        press(Keys.ENTER)
        file = tmp_path / f"{toy_clip.stem}.{kind}"
        until(file.is_file)
        text = file.read_text(encoding="utf-8")
        assert (json.loads(text)["text"] if kind == "json" else " ".join(text.split())).endswith(
            listed(page)[0]
        )
    tab_to("#drawing button.word")
    words = many(page, "#drawing button.word")
    press(Keys.ARROW_RIGHT)
    assert page.switch_to.active_element == words[1]
    tab_to("#drawing .timeline .event")


def test_what_a_screen_reader_is_told(page: Any, toy_clip: Path) -> None:
    assert (one(page, "#status").aria_role, one(page, "#status").get_attribute("aria-live")) == (
        "status",
        "polite",
    )
    assert one(page, "#problem").aria_role == "alert"
    one(page, "#file").send_keys(str(toy_clip))
    ready(page)
    said = page.execute_script("return said")
    assert said[0] == f"Uploading {toy_clip.name}"
    assert said[-1] == "Captions are ready: 1 caption by first"
    assert set(said[1:-1]) <= {"Waiting", "Writing captions", "Preparing frames and panels"}
    assert len(said) == len(set(said)), "a reader must not be flooded"
    for node in many(page, "button, input, select, progress, video, [role=img], img, a"):
        if node.is_displayed() and node.tag_name != "video":
            assert node.accessible_name or node.get_attribute("alt"), node.get_attribute("outerHTML")
    assert page.execute_script("return document.documentElement.lang") == "en"
    assert [int(node.tag_name[1]) for node in many(page, "h1, h2, h3, h4") if node.is_displayed()][:3] == [
        1,
        2,
        3,
    ]


def test_what_is_no_video_is_said_so(page: Any, tmp_path: Path) -> None:
    text = tmp_path / "<img src=x onerror=document.title='owned'>.mp4"
    text.write_text("words " * 500)
    one(page, "#file").send_keys(str(text))
    until(lambda: problem(page))
    assert f"{text.name} is a text file" in problem(page)
    assert "Try: a video file" in problem(page)
    until(lambda: not one(page, "#watch").is_displayed())
    assert not one(page, "#again").is_displayed()
    assert "owned" not in page.title
    assert many(page, "#problem img, #watch-title img") == []


def test_frames_stand_for_a_video_that_cannot_be_played(page: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    film = avi(tmp_path / "film.avi")
    one(page, "#file").send_keys(str(film))
    until(lambda: "its frames are shown when it is captioned" in one(page, "#unplayable").text)
    ready(page)
    assert not one(page, "#video").is_displayed()
    assert (
        one(page, "#unplayable").text == "This browser cannot play this kind of file: these are frames of it."
    )
    still = "return [document.getElementById('still').naturalHeight, document.getElementById('still').src]"
    until(lambda: page.execute_script(still)[0] == 240)
    first = page.execute_script(still)[1]
    one(page, "#moment").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.execute_script(still)[1] != first
    assert listed(page)[0] in one(page, "#still-text").text
    assert many(page, "#cues [aria-current]") != []
    one(page, "#cues button").click()
    assert one(page, "#moment").get_attribute("value") == "0"


@pytest.mark.parametrize("state", ["empty", "refused", "captioned", "frames"])
def test_on_every_screen(page: Any, toy_clip: Path, tmp_path: Path, state: str) -> None:
    """Before an upload, after a refusal, with captions, and with frames in the place of the player."""
    if state == "refused":
        text = tmp_path / ("a-long-name-" * 12 + ".mp4")
        text.write_text("words " * 500)
        one(page, "#file").send_keys(str(text))
        until(lambda: problem(page))
    elif state != "empty":
        one(page, "#file").send_keys(str(toy_clip if state == "captioned" else avi(tmp_path / "film.avi")))
        ready(page)
    for width, theme in SIZES:
        with at_size(page, width, theme):
            check(page)
            if (width, theme) in WITH_AXE:
                assert serious(page) == []


def test_a_job_can_be_stopped(page: Any, server: Server, clip_of: Any, tmp_path: Path) -> None:
    slow = tmp_path / "slow.mp4"
    slow.write_bytes(clip_of("green"))
    one(page, "#file").send_keys(str(slow))
    until(lambda: status(page) == "Writing captions", 30)
    one(page, "#stop").click()
    until(lambda: status(page) == "Stopped")
    until(lambda: server.uploads() == [])
    assert page.switch_to.active_element == one(page, "#file")
    assert one(page, "#again").is_displayed()


def test_nothing_is_fetched_from_elsewhere(page: Any, server: Server, toy_clip: Path) -> None:
    one(page, "#file").send_keys(str(toy_clip))
    ready(page)
    sent = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in sent if m["method"] == "Network.requestWillBeSent"]
    assert len(urls) > 8
    assert [url for url in urls if not url.startswith((server.url, "data:", f"blob:{server.url}"))] == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 420)])
def test_pictures(
    browser: Any, served_run: Path, start: Any, toy_clip: Path, tmp_path: Path, theme: str, width: int
) -> None:
    """Screenshots for the eye. With VIDCAP_PICTURES=docs/pictures those of the docs, of VIDCAP_SERVE_RUN and _CLIP."""
    folder = Path(os.environ.get("VIDCAP_PICTURES", tmp_path))
    run = Path(os.environ.get("VIDCAP_SERVE_RUN", served_run))
    clip = shutil.copyfile(os.environ.get("VIDCAP_SERVE_CLIP", toy_clip), tmp_path / "clip.mp4")
    page = browser
    size = {"width": width, "height": 1180 if width > 800 else 1500, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    )
    try:
        server = start([run])
        page.get(server.url)
        until(lambda: one(page, "#model").text)
        one(page, "#file").send_keys(str(clip))
        ready(page, run.name)
        page.execute_script("document.getElementById('video').currentTime = 2")
        words = many(page, "#drawing button.word")
        if words:
            page.execute_script("arguments[0].focus({ preventScroll: true })", words[-1])
        time.sleep(0.5)
        page.save_screenshot(str(folder / ("serve.png" if theme == "light" else "serve-narrow.png")))
        background = page.execute_script("return getComputedStyle(document.body).backgroundColor")
        brightness = sum(map(int, re.findall(r"\d+", background)[:3])) / 3
        assert (brightness > 200) if theme == "light" else (brightness < 60)
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
