"""The docs site: gathered from the pages of the repository, built strictly, every link of what is built followed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import docs_site
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("site")
    docs_site.gather(made / "source")
    return made


@pytest.fixture(scope="module")
def site(folder: Path) -> Path:
    return docs_site.build(folder)


def test_the_site_is_built_and_every_link_leads_somewhere(site: Path) -> None:
    assert docs_site.dead_links(site) == []


def test_every_page_of_the_repository_is_in_the_menu(site: Path) -> None:
    """From the first page, by links alone; the page on fragments is for those who read the one on contributing."""
    first = docs_site.Links((site / "index.html").read_text(encoding="utf-8"))
    menu = {os.path.normpath(target) for target in first.targets}
    places = {target: target.removesuffix(".md") for target in docs_site.pages().values()}
    places = {target: os.path.normpath(re.sub(r"(^|/)index$", "", place)) for target, place in places.items()}
    unlisted = [target for target, place in places.items() if place not in {*menu, "."}]
    assert unlisted == ["fragments.md"]


def test_every_method_has_a_page_with_its_card(folder: Path) -> None:
    plugins = sorted(path.parent.name for path in ROOT.glob("plugins/*/card.yaml"))
    assert plugins
    for name in plugins:
        page = (folder / "source" / "methods" / f"{name}.md").read_text(encoding="utf-8")
        assert "## The card" in page
        assert "### What was measured" in page


def test_nothing_is_fetched_from_elsewhere_and_there_are_two_themes(site: Path) -> None:
    text = (site / "caption" / "index.html").read_text(encoding="utf-8")
    assert 'src="http' not in text
    assert "fonts.g" not in text
    assert text.count("data-md-color-scheme=") >= 3  # the page, and one a theme
    assert (site / "search.json").is_file()


def test_dead_links_of_a_built_page_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "index.html").write_text('<h1 id="a">A</h1>')
    (tmp_path / "index.html").write_text(
        '<a href="there/#a">1</a> <a href="there/#b">2</a> <a href="gone/">3</a> <img src="no.png">'
        '<a href="https://example.org/x">4</a>'
    )
    assert docs_site.dead_links(tmp_path) == [
        "index.html: gone/",
        "index.html: no.png",
        "index.html: there/#b",
    ]


def test_a_dead_anchor_in_a_page_ends_the_build(tmp_path: Path) -> None:
    docs_site.gather(tmp_path / "source")
    page = tmp_path / "source" / "find.md"
    page.write_text(
        page.read_text(encoding="utf-8") + "\n[x](caption.md#no-such-heading)\n", encoding="utf-8"
    )
    with pytest.raises(docs_site.subprocess.CalledProcessError):
        docs_site.build(tmp_path)


def test_versions_stand_side_by_side(tmp_path: Path) -> None:
    built = tmp_path / "built"
    built.mkdir()
    for version in ("1.0", "1.1", "1.1"):
        (built / "index.html").write_text(version)
        docs_site.publish(built, tmp_path / "out", version)
    assert json.loads((tmp_path / "out" / "versions.json").read_text()) == [
        {"version": "1.1", "title": "1.1", "aliases": ["latest"]},
        {"version": "1.0", "title": "1.0", "aliases": []},
    ]
    shown = {p: (tmp_path / "out" / p / "index.html").read_text() for p in ("1.0", "1.1", "latest")}
    assert shown == {"1.0": "1.0", "1.1": "1.1", "latest": "1.1"}
