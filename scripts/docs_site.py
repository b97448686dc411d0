"""Build the docs site: `python scripts/docs_site.py --out build/site`, after `pip install -e ".[docs]"`.

The pages are those of the repository: README.md, docs/, the plugins' READMEs with their cards, CHANGELOG.md and more.
They are gathered in one folder, with links between them put right. Zensical builds that folder strictly: a dead link or
a dead anchor ends the build. Each version of vidcap is a folder of --out, which the page's menu lists.

    python scripts/docs_site.py                        build/site/VERSION, and build/site/latest
    python -m http.server -d build/site                look at it
"""

from __future__ import annotations

import argparse
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from method_pages import method_page
from notebook_pages import notebook_page

from vidcap_core.zoo.version import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PROJECT_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
    "SECURITY.md": "reporting.md",
    "metrics/README.md": "scorer.md",
    "changelog.d/README.md": "fragments.md",
}
"""Pages that lie outside of docs/: where each stands on the site."""
LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)]*)?(\))")
FENCE = re.compile(r"^(```.*?^```)", re.DOTALL | re.MULTILINE)


def main() -> int:
    """Gather, build, check; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build" / "site", help="the folder of all versions"
    )
    parser.add_argument("--version", default=__version__, help="the name of this version's folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        gather(Path(folder) / "source")
        built = build(Path(folder))
        if dead := dead_links(built):
            print("these links of the built site lead nowhere:", *dead, sep="\n  ")
            return 1
        publish(built, args.out, args.version)
    print(f"built {args.out / args.version}")
    return 0


def pages() -> dict[str, str]:
    """Each page of the repository, and where it stands on the site."""
    found = dict(PROJECT_PAGES)
    for path in sorted(DOCS.rglob("*.md")):
        inside = path.relative_to(DOCS)
        found[f"docs/{inside}"] = str(inside.with_name("index.md") if inside.name == "README.md" else inside)
    for path in sorted(DOCS.rglob("*.ipynb")):
        inside = path.relative_to(DOCS)
        found[f"docs/{inside}"] = str(inside.with_suffix(".md"))
    for path in sorted(ROOT.glob("plugins/*/README.md")):
        found[str(path.relative_to(ROOT))] = f"methods/{path.parent.name}.md"
    return found


def gather(source: Path) -> None:
    """Write every page into one folder, and the files that they lead to."""
    site = pages()
    for page, target in site.items():
        path = ROOT / page
        if path.suffix == ".ipynb":
            text = notebook_page(path)
            copy(path, source / "files" / page)
        else:
            text = path.read_text(encoding="utf-8")
        if target.startswith("methods/"):
            text = method_page(text, path.parent / "card.yaml")
        written = source / target
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(relinked(text, page, target, site, source), encoding="utf-8")


def relinked(text: str, page: str, target: str, site: dict[str, str], source: Path) -> str:
    """A page's text with links as they are on the site; what is no page is copied to `files/`."""
    here = Path(target).parent

    def link(match: re.Match[str]) -> str:
        opening, where, anchor, closing = match[1], match[2], match[3] or "", match[4]
        if urlsplit(where).scheme:
            return match[0]
        path = os.path.normpath(Path(page).parent / where)
        if path in site and not (path.endswith(".ipynb") and page.endswith(".ipynb")):
            return f"{opening}{os.path.relpath(site[path], here)}{anchor}{closing}"
        name = path if Path(path).suffix else f"{path}.txt"  # so that a browser shows it
        copy(ROOT / path, source / "files" / name)
        return f"{opening}{os.path.relpath(Path('files') / name, here)}{closing}"

    parts = FENCE.split(text)
    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in parts)


def copy(file: Path, to: Path) -> None:
    """A file to its place on the site."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, to)


def build(folder: Path) -> Path:
    """Let Zensical build what was gathered; the folder with the pages."""
    config = tomllib.loads((DOCS / "zensical.toml").read_text(encoding="utf-8"))
    config["project"]["nav"] = [whole(entry, folder / "source") for entry in config["project"]["nav"]]
    (folder / "zensical.toml").write_text(f"project = {toml(config['project'])}\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=folder, check=True)
    return folder / "site"


def whole(entry: Any, source: Path) -> Any:
    """An entry of the menu, in which the name of a folder becomes the pages in it, its index first."""
    if isinstance(entry, dict):
        return {title: whole(value, source) for title, value in entry.items()}
    if isinstance(entry, list):
        return [whole(value, source) for value in entry]
    if entry.endswith(".md"):
        return entry
    found = sorted((source / entry).glob("*.md"), key=lambda path: (path.name != "index.md", path.name))
    return [str(path.relative_to(source)) for path in found]


def toml(value: Any) -> str:
    """Plain data as TOML, in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


class Links(html.parser.HTMLParser):
    """What a page leads to, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links, pictures and anchors."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.targets.add(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def dead_links(site: Path) -> list[str]:
    """Links, pictures and anchors of the built pages that are not there; the builder looks at Markdown alone."""
    read = {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    dead = []
    for page, links in read.items():
        for target in sorted(links.targets):
            parts = urlsplit(target)
            if page.name == "404.html" or parts.scheme or parts.netloc:
                continue
            path = Path(os.path.normpath(page.parent / unquote(parts.path))) if parts.path else page
            file = path / "index.html" if path.is_dir() else path
            anchor = unquote(parts.fragment)
            if not file.is_file() or (anchor and file in read and anchor not in read[file].anchors):
                dead.append(f"{page.relative_to(site)}: {target}")
    return dead


def publish(built: Path, out: Path, version: str) -> None:
    """Put the built pages beside those of other versions; the newest one is `latest`, too."""
    listed = out / "versions.json"
    versions = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else []
    others = [each for each in versions if each["version"] != version]
    for each in others:
        each["aliases"] = []
    for name in (version, "latest"):
        shutil.rmtree(out / name, ignore_errors=True)
        shutil.copytree(built, out / name)
    first = {"version": version, "title": version, "aliases": ["latest"]}
    listed.write_text(json.dumps([first, *others], indent=1) + "\n", encoding="utf-8")
    (out / "index.html").write_text(
        '<meta http-equiv="refresh" content="0; url=latest/">\n', encoding="utf-8"
    )


if __name__ == "__main__":
    sys.exit(main())
