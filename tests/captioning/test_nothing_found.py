"""Files in which a captioner finds no event, panels that fail, and a page that cannot be written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from vidcap_core.captioner.build import add_extractors, build_captioner
from vidcap_core.captioner.panels import FAILED, panel_warnings
from vidcap_core.captioning import subtitles
from vidcap_core.captioning.caption_job import Job, PageError
from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.captioning.formats import PER_FILE, Printer
from vidcap_core.captioning.progress import Progress
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import captioner_recipe
from vidcap_core.serve.worker_process import caption
from vidcap_core.zoo import plugins, registry

STILL = Progress(0, lambda done: None)


def made_of(head: str) -> FileCaptioner:
    """The toy's captioner with another head, and random weights."""
    plugins.discover()
    recipe = captioner_recipe(load_config("core/toy", [f"head.type=panel_parts:{head}"]))
    tokenizer = registry.TOKENIZERS.load("Vocabulary")()
    tokenizer.fit(["a small dog runs over the green grass"])
    torch.manual_seed(3)
    captioner = build_captioner(recipe, tokenizer)
    add_extractors(captioner, recipe)
    return FileCaptioner(captioner.eval(), head)


@pytest.fixture(scope="module")
def silent() -> FileCaptioner:
    return made_of("SilentOnFiles")


@pytest.mark.parametrize("every", [None, 1.0])
def test_each_format_of_a_file_without_an_event(
    silent: FileCaptioner, films: list[Path], every: float | None
) -> None:
    found = silent(films[0], every=every, panels=True)
    assert (found.text, found.events) == ("", ())
    written = {form: write(found) for form, (_, write) in PER_FILE.items()}
    assert (written["text"], written["srt"], written["vtt"]) == ("(no events)\n", "", "WEBVTT\n\n")
    assert json.loads(written["json"])["events"] == []
    assert "data:image/jpeg" in found._repr_html_()


@pytest.mark.parametrize(
    ("form", "wanted"), [("text", ": (no events)\n"), ("vtt", "WEBVTT\n\n"), ("jsonl", '"events": []')]
)
def test_to_a_stream(silent: FileCaptioner, films: list[Path], form: str, wanted: str) -> None:
    out: list[str] = []
    Job(silent, form).to_stream(films[:1], Printer(form, out.append, 1), STILL)
    assert wanted in "".join(out)


@pytest.mark.parametrize("form", ["html", "srt", "json"])
def test_to_a_folder_and_again(silent: FileCaptioner, films: list[Path], form: str, tmp_path: Path) -> None:
    for kept in (0, 2):
        job = Job(silent, form)
        page = job.to_folder(films[:2], job.folder(tmp_path), STILL)
        assert (job.made, job.kept, job.bad) == (2 - kept, kept, [])
    assert (page is not None) == (form == "html")
    if page is not None:
        assert "Caption job: 2 files" in page.read_text()


def test_the_server_shows_them(silent: FileCaptioner, films: list[Path]) -> None:
    done = caption(silent, str(films[0]), "clip.mp4", None, lambda *_: None, lambda *_: None)
    assert (done["caption"]["text"], done["caption"]["events"]) == ("", [])
    assert done["files"]["vtt"] == "WEBVTT\n\n"
    json.dumps(done, allow_nan=False)


@pytest.mark.parametrize("every", [None, 1.0])
def test_panels_that_fail_cost_the_panels(films: list[Path], every: float | None, tmp_path: Path) -> None:
    captioner = made_of("RaisesOnFiles")
    job = Job(captioner, "html", every)
    page = job.to_folder(films[:2], job.folder(tmp_path), STILL)
    assert page is not None
    assert (job.made, job.bad) == (2, [])
    reason = "RaisesOnFiles.explain: ValueError: the attention was not kept"
    assert panel_warnings(job.unexplained) == [f"no panels of 2 clips: {reason}; their captions stand"], (
        "one line a job"
    )
    shown = captioner(films[0], panels=True)
    assert shown.extras[FAILED] == reason
    assert subtitles.srt(shown) == subtitles.srt(captioner(films[0]))


def test_a_page_that_fails_leaves_the_captions(
    films: list[Path], silent: FileCaptioner, tmp_path: Path
) -> None:
    (tmp_path / "captions.html" / "mine").mkdir(parents=True)
    job = Job(silent, "html")
    with pytest.raises(PageError, match=r"was not written: IsADirectoryError.*2 captions saved in .*jsonl"):
        job.to_folder(films[:2], job.folder(tmp_path), STILL)
    assert len((tmp_path / "captions.jsonl").read_text().splitlines()) == 2


def test_the_command_says_so_and_goes_on(model: Path, films: list[Path], tmp_path: Path) -> None:
    page = tmp_path / "out" / "captions.html"
    (page / "mine").mkdir(parents=True)
    line = [sys.executable, "-m", "vidcap_core.cli.main", "caption", str(films[0]), "--model", str(model)]

    def call() -> subprocess.CompletedProcess[str]:
        line_out = [*line, "--format", "html", "--out", str(page.parent)]
        return subprocess.run(line_out, capture_output=True, text=True, timeout=120, check=False)

    first = call()
    assert first.returncode == 1
    assert "error: " in first.stderr
    assert "1 caption saved in" in first.stderr
    assert "internal error" not in first.stderr
    (page / "mine").rmdir()
    page.rmdir()
    second = call()
    assert second.returncode == 0, second.stderr
    assert "0 captioned, 1 were finished before" in second.stderr
    assert page.is_file()
